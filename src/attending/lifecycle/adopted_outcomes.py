"""What came of the scores of an adopted model: every score with its newest outcome."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from attending.engines.tables import digest_table
from attending.lifecycle.scoring import MADE, contents_of
from attending.records.prediction import OutcomeJoin
from attending.times import parse_instant

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from attending.lifecycle.desk import Desk
    from attending.records.release import Deployment
    from attending.stores.predictions import Observed, Scored

_INSTANT = pa.timestamp("us")
#: The table of `serve.outcomes`.
_JOINED = pa.schema(
    [*MADE, ("label", pa.int8()), ("status", pa.string()), ("matured_at", _INSTANT)]
)


@dataclass(frozen=True)
class Joined:
    """The account and the table of all scores of a version with what came of them.

    Attributes:
        changed: outcomes that were here and are now told otherwise.
    """

    record: OutcomeJoin
    table: pa.Table
    changed: int


def joined(
    desk: Desk,
    stands: Deployment,
    *,
    stored: Sequence[Scored],
    observed: Sequence[Observed],
    file: str,
) -> Joined:
    """Return all scores of a version with what came of them.

    Args:
        desk: where and when.
        stands: the version.
        stored: scores that come now.
        observed: outcomes that come now.
        file: the digest of the file that they come in.
    """
    here = (c for c in contents_of(desk, stands.model) if c["version"] == stands.version)
    known = _known(desk, stands)
    told = {
        (one.subject_id, one.prediction_time.replace(tzinfo=None)): (one.label, one.matured_at)
        for one in observed
    }
    came = known | told
    rows = [_row(one, came) for one in (*here, *(json.loads(one.content) for one in stored))]
    table = pa.Table.from_pylist(rows, schema=_JOINED).sort_by("prediction_time")
    labels = [row["label"] for row in rows if row["label"] is not None]
    record = OutcomeJoin(
        predictions=digest_table(table.select(MADE.names)),
        outcomes=digest_table(table),
        snapshot=file,
        n=len(rows),
        n_matured=len(labels),
        n_events=sum(labels),
        n_immature=len(rows) - len(labels),
        n_censored=0,
        n_competing=0,
        n_lost=0,
        model=stands.model,
        version=stands.version,
    )
    changed = sum(known[key][0] != label for key, (label, _) in told.items() if key in known)
    return Joined(record, table, changed)


def _known(desk: Desk, stands: Deployment) -> dict[tuple[int, datetime], tuple[Any, Any]]:
    """Return the outcomes that are here and when they matured, by patient and time."""
    held = desk.home.predictions.table(stands.model, version=stands.version)
    return {
        (row["subject_id"], row["prediction_time"]): (row["label"], row["matured_at"])
        for row in held.to_pylist()
        if row["label"] is not None
    }


def _row(
    content: dict[str, Any], came: dict[tuple[int, datetime], tuple[Any, Any]]
) -> dict[str, Any]:
    """Return a score as a row of the table."""
    subject, at = int(content["subject_id"]), _naive(content["prediction_time"])
    label, matured = came.get((subject, at), (None, None))
    return {
        **{name: content.get(name) for name in MADE.names},
        "subject_id": subject,
        "prediction_time": at,
        "index_start": _naive(content["index_start"]),
        "label": label,
        "status": "immature" if label is None else "observed",
        "matured_at": matured if matured is None else matured.replace(tzinfo=None),
    }


def _naive(text: str) -> datetime:
    return parse_instant(text).replace(tzinfo=None)
