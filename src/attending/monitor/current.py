"""What a deployed version did lately, read from its tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.monitor.concept import Matured
from attending.monitor.workflow import Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from attending.monitor.code_use import CodeUse
    from attending.monitor.reference import Times
    from attending.monitor.timeliness import Lateness
    from attending.monitor.workflow import Responses
    from attending.records.monitoring import Reference
    from attending.records.skew import SkewReport
    from attending.types import Floats, Mask, Risks

#: The start of every reason by which scope refuses a request.
OUT_OF_SCOPE = "out_of_scope"


@dataclass(frozen=True)
class Current:
    """What a deployed version did: its predictions, their features, and outcomes by now.

    `predictions` is the table of `serve.batch`, `features` the feature table of the same rows in
    the same order; `outcomes` is the table of `serve.outcomes`. `by_site` holds a reference for
    each site that is also watched alone; a pooled test hides one site's broken feed. `risk_of`
    is the model; without it no finding says what it does to the score. `then` are rows that the
    model was validated on, in the order of the reference's features; None where they are gone.
    `skew` is the newest comparison of served inputs, `lateness` counts scores after the action
    window. `codes` counts the codes that came; None where they are not counted. `entered` is when a
    model that others built came in, UTC: no week before that is asked of it.
    """

    model: str
    version: str
    stage: str
    predictions: pa.Table
    features: pa.Table
    outcomes: pa.Table | None = None
    responses: Responses | None = None
    site_responses: Mapping[str, Responses] = field(default_factory=dict)
    by_site: Mapping[str, Reference] = field(default_factory=dict)
    overdue: tuple[str, ...] = ()
    predictions_digest: str | None = None
    outcomes_digest: str | None = None
    risk_of: Callable[[Floats], Risks] | None = None
    then: Floats | None = None
    skew: SkewReport | None = None
    lateness: Lateness | None = None
    codes: CodeUse | None = None
    entered: np.datetime64 | None = None


def micros(table: pa.Table, name: str) -> Times:
    """Return a column of instants as numpy datetime64 in microseconds, NaT where null."""
    instants: Times = (
        table.column(name).cast(pa.timestamp("us")).to_numpy(zero_copy_only=False)
    ).astype("datetime64[us]")
    return instants


def scores(predictions: pa.Table) -> Floats:
    """Return the model's own scores, NaN where it gave none: a fallback is not the model."""
    live = pc.equal(predictions.column("kind"), "live")
    found: Floats = (
        pc.if_else(live, predictions.column("score"), None)
        .to_numpy(zero_copy_only=False)
        .astype(np.float64)
    )
    return found


def refused(predictions: pa.Table) -> Mask:
    """Return which predictions were refused by scope."""
    found: Mask = pc.starts_with(predictions.column("reasons"), OUT_OF_SCOPE).to_numpy(
        zero_copy_only=False
    )
    return found.astype(np.bool_)


def usage(predictions: pa.Table) -> Usage:
    """Return the counts of a window."""
    score = scores(predictions)
    unscored = pc.equal(predictions.column("kind"), "no_score").to_numpy(zero_copy_only=False)
    flagged = predictions.column("flagged").fill_null(fill_value=False)
    out = refused(predictions)
    scored = ~np.isnan(score)
    return Usage(
        asked=predictions.num_rows,
        refused=int(out.sum()),
        unscored=int((unscored & ~out).sum()),
        scored=int(scored.sum()),
        alerted=int((flagged.to_numpy(zero_copy_only=False) & scored).sum()),
    )


def matured_until(outcomes: pa.Table | None, at: np.datetime64) -> Matured:
    """Return mature outcomes of live scores by an instant, one for each stay, as they matured.

    A row without a label or a maturity is left out: not yet known is not "no event". Of several
    predictions in one stay the first counts, because their outcomes are not independent.
    """
    if outcomes is None or outcomes.num_rows == 0:
        none = np.empty(0)
        return Matured(
            none, none.astype(np.int8), none.astype(np.bool_), none.astype("datetime64[us]")
        )
    table = first_matured(outcomes, at)
    flagged = table.column("flagged").fill_null(fill_value=False).to_numpy(zero_copy_only=False)
    return Matured(
        table.column("score").to_numpy(zero_copy_only=False).astype(np.float64),
        table.column("label").to_numpy(zero_copy_only=False).astype(np.int8),
        flagged.astype(np.bool_),
        micros(table, "matured_at"),
        pc.fill_null(table.column("site"), "").to_numpy(zero_copy_only=False),
    )


def first_matured(outcomes: pa.Table, at: np.datetime64) -> pa.Table:
    """Return the rows with an outcome that was known by an instant, the first of each stay."""
    known = pc.and_(
        pc.is_valid(outcomes.column("label")), pc.is_valid(outcomes.column("matured_at"))
    )
    table = outcomes.filter(pc.and_(known, pc.equal(outcomes.column("kind"), "live")))
    return first_of_each_stay(table.filter(pa.array(micros(table, "matured_at") <= at)))


def first_of_each_stay(table: pa.Table) -> pa.Table:
    """Return the first prediction of each stay, or of each subject where the stay is unknown."""
    stay = pc.coalesce(table.column("encounter_id"), pc.negate(table.column("subject_id")))
    keyed = table.append_column("stay", stay).sort_by(
        [("subject_id", "ascending"), ("stay", "ascending"), ("prediction_time", "ascending")]
    )
    ids = keyed.column("stay").to_numpy(zero_copy_only=False)
    first = np.ones(len(ids), np.bool_)
    first[1:] = ids[1:] != ids[:-1]
    kept = keyed.filter(pa.array(first))
    order = [("matured_at", "ascending"), ("subject_id", "ascending"), ("stay", "ascending")]
    return kept.sort_by(order)
