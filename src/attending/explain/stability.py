"""Do explanations hold: measured again, a day earlier, for similar patients, for other fits?

An explanation that changes then says more about noise than about the patient. Whatever falls short
of what validation.yaml asks stops the model at the clinical sign-off.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput
from attending.explain.agreement import Agreed, agreed
from attending.explain.measured_again import Errors, measured_again
from attending.explain.nearest import EACH, neighbours
from attending.explain.removal import removal
from attending.explain.shown import all_factors, same_things, weighs_nothing, weights
from attending.models.concepts import groups_of
from attending.records.explanation import (
    Agreement,
    ConceptShown,
    InputsWeighed,
    KeptInput,
    StabilityReport,
)
from attending.specs.explanations import ExplanationsAsked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.explain.measured_again import MeasuredAgain
    from attending.models.bundle import Bundle
    from attending.models.concepts import Groups
    from attending.models.protocol import Matrix
    from attending.records.explanation import Removal, SameThing, ShownFeature
    from attending.specs.explanations import Comparison
    from attending.types import Ints

DRAWS = 20
#: Fewer patients with a counterpart show nothing.
_FEWEST = 20
#: From this share of refused fits on, fitting again has shown that there is nothing to fit.
_REFUSED = 0.25


@dataclass(frozen=True)
class Rows:
    """The patients that are tried, and the others beside them.

    Attributes:
        x: shape (n, p), patients drawn from the test.
        subject: shape (n,), whose rows they are.
        others: shape (m, p), all rows of the test.
        other_subject: shape (m,).
        earlier: shape (k, p), the same patients 24 h before; None when that cannot be asked.
        earlier_of: shape (k,), which row of `x` each is.
    """

    x: Matrix
    subject: Ints
    others: Matrix
    other_subject: Ints
    earlier: Matrix | None = None
    earlier_of: Ints | None = None


@dataclass(frozen=True)
class Refits:
    """The same model fitted again on samples of its patients.

    Attributes:
        bootstrap: on patients drawn with replacement.
        halves: pairs, each on one half of the patients and on the other.
        beside: with a shadow of each feature after the features.
        refused: how many fits training refused.
        absent: why there are none, in words; empty when they were made.
    """

    bootstrap: Sequence[Bundle] = ()
    halves: Sequence[tuple[Bundle, Bundle]] = ()
    beside: Sequence[Bundle] = ()
    refused: int = 0
    absent: str = ""


@dataclass(frozen=True)
class _Trial:
    """One trial of one model: what is asked, the factors, and their shares of the patients."""

    bundle: Bundle
    rows: Rows
    refits: Refits
    plan: ExplanationsAsked
    seed: int
    groups: Groups

    @cached_property
    def shares(self) -> Matrix:
        """Return the factors' shares of the patients."""
        return self.of(self.bundle, self.rows.x)

    def of(self, bundle: Bundle, x: Matrix) -> Matrix:
        """Return shares by factor, without the base; the factors are those of the model tried."""
        return bundle.shares(x, self.groups)


def stability(
    bundle: Bundle,
    rows: Rows,
    refits: Refits,
    *,
    seed: int,
    asked: ExplanationsAsked | None = None,
) -> StabilityReport:
    """Return whether explanations hold, and what falls short.

    Args:
        bundle: the model.
        rows: of patients that it was not fitted on.
        refits: the model on samples of its own patients.
        seed: of errors and draws.
        asked: validation.yaml's part `explanations`.

    Raises:
        BadInput: no rows.
    """
    if not len(rows.x):
        raise BadInput("got no rows", code="explain.stability", hint="Give one patient or more.")
    plan = asked or ExplanationsAsked()
    trial = _Trial(bundle, rows, refits, plan, seed, bundle.groups)
    factors = all_factors(
        trial.shares,
        trial.groups.names,
        _half_shares(trial),
        beside=weights(refits.beside, rows.x, trial.groups, seed=seed),
        top=plan.top,
    )
    shown = tuple(one for one in factors if one.shown >= plan.shown_to)
    seldom = tuple(one for one in factors if one.shown < plan.shown_to and weighs_nothing(one))
    pairs = same_things(bundle, shown, most=plan.same_thing)
    gone = removal(bundle, rows.x, trial.groups, others=rows.others, seed=seed, asked=plan.removal)
    return _report(trial, _again(trial), shown=shown, seldom=seldom, pairs=pairs, gone=gone)


