"""Hand a snapshot to other software: as a MEDS dataset."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from attending import __version__
from attending.engines.local import Wanted, pieces
from attending.errors import BadInput
from attending.ingest import meds
from attending.lifecycle.desk import note
from attending.records.events import EVENTS
from attending.records.ledger import Subject
from attending.times import format_instant

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.ingesting import Held


def export_meds(desk: Desk, source: Held, out: Path) -> int:
    """Return how many events were written as MEDS; the ledger says who took them out.

    Args:
        desk: where, when, and who.
        source: the snapshot.
        out: a folder that is not there yet.

    Raises:
        BadInput: the folder is there already.
    """
    if out.exists():
        raise BadInput(
            f"{out.name} is there already",
            code="export.exists",
            hint="Name a folder that is not there yet.",
        )
    snapshot = source.snapshot
    wanted = Wanted(codes=None, columns=tuple(EVENTS.names))
    about = {
        "dataset_name": snapshot.source_system,
        "dataset_version": snapshot.source_version,
        "etl_name": "attending",
        "etl_version": __version__,
        "created_at": format_instant(desk.at),
        meds.OURS: {
            "snapshot": source.digest,
            "source_system": snapshot.source_system,
            "source_version": snapshot.source_version,
            "time_zone": snapshot.time_zone,
            "site_zones": dict(snapshot.site_zones),
            "synthetic": snapshot.synthetic,
            "seed": snapshot.seed,
            "availability_assumed": any(one.assumed for one in snapshot.availability),
        },
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".meds-", dir=out.parent))
    try:
        rows = meds.write((pieces(path, wanted) for path in source.shards), scratch, about=about)
        scratch.rename(out)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    with desk.home.database.transaction() as unit:
        subject = Subject(kind=snapshot.kind, digest=source.digest)
        note(desk, unit, action="snapshot.export", subject=subject, details={"events": rows})
    return rows
