"""Read and write MEDS 0.4: our events are a superset of it, so a round trip loses nothing.

MEDS has one clock. A dataset that we wrote carries the second one, and pseudonyms that stay as they
are; of any other, a row counts as known when it happened, which is assumed and marked so, and a
static fact when the first thing happened to its patient. MEDS has no time zone: it is `floating`.

References:
    Medical-Event-Data-Standard, meds 0.4.1.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from attending.digests import digest_file
from attending.errors import BadInput, NotFound
from attending.ingest.batch import Batch, Origin
from attending.ingest.cells import INSTANT, is_true
from attending.ingest.rows import Rows
from attending.ingest.tables import Truncated
from attending.records.events import BIRTH, EVENTS
from attending.records.snapshot import Availability, SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from attending.ingest.cells import Column
    from attending.ingest.pseudonyms import Pseudonyms

DATASET = "metadata/dataset.json"
CODES = "metadata/codes.parquet"
#: The version of the standard that is written.
MEDS_VERSION = "0.4.1"
#: Columns that are MEDS' own; all others of the event table are extensions.
STANDARD = ("subject_id", "time", "code", "numeric_value", "text_value")
EXTENSIONS = tuple(name for name in EVENTS.names if name not in STANDARD)
#: What we say of ourselves in the dataset's file.
OURS = "attending"
_ROW_GROUP_ROWS = 131_072


def describe(folder: Path) -> Origin:
    """Return what a dataset says of itself.

    Raises:
        BadInput: `metadata/dataset.json` is not a JSON object.
        NotFound: there are no data files.
    """
    about = _about(folder)
    ours = about.get(OURS, {})
    files = [
        SourceFile(name=str(path.relative_to(folder)), digest=digest_file(path))
        for path in (*_data_files(folder), folder / DATASET)
        if path.is_file()
    ]
    return Origin(
        system=str(ours.get("source_system") or about.get("dataset_name") or "meds"),
        version=str(ours.get("source_version") or about.get("dataset_version") or "0.4"),
        time_zone=str(ours.get("time_zone", "floating")),
        site_zones=dict(ours.get("site_zones", {})),
        synthetic=bool(ours.get("synthetic", False)),
        seed=ours.get("seed"),
        files=tuple(files),
    )


def read(folder: Path, *, keys: Pseudonyms) -> Iterator[Batch]:
    """Iterate over the data files, one batch each; a subject stands in one file.

    Raises:
        BadInput: a column is missing or has another type.
        Truncated: a file is cut short.
    """
    about = _about(folder)
    ours, assumed = OURS in about, bool(about.get(OURS, {}).get("availability_assumed"))
    first = 0
    for path in _data_files(folder):
        name = str(path.relative_to(folder))
        table = _typed(_table(path, name=name), name=name)
        rows = Rows("meds", "data", table, first_row=first)
        first += table.num_rows
        if not ours:
            rows.drop_repeated()
        yield _kept(rows, assumed=assumed) if ours else _foreign(rows, keys=keys)


def _kept(rows: Rows, *, assumed: bool) -> Batch:
    """Return what we once wrote: ids are pseudonyms already, and both clocks are there."""
    events = rows.events(**{name: rows.table[name] for name in EVENTS.names})
    rule = Availability(table=rows.name, rule="recorded", assumed=assumed, rows=rows.left)
    return rows.batch([events], [rule])


def _foreign(rows: Rows, *, keys: Pseudonyms) -> Batch:
    table = rows.table
    told = rows.has("known_at")
    known = table["known_at"] if told else pc.coalesce(table["time"], _first_time(table))
    columns = {name: table[name] for name in EVENTS.names if rows.has(name)}
    columns |= {
        "subject_id": keys.subject(table["subject_id"].cast(pa.string())),
        "known_at": known,
        "source": "meds/data",
        "source_row": rows.named(),
    }
    if rows.has("encounter_id"):
        columns["encounter_id"] = keys.encounter(table["encounter_id"].cast(pa.string()))
    rule = Availability(
        table=rows.name, rule="recorded" if told else "same", assumed=not told, rows=rows.left
    )
    return rows.batch([rows.events(**columns)], [rule])


def _first_time(table: pa.Table) -> Column:
    """Return when the first thing that is no birth happened to the patient of each row."""
    lived = is_true(table["time"].is_valid()) & ~is_true(pc.equal(table["code"], BIRTH))
    some = table.select(["subject_id", "time"]).filter(pa.array(lived))
    firsts = some.group_by("subject_id").aggregate([("time", "min")])
    place = pc.index_in(table["subject_id"], value_set=firsts["subject_id"].combine_chunks())
    return firsts["time_min"].take(place).cast(INSTANT)


def _typed(table: pa.Table, *, name: str) -> pa.Table:
    """Return the columns of the event table that a file has, in their types."""
    for column in ("subject_id", "time", "code"):
        if column not in table.column_names:
            raise BadInput(
                f"the column '{column}' is missing",
                code="ingest.missing_column",
                hint="MEDS data need subject_id, time and code.",
                where=name,
            )
    made = {}
    for item in EVENTS:
        if item.name in table.column_names:
            wanted = pa.string() if item.name in {"encounter_id", "source_row"} else item.type
            made[item.name] = _cast(table[item.name], wanted, f"{name}: {item.name}")
    values = made.get("numeric_value")
    if values is not None:
        made["numeric_value"] = pc.if_else(pc.is_finite(values), values, None)
    return pa.table(made)


def _cast(column: Column, wanted: pa.DataType, where: str) -> Column:
    try:
        return column.cast(wanted)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise BadInput(
            f"got the type {column.type}, expected {wanted}",
            code="ingest.column_type",
            hint="Align the file with the schema of MEDS first.",
            where=where,
        ) from error


def _table(path: Path, *, name: str) -> pa.Table:
    try:
        # Not by the reader of whole folders: it takes words of a path for columns.
        with pq.ParquetFile(path) as file:
            return file.read()
    except (pa.ArrowInvalid, OSError) as error:
        raise Truncated("the Parquet file has no footer or is damaged", where=name) from error


def _data_files(folder: Path) -> list[Path]:
    found = sorted((folder / "data").glob("**/*.parquet"))
    if not found:
        raise NotFound(
            "there are no Parquet files under data/",
            code="ingest.missing_file",
            hint="Name the root of a MEDS dataset: the folder that holds data/ and metadata/.",
            where=folder.name,
        )
    return found


def _about(folder: Path) -> Any:  # noqa: ANN401 - JSON
    path = folder / DATASET
    if not path.is_file():
        return {}
    try:
        about = json.loads(path.read_bytes())
    except ValueError:
        about = None
    if not isinstance(about, dict) or not isinstance(about.get(OURS, {}), dict):
        raise BadInput("expected a JSON object", code="ingest.dataset", where=DATASET)
    return about


def write(shards: Iterable[Iterable[pa.Table]], out: Path, *, about: dict[str, Any]) -> int:
    """Return how many rows were written as a MEDS dataset into an empty folder.

    Args:
        shards: the events of each shard, in canonical order: by subject, static facts first.
        out: an empty folder.
        about: further fields of `dataset.json`.
    """
    (out / "data").mkdir()
    (out / "metadata").mkdir()
    codes: set[str] = set()
    rows = 0
    for number, tables in enumerate(shards):
        with pq.ParquetWriter(out / "data" / f"{number}.parquet", EVENTS) as writer:
            for table in tables:
                whole = table.cast(EVENTS)
                writer.write_table(whole, row_group_size=_ROW_GROUP_ROWS)
                codes.update(whole["code"].unique().to_pylist())
                rows += whole.num_rows
    pq.write_table(pa.table({"code": pa.array(sorted(codes), pa.string())}), out / CODES)
    dataset = {
        "meds_version": MEDS_VERSION,
        "site_id_columns": ["site"],
        "raw_source_id_columns": ["encounter_id"],
        "other_extension_columns": [
            name for name in EXTENSIONS if name not in {"site", "encounter_id"}
        ],
    }
    text = json.dumps(dataset | about, indent=2, sort_keys=True)
    (out / DATASET).write_text(text + "\n", encoding="utf-8")
    return rows


def check_order(table: pa.Table) -> bool:
    """Return whether subjects stand together and each one's times never go back, nulls first.

    >>> times = pa.array([None, 3, 5, 1], pa.timestamp("us"))
    >>> check_order(pa.table({"subject_id": [1, 1, 1, 2], "time": times}))
    True
    >>> check_order(pa.table({"subject_id": [1, 2, 1, 2], "time": times}))
    False
    """
    subject = np.asarray(table["subject_id"], dtype=np.int64)
    least = int(np.iinfo(np.int64).min)
    time = np.asarray(pc.fill_null(table["time"].cast(pa.int64()), least), dtype=np.int64)
    same = subject[1:] == subject[:-1]
    together = int((~same).sum()) + 1 == len(np.unique(subject)) if len(subject) else True
    return bool(together and not (same & (time[1:] < time[:-1])).any())