def _report(
    trial: _Trial,
    again: MeasuredAgain,
    *,
    shown: tuple[ShownFeature, ...],
    seldom: tuple[ShownFeature, ...],
    pairs: tuple[SameThing, ...],
    gone: Removal,
) -> StabilityReport:
    plan, n = trial.plan, len(trial.rows.x)
    held = _compared(trial, again)
    inputs = _inputs(seldom, plan=plan, refits=trial.refits)
    noise = (*_no_direction(shown, plan=plan), *_no_weight(shown), *_idle(seldom, plan=plan))
    reasons = (*_short(held, refits=trial.refits), *noise, *_twice(pairs))
    if gone.outcome == "failed":
        reasons = (*reasons, "other features move the score as much as the named factors do")
    unshown = inputs.outcome == "not_shown" or any(one.outcome == "not_shown" for one in held)
    jaccard = again.agreed.jaccard
    return StabilityReport(
        patients=n,
        draws=DRAWS,
        top=plan.top,
        seed=trial.seed,
        relative_error=plan.error,
        mean_jaccard=float(jaccard.mean()),
        low_jaccard=float(np.quantile(jaccard, 0.1)),
        same_first=again.same_first,
        mean_risk_change=again.risk_change,
        threshold=plan.measurement_error.jaccard,
        steady=bool(jaccard.mean() >= plan.measurement_error.jaccard),
        comparisons=held,
        by_feature=_by_feature(trial),
        concepts=tuple(
            ConceptShown(name=one.name, features=one.features) for one in trial.bundle.concepts
        ),
        shown=shown,
        seldom=seldom,
        inputs=inputs,
        same_things=pairs,
        removal=gone,
        fits_refused=trial.refits.refused,
        reasons=reasons,
        outcome="failed" if reasons else "not_shown" if unshown else "met",
    )


def _again(trial: _Trial) -> MeasuredAgain:
    errors = Errors(trial.seed, trial.plan.error, DRAWS)
    return measured_again(
        trial.bundle, trial.rows.x, trial.groups, errors=errors, top=trial.plan.top
    )


def _compared(trial: _Trial, again: MeasuredAgain) -> tuple[Agreement, ...]:
    n = len(trial.rows.x)
    return (
        _judged("measurement_error", again.agreed, plan=trial.plan, patients=n, draws=DRAWS),
        _day_earlier(trial),
        _nearest(trial),
        _bootstrap(trial),
        _halves(trial),
    )


def _by_feature(trial: _Trial) -> tuple[Agreement, ...]:
    """Return the comparisons of single features, where readers see concepts."""
    if not trial.bundle.concepts:
        return ()
    single = replace(trial, groups=groups_of(trial.bundle.names, ()))
    return _compared(single, _again(single))


def _day_earlier(trial: _Trial) -> Agreement:
    rows = trial.rows
    if rows.earlier is None or rows.earlier_of is None or len(rows.earlier_of) < _FEWEST:
        return _absent("day_earlier", "too few patients were there 24 h earlier", trial.plan)
    before = trial.of(trial.bundle, rows.earlier)
    found = agreed(trial.shares[rows.earlier_of], before, top=trial.plan.top)
    return _judged("day_earlier", found, plan=trial.plan, patients=len(before), draws=1)


def _nearest(trial: _Trial) -> Agreement:
    rows = trial.rows
    found = neighbours(
        trial.bundle,
        rows.x,
        rows.others,
        subject=rows.subject,
        other_subject=rows.other_subject,
        seed=trial.seed,
    )
    if len(found.patient) < _FEWEST:
        return _absent("nearest_patients", "too few other patients at the same risk", trial.plan)
    mine = np.repeat(trial.shares[found.patient], EACH, axis=0)
    near, chance = (
        agreed(mine, trial.of(trial.bundle, rows.others[at.ravel()]), top=trial.plan.top)
        for at in (found.near, found.chance)
    )
    return _judged(
        "nearest_patients", near, plan=trial.plan, patients=len(found.patient), draws=EACH
    ).model_copy(update={"by_chance": float(chance.jaccard.mean())})


def _bootstrap(trial: _Trial) -> Agreement:
    fits = trial.refits.bootstrap
    if not fits:
        return _absent("bootstrap_refits", _why(trial.refits), trial.plan)
    found = [agreed(trial.shares, trial.of(fit, trial.rows.x), top=trial.plan.top) for fit in fits]
    n = len(trial.rows.x)
    return _judged("bootstrap_refits", _mean(found), plan=trial.plan, patients=n, draws=len(fits))


def _halves(trial: _Trial) -> Agreement:
    pairs = _half_shares(trial)
    if not pairs:
        return _absent("half_refits", _why(trial.refits), trial.plan)
    found = [agreed(one, other, top=trial.plan.top) for one, other in pairs]
    n = len(trial.rows.x)
    return _judged("half_refits", _mean(found), plan=trial.plan, patients=n, draws=len(pairs))


