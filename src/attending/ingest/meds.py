"""Read a MEDS dataset. One of ours comes back as it was; another has one clock, and that is told.

In a dataset that others made, patients get pseudonyms of this home, and a row without `known_at`
counts as known when it happened: that is assumed, and marked so. A static fact counts from the
first event of its patient.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.digests import digest_file
from attending.errors import BadInput, NotFound
from attending.ingest.batch import ASIDE, DRAFT, Batch, Origin
from attending.ingest.cells import INSTANT, Column, is_true
from attending.ingest.files import ordinary
from attending.ingest.meds_format import DATA, ETL, KNOWN, read_dataset
from attending.ingest.parquet_blocks import opened_parquet, parquet_blocks
from attending.ingest.rows import aside_table
from attending.records.events import EVENTS
from attending.records.snapshot import Availability, SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from attending.ingest.pseudonyms import Pseudonyms

TABLE = "data"
_NEEDED = ("subject_id", "time", "code")


def describe(folder: Path) -> Origin:
    """Return what the dataset says of itself.

    Raises:
        NotFound: it has no dataset.json or no data.
        BadInput: its dataset.json cannot be read.
    """
    said = read_dataset(folder)
    ours = said.get("attending") if said.get("etl_name") == ETL else None
    own = ours if isinstance(ours, dict) else {}
    return Origin(
        system=str(said.get("dataset_name") or "meds"),
        version=str(said.get("dataset_version") or "unknown"),
        time_zone=str(own.get("time_zone") or "floating"),
        site_zones=_zones(own.get("site_zones")),
        synthetic=bool(own.get("synthetic")),
        files=tuple(
            SourceFile(name=str(path.relative_to(folder)), digest=digest_file(path))
            for path in _files(folder)
        ),
    )


def read(folder: Path, *, keys: Pseudonyms) -> Iterator[Batch]:
    """Iterate over the files of data.

    Raises:
        NotFound: there is none.
        BadInput: a file has not the columns of MEDS.
        Truncated: a file ends too early.
    """
    said = read_dataset(folder)
    ours = said.get("attending") if said.get("etl_name") == ETL else None
    start = 0
    for path in _files(folder):
        table = pa.concat_tables(_tables(path, where=str(path.relative_to(folder))))
        if isinstance(ours, dict):
            yield _own(table, ours, first=start == 0)
        else:
            yield _foreign(table, keys, start=start)
        start += table.num_rows


def _files(folder: Path) -> list[Path]:
    files = [ordinary(folder, path) for path in sorted((folder / DATA).rglob("*.parquet"))]
    if not files:
        raise NotFound(
            "the dataset has no data/*.parquet",
            code="ingest.missing_file",
            hint="Name the root of the dataset, the folder above data/ and metadata/.",
        )
    return files


def _tables(path: Path, *, where: str) -> Iterator[pa.Table]:
    yield pa.schema([item.with_nullable(True) for item in EVENTS]).empty_table()  # noqa: FBT003 - arrow's own signature
    with opened_parquet(path, where=where) as file:
        there = file.schema_arrow.names
    for name in _NEEDED:
        if name not in there:
            raise BadInput(
                f"the column '{name}' is missing", code="ingest.missing_column", where=where
            )
    ours = [name for name in EVENTS.names if name in there]
    for block in parquet_blocks(path, ours, where=where):
        columns = {}
        for name in EVENTS.names:
            wanted = EVENTS.field(name).type
            columns[name] = (
                _cast(block[name], wanted, name=name, where=where)
                if name in there
                else pa.chunked_array([pa.nulls(block.num_rows, wanted)])
            )
        yield pa.table(columns)


def _zones(said: object) -> dict[str, str]:
    zones = said if isinstance(said, dict) else {}
    return {str(site): str(zone) for site, zone in zones.items()}


def _cast(column: Column, wanted: pa.DataType, *, name: str, where: str) -> Column:
    try:
        return column.cast(wanted)
    except pa.ArrowMemoryError:
        raise  # too little memory says nothing of the file
    except pa.ArrowException:
        raise BadInput(
            f"the column '{name}' is {column.type}, expected {wanted}",
            code="ingest.column_type",
            hint="Align the files with the schema of MEDS first.",
            where=where,
        ) from None


def _draft(table: pa.Table, *, start: int) -> pa.Table:
    row = pa.array(np.arange(start, start + table.num_rows))
    return table.append_column("row", row).select(DRAFT.names).cast(DRAFT)


def _own(table: pa.Table, ours: dict[str, Any], *, first: bool) -> Batch:
    """Return rows that we wrote: nothing in them is made again."""
    try:
        rules = [Availability.model_validate(one) for one in ours.get("availability", ())]
    except (TypeError, ValueError):
        raise BadInput(
            "what the dataset says of availability cannot be read",
            code="ingest.manifest",
            hint="Ask the source for the dataset again, as it was written.",
            where="metadata/dataset.json: attending.availability",
        ) from None
    place = table.schema.get_field_index("source")
    source = pc.fill_null(table["source"], f"meds/{TABLE}")
    return Batch(
        table=TABLE,
        rows_in=table.num_rows,
        events=_draft(table.set_column(place, "source", source), start=0),
        aside=ASIDE.empty_table(),
        availability=tuple(rules) if first else (),
    )


def _foreign(table: pa.Table, keys: Pseudonyms, *, start: int) -> Batch:
    recorded = is_true(table["known_at"].is_valid())
    lone = pa.chunked_array([pa.nulls(table.num_rows, INSTANT)])
    happened = pc.coalesce(table["time"], _first_of_each(table))
    names = pa.array([f"{number}" for number in range(start, start + table.num_rows)])
    value = table["numeric_value"]
    infinite = is_true(pc.invert(pc.is_finite(pc.fill_null(value, 0.0))))
    value = pc.if_else(pa.array(infinite), pa.scalar(None, value.type), value)
    made = {
        **{name: table[name] for name in KNOWN},
        "subject_id": keys.subject(table["subject_id"].cast(pa.string())),
        "numeric_value": value,
        "unit": table["unit"],
        "known_at": pc.coalesce(table["known_at"], happened),
        "superseded_at": lone,
        "encounter_id": keys.encounter(table["encounter_id"].cast(pa.string())),
        "source": pa.repeat(pa.scalar(f"meds/{TABLE}"), table.num_rows),
        "source_row": names,
        "site": table["site"],
    }
    whole = pa.table({name: made[name] for name in EVENTS.names})
    empty = is_true(table["code"].is_null()) | is_true(table["subject_id"].is_null())
    draft = _draft(whole, start=start)
    bad = pa.array(empty)
    aside = aside_table(
        f"meds/{TABLE}",
        named=names.filter(bad),
        code=whole["code"].filter(bad),
        reason="no_code",
        row=draft["row"].filter(bad),
    )
    assumed = int((~recorded & ~empty).sum())
    rules = [("same", True, assumed), ("recorded", False, table.num_rows - assumed)]
    return Batch(
        table=TABLE,
        rows_in=table.num_rows,
        events=draft.filter(pc.invert(bad)),
        aside=aside,
        availability=tuple(
            Availability(table=TABLE, rule=rule, assumed=guess, rows=rows)
            for rule, guess, rows in rules
            if rows
        ),
    )


def _first_of_each(table: pa.Table) -> Column:
    """Return for every row the first time of its patient."""
    firsts = (
        table.select(["subject_id", "time"]).group_by("subject_id").aggregate([("time", "min")])
    )
    place = pc.index_in(table["subject_id"], value_set=firsts["subject_id"].combine_chunks())
    return firsts["time_min"].take(place)
