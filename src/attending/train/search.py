"""Look for better parameters within the training rows: seeded, nested in time, every trial kept."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput
from attending.models.newton import rounded
from attending.records.run import SearchFacts, SearchFold, Trial
from attending.specs.search import Span
from attending.statistics.auroc import auroc
from attending.statistics.brier import brier
from attending.statistics.log_loss import log_loss
from attending.times import from_micros
from attending.train.candidate import all_settings, estimate, in_order, known_of
from attending.train.later import folds_of, latest_part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.models.protocol import Setting
    from attending.specs.model import CandidateSpec
    from attending.specs.search import SearchSpec
    from attending.train.candidate import Table
    from attending.train.later import Gaps, Parted
    from attending.types import Ints

_LEAST = 5
#: Of a fold's earlier rows, the share that may stop a trial early.
_STOPPING_SHARE = 0.2
_MEASURES = {"log_loss": log_loss, "brier": brier, "auroc": auroc}
#: A risk of 0 or 1 that is wrong would cost without end.
_FLOOR = 1e-12


@dataclass(frozen=True)
class Found:
    """The candidate with the best parameters, and what was tried to find them."""

    asked: CandidateSpec
    facts: SearchFacts | None


def searched(table: Table, asked: CandidateSpec, *, train: Ints, gaps: Gaps) -> Found:
    """Return a candidate after its search; one without a search comes back as it is.

    Only `train` rows are looked at. The first of equally good trials wins.

    Args:
        table: all rows.
        asked: the candidate.
        train: the rows that it will be fitted on.
        gaps: what must lie between earlier and later rows.

    Raises:
        BadInput: a fold with fewer than 5 of either outcome, or a parameter out of range.
    """
    search = asked.search
    if search is None:
        return Found(asked, None)
    folds = folds_of(table.rows, train, count=search.folds, gaps=gaps, seed=table.spec.seed)
    for fold in folds:
        _check_filled(table, fold)
    trials = [
        _tried(table, asked.model_copy(update={"parameters": tried}), folds=folds, gaps=gaps)
        for tried in trials_of(search, dict(asked.parameters), seed=table.spec.seed)
    ]
    means = [trial.mean if search.measure == "auroc" else -trial.mean for trial in trials]
    best = int(np.argmax(means))
    facts = SearchFacts(
        method=search.method,
        measure=search.measure,
        folds=tuple(_fold_facts(table, fold) for fold in folds),
        trials=tuple(trials),
        best=best,
    )
    return Found(asked.model_copy(update={"parameters": trials[best].parameters}), facts)


def trials_of(
    search: SearchSpec, written: dict[str, Setting], *, seed: int
) -> list[dict[str, Setting]]:
    """Return the parameters of each trial; the first are those that were written.

    >>> from attending.specs.search import SearchSpec
    >>> asked = SearchSpec(method="grid", over={"l2": (1.0, 9.0)})
    >>> trials_of(asked, {"knots": 3}, seed=1)
    [{'knots': 3}, {'knots': 3, 'l2': 1.0}, {'knots': 3, 'l2': 9.0}]
    """
    names = sorted(search.over)
    if search.method == "grid":
        lists = [_listed(search, name) for name in names]
        tried = [dict(zip(names, values, strict=True)) for values in itertools.product(*lists)]
    else:
        drawn = np.random.default_rng([seed, 5])
        tried = [
            {name: _drawn(search, name, drawn) for name in names} for _ in range(search.trials - 1)
        ]
    return [written, *({**written, **values} for values in tried)]


def _listed(search: SearchSpec, name: str) -> tuple[Setting, ...]:
    choices = search.over[name]
    return () if isinstance(choices, Span) else choices


def _drawn(search: SearchSpec, name: str, drawn: np.random.Generator) -> Setting:
    choices = search.over[name]
    if not isinstance(choices, Span):
        return choices[int(drawn.integers(len(choices)))]
    if choices.whole:
        low, high = math.ceil(choices.low), math.floor(choices.high)
        edges = (math.log(low), math.log(high + 1)) if choices.scale == "log" else (low, high + 1)
        at = float(drawn.uniform(*edges))
        return min(int(math.exp(at) if choices.scale == "log" else at), high)
    if choices.scale == "log":
        value = math.exp(float(drawn.uniform(math.log(choices.low), math.log(choices.high))))
    else:
        value = float(drawn.uniform(choices.low, choices.high))
    # Four digits are what a person would write, and what the record holds.
    return float(f"{value:.4g}")


def _tried(table: Table, asked: CandidateSpec, *, folds: Sequence[Parted], gaps: Gaps) -> Trial:
    scores = rounded(np.array([_score(table, asked, fold=fold, gaps=gaps) for fold in folds]))
    mean = float(rounded(np.array([scores.mean()]))[0])
    return Trial(parameters=dict(asked.parameters), scores=tuple(scores.tolist()), mean=mean)


def _score(table: Table, asked: CandidateSpec, *, fold: Parted, gaps: Gaps) -> float:
    """Return the measure on the later rows of a fold, of a fit on the earlier ones."""
    search = asked.search
    earlier, tuning = fold.earlier, np.empty(0, dtype=np.int64)
    settings = all_settings(table, asked)
    if settings.get("early_stopping_rounds"):
        parted = latest_part(
            table.rows, earlier, share=_STOPPING_SHARE, gaps=gaps, seed=table.spec.seed
        )
        _check_filled(table, parted)
        earlier, tuning = parted.earlier, parted.later
    earlier, tuning = in_order(table.rows, earlier), in_order(table.rows, tuning)
    known = known_of(table, earlier)
    fitted, x = estimate(table, asked, at=(earlier, tuning), known=known, settings=settings)
    judged = in_order(table.rows, fold.later)
    risk = np.clip(fitted.risk(x[judged]), _FLOOR, 1.0 - _FLOOR)
    measure = _MEASURES[search.measure if search else "log_loss"]
    return float(measure(table.y[judged], risk))


def _check_filled(table: Table, fold: Parted) -> None:
    for side, at in (("fits on", fold.earlier), ("is judged on", fold.later)):
        events = int(table.y[at].sum())
        if min(events, len(at) - events) < _LEAST:
            raise BadInput(
                f"a fold of the search {side} {events} events in {len(at)} rows, expected at"
                f" least {_LEAST} of each outcome",
                code="search.too_few",
                hint="Ask for fewer folds, or write the parameters without a search.",
                where="model.yaml: search",
            )


def _fold_facts(table: Table, fold: Parted) -> SearchFold:
    return SearchFold(
        begins=None if fold.begins is None else from_micros(fold.begins),
        fit_rows=len(fold.earlier),
        judge_rows=len(fold.later),
        judge_events=int(table.y[fold.later].sum()),
    )
