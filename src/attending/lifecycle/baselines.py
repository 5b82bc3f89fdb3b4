"""Bedside scores over a cohort: every baseline that a project names, in each of its variants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.lifecycle.engines import engine_over
from attending.scores.registered import SCORES
from attending.statistics.inputs import TooFewOutcomes
from attending.validate.data import Baseline
from attending.validate.recalibrate import recalibrate_score

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from attending.engines.protocol import Engine
    from attending.lifecycle.cohorts import BuiltCohort
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.scores.protocol import Score, Setting
    from attending.specs.model import BaselineAsked
    from attending.types import Floats, Ints, Outcomes
    from attending.validate.data import Knowability

_ROWS = ("subject_id", "encounter_id", "prediction_time", "index_start")
#: A score that takes coded diagnoses is reported in both variants.
_BY_AVAILABILITY = ("lace", "charlson")
_VARIANTS: tuple[tuple[str, str, Knowability], ...] = (
    ("", "knowable", "as knowable"),
    ("_as_coded", "as_coded", "as coded later"),
)


@dataclass(frozen=True)
class Variant:
    """One way to compute a baseline, and the baseline of the plan that it is a variant of."""

    name: str
    of: str
    score: Score
    knowability: Knowability


def variants(asked: BaselineAsked) -> tuple[Variant, ...]:
    """Return the ways in which a baseline is computed: one, or as knowable and as coded later."""
    make: Callable[[Mapping[str, Setting]], Score] = SCORES.get(asked.score)
    if asked.score not in _BY_AVAILABILITY:
        return (Variant(asked.called, asked.called, make(asked.parameters), "as knowable"),)
    return tuple(
        Variant(
            asked.called + suffix,
            asked.called,
            make({**asked.parameters, "availability": availability}),
            knowability,
        )
        for suffix, availability, knowability in _VARIANTS
    )


def totals(score: Score, table: pa.Table, engine: Engine) -> Floats:
    """Return the score of each cohort row, in their order; NaN where it gives none.

    Args:
        score: what is computed.
        table: the cohort table.
        engine: over the snapshot's shards.
    """
    rows = table.select(list(_ROWS)).append_column("row", pa.array(np.arange(table.num_rows)))

    def work(events: pa.Table) -> pa.Table:
        here = pc.is_in(rows["subject_id"], value_set=pc.unique(events["subject_id"]))
        own = rows.filter(here).combine_chunks()
        scored = score.score(events, own.drop_columns(["row"]))
        return pa.table({"row": own["row"], "total": scored["total"]})

    found = engine.map(work, codes=score.codes)
    out = np.full(table.num_rows, np.nan)
    out[found["row"].to_numpy()] = found["total"].to_numpy(zero_copy_only=False)
    return out


def fair_baselines(
    desk: Desk,
    project: Project,
    cohort: BuiltCohort,
    *,
    train: Ints,
    test: Ints,
    outcome: Outcomes,
) -> dict[str, Baseline]:
    """Return every baseline on the test rows, with a probability fitted on the training rows.

    Args:
        desk: where the scores are computed.
        project: whose model.yaml names the scores.
        cohort: the cohort and its snapshot.
        train: rows on which the score gets its probability.
        test: rows that are compared.
        outcome: of all cohort rows.
    """
    engine = engine_over(desk, cohort.source)
    made: dict[str, Baseline] = {}
    for asked in project.model.baselines:
        for variant in variants(asked):
            total = totals(variant.score, cohort.table, engine)
            made[variant.name] = Baseline(
                score=total[test],
                risk=_risk(total, outcome, train=train, test=test),
                label=asked.called.upper().replace("_", "-"),
                knowability=variant.knowability,
                of=variant.of,
            )
    return made


def _risk(total: Floats, outcome: Outcomes, *, train: Ints, test: Ints) -> Floats | None:
    try:
        return recalibrate_score(total[train], outcome[train], score_test=total[test])
    except TooFewOutcomes:
        return None
