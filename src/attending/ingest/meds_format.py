"""The Medical Event Data Standard (MEDS): its files, and what of ours it has no column for.

References:
    MEDS 0.4, DataSchema and CodeMetadataSchema.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from attending import __version__
from attending.digests import canonical
from attending.errors import NotFound
from attending.ingest.files import ordinary, read_said
from attending.records.events import EVENTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from attending.records.snapshot import Snapshot

MEDS_VERSION = "0.4.1"
ETL = "attending"
DATA, DATASET, CODES = "data", "metadata/dataset.json", "metadata/codes.parquet"
#: Columns that MEDS knows; all others of ours are extensions, which it allows.
KNOWN = ("subject_id", "time", "code", "numeric_value", "text_value")
EXTENSIONS = tuple(name for name in EVENTS.names if name not in KNOWN)
_CODES = pa.schema(
    [
        pa.field("code", pa.string(), nullable=False),
        pa.field("description", pa.string()),
        pa.field("parent_codes", pa.list_(pa.string())),
    ]
)


def write_meds(shards: Iterable[pa.Table], snapshot: Snapshot, folder: Path) -> int:
    """Return how many events were written as a MEDS dataset.

    `known_at`, `superseded_at`, units, stays and lineage go along as extension columns, so that
    nothing is lost; a reader that knows only MEDS sees one clock and must not train on it.

    Args:
        shards: events of whole patients in canonical order, a file each.
        snapshot: what they come from.
        folder: an empty folder.
    """
    about = {
        "snapshot": snapshot.digest,
        "time_zone": snapshot.time_zone,
        "site_zones": dict(snapshot.site_zones),
        "synthetic": snapshot.synthetic,
        "naming": dict(snapshot.naming),
        "availability": [item.model_dump(mode="json") for item in snapshot.availability],
    }
    name, version = snapshot.source_system, snapshot.source_version
    return write_events(shards, folder, name=name, version=version, about=about)


def write_events(
    shards: Iterable[pa.Table], folder: Path, *, name: str, version: str, about: Mapping[str, Any]
) -> int:
    """Return how many events were written as a MEDS dataset of ours.

    Args:
        shards: events of whole patients in canonical order, a file each.
        folder: an empty folder.
        name: of the dataset.
        version: of the dataset.
        about: what `ingest meds` of ours reads of it: zones, whether it is synthetic, availability.
    """
    (folder / DATA).mkdir()
    (folder / "metadata").mkdir()
    rows, codes = 0, set()
    for number, events in enumerate(shards):
        pq.write_table(
            events.select(EVENTS.names).cast(EVENTS), folder / DATA / f"{number}.parquet"
        )
        codes |= set(pc.unique(events["code"]).to_pylist())
        rows += events.num_rows
    named = [{"code": code, "description": None, "parent_codes": None} for code in sorted(codes)]
    pq.write_table(pa.Table.from_pylist(named, schema=_CODES), folder / CODES)
    (folder / DATASET).write_bytes(canonical(_dataset(name, version, about)))
    return rows


def _dataset(name: str, version: str, about: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "dataset_name": name,
        "dataset_version": version,
        "etl_name": ETL,
        "etl_version": __version__,
        "meds_version": MEDS_VERSION,
        "code_modifier_columns": ["unit"],
        "site_id_columns": ["site"],
        "raw_source_id_columns": ["encounter_id"],
        "other_extension_columns": ["known_at", "superseded_at", "source", "source_row"],
        "attending": dict(about),
    }


def read_dataset(folder: Path) -> dict[str, Any]:
    """Return what a MEDS dataset says of itself.

    Raises:
        NotFound: there is no metadata/dataset.json.
        BadInput: it is not JSON.
    """
    path = folder / DATASET
    if not path.exists():
        raise NotFound(
            f"a MEDS dataset needs {DATASET}, which is not there",
            code="ingest.missing_file",
            hint="Name the root of the dataset, the folder above data/ and metadata/.",
            where=DATASET,
        )
    return read_said(ordinary(folder, path), name=DATASET)
