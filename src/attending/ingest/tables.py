"""Read a source's table with every cell as text, and refuse one that was cut short or altered."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.csv as pa_csv

from attending.digests import digest_file, short
from attending.errors import BadInput, NotFound, Refused, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

#: Row counts at which other software stops without a word.
SUSPICIOUS_COUNTS = (65_535, 65_536, 1_048_575, 1_048_576)
_WHOLE = "Fetch the whole extract again; nothing of it was taken in."


class Truncated(Refused):
    """A file was cut short or altered: the whole batch is refused."""

    default_code = "ingest.truncated"

    def __init__(self, message: str, *, where: str) -> None:
        super().__init__(message, hint=_WHOLE, where=where)


def require(folder: Path, name: str, *, of: str) -> Path:
    """Return the path of a file that a source must have.

    Raises:
        NotFound: the folder or the file is not there.
    """
    if not folder.is_dir():
        raise NotFound(
            f"there is no folder {folder.name}",
            code="ingest.missing_folder",
            hint=f"Name the folder of the {of} files.",
        )
    path = folder / name
    if not path.is_file():
        raise NotFound(
            f"{of} needs the file {name}, which is not there",
            code="ingest.missing_file",
            hint=f"Put {name} into the folder, or ingest another kind of source.",
            where=name,
        )
    return path


def checked_digest(path: Path, expected: str | None, *, name: str) -> str:
    """Return the digest of a file after comparing it with the one its source states.

    Raises:
        Truncated: they differ.
    """
    got = digest_file(path)
    if expected is not None and got != expected:
        raise Truncated(
            f"the file is cut short or altered: expected digest {short(expected)}, "
            f"got {short(got)}",
            where=name,
        )
    return got


def read_text_table(path: Path, columns: Sequence[str], *, name: str) -> tuple[pa.Table, int]:
    """Return the named columns as text, and how many lines had another number of cells.

    Raises:
        BadInput: no such column, or the file is not a table of text.
        Truncated: compressed bytes end before the file does.
    """
    odd_lines = 0

    def skip(_row: pa_csv.InvalidRow) -> str:
        nonlocal odd_lines
        odd_lines += 1
        return "skip"

    _check_header(path, columns, name=name)
    try:
        table = pa_csv.read_csv(
            path,
            parse_options=pa_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=skip),
            convert_options=pa_csv.ConvertOptions(
                include_columns=list(columns),
                column_types=dict.fromkeys(columns, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid as error:
        raise BadInput(
            "the file is not a table of UTF-8 text", code="ingest.not_a_table", where=name
        ) from error
    except (OSError, EOFError) as error:
        raise Truncated("the compressed file ends too early", where=name) from error
    return table, odd_lines


def _check_header(path: Path, columns: Sequence[str], *, name: str) -> None:
    header = _first_line(path, name=name)
    for column in columns:
        if column not in header:
            raise BadInput(
                f"the column '{column}' is missing",
                code="ingest.missing_column",
                hint=did_you_mean(column, header),
                where=name,
            )


def _first_line(path: Path, *, name: str) -> list[str]:
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as stream:
            line = stream.readline(1 << 16)
    except (OSError, EOFError) as error:
        raise Truncated("the compressed file ends too early", where=name) from error
    text = line.decode("utf-8-sig", errors="replace").strip()
    return [cell.strip('"') for cell in text.split(",")]