def _half_shares(trial: _Trial) -> list[tuple[Matrix, Matrix]]:
    x = trial.rows.x
    return [(trial.of(one, x), trial.of(other, x)) for one, other in trial.refits.halves]


def _why(refits: Refits) -> str:
    return refits.absent or "training refused every fit on a sample"


def _mean(found: Sequence[Agreed]) -> Agreed:
    return Agreed(*(np.mean(part, axis=0) for part in zip(*found, strict=True)))


def _judged(
    name: Comparison, found: Agreed, *, plan: ExplanationsAsked, patients: int, draws: int
) -> Agreement:
    """Return one comparison with its answer."""
    asked = plan.asked_of(name)
    means = [float(part.mean()) for part in found]
    least = (asked.jaccard, asked.sign, asked.rank)
    enough = all(one >= other for one, other in zip(means, least, strict=True))
    left_out = plan.leave_out.get(name, "")
    return Agreement(
        name=name,
        patients=patients,
        draws=draws,
        jaccard=means[0],
        low_jaccard=float(np.quantile(found.jaccard, 0.1)),
        sign=means[1],
        rank=means[2],
        asked=least,
        outcome="left_out" if left_out else "met" if enough else "failed",
        reason=left_out,
    )


def _absent(name: Comparison, reason: str, plan: ExplanationsAsked) -> Agreement:
    asked = plan.asked_of(name)
    left_out = plan.leave_out.get(name, "")
    return Agreement(
        name=name,
        patients=0,
        draws=0,
        asked=(asked.jaccard, asked.sign, asked.rank),
        outcome="left_out" if left_out else "not_shown",
        reason=left_out or reason,
    )


def _short(held: tuple[Agreement, ...], *, refits: Refits) -> tuple[str, ...]:
    """Return in words which comparisons fell short."""
    said = [_SAID[one.name] for one in held if one.outcome == "failed"]
    tried = len(refits.bootstrap) + 2 * len(refits.halves) + refits.refused
    if tried and refits.refused / tried >= _REFUSED:
        said.append(f"training refused {refits.refused} fits on samples for having no signal")
    return tuple(said)


_SAID = {
    "measurement_error": "other factors lead when values move by their measurement error",
    "day_earlier": "other factors lead for the same patient a day earlier",
    "nearest_patients": "similar patients at the same risk get other factors",
    "bootstrap_refits": "fits on samples of the same patients give other factors",
    "half_refits": "fits on two halves of the patients do not agree",
}


def _no_direction(shown: tuple[ShownFeature, ...], *, plan: ExplanationsAsked) -> tuple[str, ...]:
    if "half_refits" in plan.leave_out:
        return ()
    return tuple(
        f"{one.feature} is shown to {100 * one.shown:.0f} % of patients, and fits on others "
        "do not agree which way it pushes"
        for one in shown
        if one.direction is not None and one.direction < plan.direction
    )


def _no_weight(shown: tuple[ShownFeature, ...]) -> tuple[str, ...]:
    return tuple(
        f"{one.feature} is shown to {100 * one.shown:.0f} % of patients, and the model gives as "
        "much weight to values dealt at random"
        for one in shown
        if weighs_nothing(one)
    )


def _idle(seldom: tuple[ShownFeature, ...], *, plan: ExplanationsAsked) -> tuple[str, ...]:
    if plan.weighed == "shown":
        return ()
    idle = [one.feature for one in seldom if one.feature not in plan.kept]
    if len(idle) > 1:
        said = f"{len(idle)} inputs ({'; '.join(idle)}) get no more weight from the model than "
        return (f"{said}values dealt at random: take them out, or say in the plan why they stay",)
    return tuple(
        f"{one} is an input, and the model gives as much weight to values dealt at random: "
        "take it out, or say in the plan why it is kept"
        for one in idle
    )


def _inputs(
    seldom: tuple[ShownFeature, ...], *, plan: ExplanationsAsked, refits: Refits
) -> InputsWeighed:
    """Return whether every input weighs more than chance; of old plans, that it was not asked."""
    if plan.weighed == "shown":
        return InputsWeighed(asked="shown", outcome="left_out", reason=plan.weighed_reason)
    if not refits.beside:
        return InputsWeighed(asked="all", outcome="not_shown", reason=_why(refits))
    idle = [one.feature for one in seldom]
    return InputsWeighed(
        asked="all",
        outcome="failed" if set(idle) - set(plan.kept) else "met",
        kept=tuple(KeptInput(name=it, reason=plan.kept[it]) for it in idle if it in plan.kept),
    )


def _twice(pairs: tuple[SameThing, ...]) -> tuple[str, ...]:
    return tuple(
        f"{one.first} and {one.second} say the same (rank correlation {one.correlation:.2f}), and "
        "which of them is named is arbitrary"
        for one in pairs
    )
