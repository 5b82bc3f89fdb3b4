"""Gates on documents and codes: notes signed late, documents that only the outcome brought about.

Facts without a unit of measure are written by people: notes, orders, codes. They are held to a
lower share of the not-yet-known than results are, since what is written late is written knowing
more.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.contract.codes import matching
from attending.contract.leakage import newest_rows
from attending.contract.row_gates import COUNTS, OF_STAYS, named
from attending.records.gates import GateFinding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.contract.leakage import FeatureUse
    from attending.types import Ints, Mask

LATE_NOTE = "leak.late_note"
POST_OUTCOME = "leak.post_outcome_document"
#: From this share on: newest document not signed, or signed only after the outcome.
LATE_LIMIT, POST_LIMIT = 0.4, 0.2
_LEAST = 20
_REASONS = {
    LATE_NOTE: "at {figure:.0%} of {rows} predictions the newest document in the window was not "
    "yet signed",
    POST_OUTCOME: "in {figure:.0%} of {rows} patients with the outcome the newest document in the "
    "window was written only after the outcome",
}
_HINT = "Read the document's time of signing, an earlier window, or leave the feature out."


def partial_documents(
    events: pa.Table, predictions: pa.Table, *, features: Sequence[FeatureUse]
) -> pa.Table:
    """Return, for one shard, how often the newest document was signed late or after the outcome.

    Args:
        events: the rows of the features' codes.
        predictions: subject_id, encounter_id, prediction_time and label_time, which is null
            without the event.
        features: what to look at.

    Returns:
        Counts that add up over shards.
    """
    own = predictions.filter(
        pc.is_in(predictions["subject_id"], value_set=pc.unique(events["subject_id"]))
    )
    parts = [COUNTS.empty_table()]
    for (codes, window_us), alike in groupby(features, key=lambda one: (one.codes, one.window_us)):
        rows = events.filter(matching(events["code"], codes))
        rows = rows.filter(pc.and_(rows["time"].is_valid(), rows["unit"].is_null()))
        for prefix in OF_STAYS:
            rows = rows.filter(pc.invert(pc.starts_with(rows["code"], prefix)))
        row, at = newest_rows(rows, own, window_us=window_us)
        known = _ints(rows["known_at"])[row]
        due = _ints(own["prediction_time"])[at]
        outcome = _ints(pc.fill_null(own["label_time"].cast(pa.int64()), -1))[at]
        after = (known >= outcome)[(outcome > due)]
        counts = pa.concat_tables([_count(LATE_NOTE, known > due), _count(POST_OUTCOME, after)])
        parts.extend(named(counts, feature.name) for feature in alike)
    return pa.concat_tables(parts).combine_chunks()


def judge_documents(
    partials: pa.Table, *, features: Sequence[FeatureUse]
) -> tuple[GateFinding, ...]:
    """Return the finding of both gates on every feature."""
    whole = partials.combine_chunks()
    return tuple(
        _judge(gate, feature.name, whole, limit=limit)
        for gate, limit in ((LATE_NOTE, LATE_LIMIT), (POST_OUTCOME, POST_LIMIT))
        for feature in features
    )


def _judge(gate: str, feature: str, partials: pa.Table, *, limit: float) -> GateFinding:
    own = partials.filter(
        pc.and_(pc.equal(partials["gate"], gate), pc.equal(partials["feature"], feature))
    )
    hits, rows = (int(pc.sum(own[name]).as_py() or 0) for name in ("hits", "rows"))
    figure = hits / rows if rows >= _LEAST else 0.0
    refused = figure >= limit
    return GateFinding(
        gate=gate,
        feature=feature,
        answer="refused" if refused else "met",
        whose="data_scientist",
        figure=round(figure, 6),
        limit=limit,
        rows=rows,
        reason=_REASONS[gate].format(figure=figure, rows=rows) if refused else "",
        hint=_HINT if refused else "",
    )


def _count(gate: str, hit: Mask) -> pa.Table:
    row = {"gate": gate, "feature": "", "bucket": 0}
    row |= {"hits": int(hit.sum()), "rows": len(hit)}
    return pa.Table.from_pylist([row], schema=COUNTS)


def _ints(column: pa.ChunkedArray) -> Ints:
    return np.asarray(column.cast(pa.int64()), dtype=np.int64)
