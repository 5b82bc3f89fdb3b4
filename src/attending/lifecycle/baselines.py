"""Bedside scores over a cohort: every baseline that a project names, in each of its variants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.documents.in_print import printed_score
from attending.errors import BadInput, did_you_mean
from attending.features.derive import Operand, derive
from attending.lifecycle.engines import engine_over
from attending.records.events import EVENTS
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
    from attending.scores.about import About
    from attending.scores.protocol import Score, Setting
    from attending.specs.expression import Expression
    from attending.specs.model import BaselineAsked
    from attending.types import Floats, Ints, Outcomes
    from attending.validate.data import Knowability

_ROWS = ("subject_id", "encounter_id", "prediction_time", "index_start")
#: A score that takes coded diagnoses is reported in both.
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


#: What a score cannot be made without, for showing what it is.
_SHOWN_WITH: dict[str, dict[str, Setting]] = {"recorded": {"code": "PHYSIONET2012//SAPS-I"}}


def registered() -> dict[str, About]:
    """Return what every bedside score says of itself, by name.

    >>> registered()["lace"].version
    'LACE-2010'
    """
    return {name: make(_SHOWN_WITH.get(name, {})).about for name, make in SCORES.items()}


def variants(asked: BaselineAsked) -> tuple[Variant, ...]:
    """Return the ways in which a score is computed: one, or as knowable and as coded later.

    A baseline that is a rule has none: it is made from features.
    """
    if asked.rule is not None:
        return ()
    make: Callable[[Mapping[str, Setting]], Score] = SCORES.get(asked.score)
    plain = make(asked.parameters)
    if not plain.by_availability:
        return (Variant(asked.called, asked.called, plain, "as knowable"),)
    return tuple(
        Variant(
            asked.called + suffix,
            asked.called,
            make({**asked.parameters, "availability": availability}),
            knowability,
        )
        for suffix, availability, knowability in _VARIANTS
    )


def scored(score: Score, table: pa.Table, engine: Engine) -> pa.Table:
    """Return a score's table for all cohort rows, in their order.

    A patient without any event of the score's codes is scored too: from no events.

    Args:
        score: what is computed.
        table: the cohort table.
        engine: over the snapshot's shards.
    """
    rows = table.select(list(_ROWS)).append_column("row", pa.array(np.arange(table.num_rows)))

    def work(events: pa.Table) -> pa.Table:
        here = pc.is_in(rows["subject_id"], value_set=pc.unique(events["subject_id"]))
        own = rows.filter(here).combine_chunks()
        found = score.score(events, own.drop_columns(["row"]))
        return found.append_column("row", own["row"])

    found = engine.map(work, codes=score.codes)
    others = rows.filter(pc.invert(pc.is_in(rows["row"], value_set=found["row"])))
    rest = score.score(EVENTS.empty_table(), others.drop_columns(["row"]))
    whole = pa.concat_tables([found, rest.append_column("row", others["row"])])
    return whole.sort_by("row").drop_columns(["row"])


def totals(score: Score, table: pa.Table, engine: Engine) -> Floats:
    """Return the score of each cohort row, in their order; NaN where it gives none."""
    found = scored(score, table, engine)["total"]
    return np.asarray(pc.fill_null(found, np.nan).to_numpy(), dtype=np.float64)


def fair_baselines(  # noqa: PLR0913 - where, what, and which rows for what
    desk: Desk,
    project: Project,
    cohort: BuiltCohort,
    *,
    train: Ints,
    test: Ints,
    outcome: Outcomes,
    features: pa.Table | None = None,
) -> dict[str, Baseline]:
    """Return every baseline on the test rows, with a probability fitted on the training rows.

    Args:
        desk: where the scores are computed.
        project: whose model.yaml names the scores.
        cohort: the cohort and its snapshot.
        train: rows on which the score gets its probability.
        test: rows that are compared.
        outcome: of all cohort rows.
        features: the feature table of the cohort, from which rules are made.

    Raises:
        BadInput: a rule reads a feature that is not there.
    """
    engine = engine_over(desk, cohort.source)
    decides = {item.name for item in project.validation.baselines if item.decision}
    made: dict[str, Baseline] = {}
    for asked in project.model.baselines:
        for variant in variants(asked):
            total = totals(variant.score, cohort.table, engine)
            made[variant.name] = Baseline(
                score=total[test],
                risk=None
                if variant.of in decides
                else _risk(total, outcome, train=train, test=test),
                label=printed_score(asked.called),
                knowability=variant.knowability,
                of=variant.of,
                decision=variant.of in decides,
            )
        if asked.rule is not None and features is not None:
            total = rule_values(asked.rule, features)
            decision = asked.called in decides
            made[asked.called] = Baseline(
                score=total[test],
                risk=None if decision else _risk(total, outcome, train=train, test=test),
                label=asked.called.replace("_", " "),
                decision=decision,
            )
    return made


def rule_values(rule: Expression, features: pa.Table) -> Floats:
    """Return what a rule gives on every row of a feature table; NaN where a feature is missing.

    Raises:
        BadInput: a feature that the rule reads is not in the table.

    >>> from attending.specs.expression import Expression
    >>> table = pa.table({"visits": [1.0, 3.0, None]})
    >>> rule_values(Expression(op="at_least", of=("visits", 2)), table).tolist()
    [0.0, 1.0, nan]
    """
    unknown = [name for name in rule.names if name not in features.column_names]
    if unknown:
        raise BadInput(
            f"got feature '{unknown[0]}' in the rule of a baseline, which features.yaml lacks",
            code="baseline.unknown_feature",
            hint=did_you_mean(unknown[0], features.column_names),
            where="model.yaml",
        )

    def operand(name: str) -> Operand:
        column = features[name].combine_chunks().cast(pa.float64())
        values = column.to_numpy(zero_copy_only=False)
        return Operand(values, np.zeros(len(values), np.uint8), None, None)

    return derive(rule, operand, features.num_rows).values


def _risk(total: Floats, outcome: Outcomes, *, train: Ints, test: Ints) -> Floats | None:
    try:
        return recalibrate_score(total[train], outcome[train], score_test=total[test])
    except TooFewOutcomes:
        return None
