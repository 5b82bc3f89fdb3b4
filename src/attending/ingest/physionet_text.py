"""Read PhysioNet 2012 as it is published: a file of text for each stay, named by its record.

The challenge gives `set-a.zip` (or `set-a.tar.gz`), which unpacks to a folder `set-a` of files
`132539.txt`, and `Outcomes-a.txt` beside it. Both stand in one folder here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from attending.errors import BadInput, NotFound
from attending.ingest.cells import numbers
from attending.ingest.files import ordinary
from attending.ingest.tables import read_text_table

if TYPE_CHECKING:
    from pathlib import Path

#: The folder that the archive unpacks to; the files may also stand beside the outcomes.
FOLDER = "set-a"
_COLUMNS = ("Time", "Parameter", "Value")
SCHEMA = pa.schema(
    {"RecordID": pa.string(), "Time": pa.string(), "Parameter": pa.string(), "Value": pa.float64()}
)


def stay_files(folder: Path, *, packed: str) -> list[Path]:
    """Return the files of a set's stays, by their record.

    Args:
        folder: what was named.
        packed: the one file that would hold all stays instead.

    Raises:
        NotFound: there is none.
        Refused: one is a link to something outside the folder.
    """
    for place in (folder / FOLDER, folder):
        found = [path for path in place.glob("*.txt") if path.stem.isdecimal()]
        if found:
            return [ordinary(folder, path) for path in sorted(found, key=_record)]
    raise NotFound(
        f"PhysioNet 2012 set-a needs a file of text for each stay ({FOLDER}/132539.txt), or all of "
        f"them as {packed}; neither is there",
        code="ingest.missing_file",
        hint="Unpack set-a.zip of https://physionet.org/content/challenge-2012/1.0.0/ into the "
        "folder that holds Outcomes-a.txt, and name that folder.",
        where=packed,
    )


def stays(folder: Path, *, packed: str) -> tuple[pa.Table, int]:
    """Return the rows of all stays, and how many lines had another number of cells.

    A value that is no number is null.

    Raises:
        NotFound: there is no file of a stay.
        BadInput: a file is no table of text, or speaks of another record than its name.
    """
    parts, odd = [SCHEMA.empty_table()], 0
    for path in stay_files(folder, packed=packed):
        name = str(path.relative_to(folder))
        table, lines = read_text_table(path, _COLUMNS, name=name)
        record = _record(path)
        _require_own(table, record, name=name)
        made = [pa.repeat(str(record), table.num_rows), table["Time"], table["Parameter"]]
        parts.append(pa.Table.from_arrays([*made, numbers(table["Value"])], schema=SCHEMA))
        odd += lines
    return pa.concat_tables(parts).combine_chunks(), odd


def _record(path: Path) -> int:
    return int(path.stem)


def _require_own(table: pa.Table, record: int, *, name: str) -> None:
    first = table.slice(0, 1)
    said = first["Parameter"].to_pylist(), numbers(first["Value"]).to_pylist()
    if said != (["RecordID"], [record]):
        raise BadInput(
            "the file does not begin with the RecordID that it is named by",
            code="ingest.wrong_record",
            hint="Fetch the whole set again; nothing of it was taken in.",
            where=name,
        )
