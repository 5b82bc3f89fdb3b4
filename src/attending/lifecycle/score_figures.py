"""How bedside scores lie over a cohort: totals, and how complete their inputs were."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from attending.errors import BadInput
from attending.lifecycle.baselines import scored, variants
from attending.lifecycle.engines import engine_over
from attending.specs.outcome_type import UNIT_MEAN

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from attending.lifecycle.baselines import Variant
    from attending.lifecycle.cohorts import BuiltCohort
    from attending.lifecycle.desk import Desk
    from attending.specs.model import BaselineAsked

#: Where the middle of a distribution is looked at.
_QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class ScoreFigures:
    """One score in one variant over a cohort.

    Attributes:
        name, version: what the plan calls it, and the score's own name.
        knowability: `as knowable` or `as coded later`.
        rows: predictions; scored: those that got a total.
        totals: total -> how many predictions.
        quantiles: least, quarter, median, three quarters, greatest; empty without a total.
        mean: of the totals; None without one.
        completeness: mean share of components whose input was there.
        complete: predictions with every input.
        missing: component -> predictions in which its input was missing.
    """

    name: str
    version: str
    knowability: str
    rows: int
    scored: int
    totals: dict[str, int]
    quantiles: tuple[float, ...]
    mean: float | None
    completeness: float
    complete: int
    missing: dict[str, int]

    def content(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)


def scores_among(asked: Sequence[BaselineAsked]) -> tuple[BaselineAsked, ...]:
    """Return the baselines that are scores: a unit's mean is learnt from training rows instead.

    Raises:
        BadInput: there are baselines, and none is a score.
    """
    found = tuple(one for one in asked if one.score != UNIT_MEAN)
    if asked and not found:
        raise BadInput(
            "the only baseline is the unit's mean, which is no score of a patient",
            code="score.unit_mean",
            hint="It stands in the validation report; name a score with --score.",
            where="model.yaml: baselines",
        )
    return found


def score_figures(
    desk: Desk, cohort: BuiltCohort, asked: Sequence[BaselineAsked]
) -> list[ScoreFigures]:
    """Return the figures of every asked score, in each of its variants.

    Args:
        desk: where the scores are computed.
        cohort: the cohort and its snapshot.
        asked: scores with their parameters.
    """
    engine = engine_over(desk, cohort.source)
    return [
        _figures(variant, scored(variant.score, cohort.table, engine))
        for one in asked
        for variant in variants(one)
    ]


def _figures(variant: Variant, table: pa.Table) -> ScoreFigures:
    totals = np.asarray(table["total"].drop_null().to_numpy(), dtype=np.float64)
    values, counts = np.unique(totals, return_counts=True)
    complete = np.asarray(table["completeness"].to_numpy(), dtype=np.float64)
    by_value = zip(values, counts, strict=True)
    return ScoreFigures(
        name=variant.name,
        version=variant.score.name,
        knowability=variant.knowability,
        rows=table.num_rows,
        scored=len(totals),
        totals={f"{value:g}": int(count) for value, count in by_value},
        quantiles=tuple(float(found) for found in np.quantile(totals, _QUANTILES))
        if len(totals)
        else (),
        mean=round(float(totals.mean()), 6) if len(totals) else None,
        completeness=round(float(complete.mean()), 6) if len(complete) else 0.0,
        complete=int((complete == 1.0).sum()),
        missing={
            name: int(np.asarray(table[f"missing_{name}"].to_numpy()).sum())
            for name in variant.score.components
        },
    )
