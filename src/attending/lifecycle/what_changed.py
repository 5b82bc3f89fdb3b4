"""What readers are told for 14 days after a change: version, stage, threshold, words, features."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from attending.errors import AttendingError
from attending.lifecycle.decided_thresholds import decided_thresholds
from attending.lifecycle.plans import signed_plan
from attending.records.run import Run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.plans import SignedPlan
    from attending.records.release import Deployment
    from attending.specs.release import ReleaseSpec

TOLD_FOR = timedelta(days=14)
_READ = ("limited", "live")


def notices(desk: Desk, model: str) -> tuple[str, ...]:
    """Return what changed for readers of a model in the last 14 days, newest first."""
    history = [one for one in desk.home.deployments.history(model) if one.stage in _READ]
    told = [
        f"{one.version} since {one.effective_at:%Y-%m-%d}: {'; '.join(words)}."
        for before, one in zip([None, *history], history, strict=False)
        if desk.at - TOLD_FOR <= one.effective_at <= desk.at
        if (words := list(_changes(desk, before, one)))
    ]
    return tuple(reversed(told))


def _changes(desk: Desk, before: Deployment | None, now: Deployment) -> Iterator[str]:
    if before is None:
        yield f"first shown, in stage {now.stage}"
        return
    if before.version != now.version:
        yield f"instead of {before.version}"
    if before.stage != now.stage:
        yield f"stage {now.stage} instead of {before.stage}"
    if before.serves != now.serves:
        yield f"answers with the {now.serves} instead of the {before.serves}"
    if before.run != now.run:
        yield from _of_models(desk, before.run, now.run)
    plans = _plan(desk, before), _plan(desk, now)
    yield from _of_plans(*(one.spec if one else None for one in plans))
    yield from _of_places(*(_places(desk, *one) for one in zip((before, now), plans, strict=True)))


def _of_models(desk: Desk, before: str, now: str) -> Iterator[str]:
    """Yield what differs between two runs; of a model that was adopted nothing inside is known."""
    kinds = {desk.home.catalog.content(one)["kind"] for one in (before, now)}
    if kinds == {Run.kind}:
        yield from _of_runs(*(desk.home.catalog.get(one, Run) for one in (before, now)))
    else:
        yield "another model, built elsewhere"


def _of_runs(before: Run, now: Run) -> Iterator[str]:
    if before.feature_set != now.feature_set:
        yield "other features"
    if before.calibration != now.calibration:
        yield "recalibrated"


def _of_plans(before: ReleaseSpec | None, now: ReleaseSpec | None) -> Iterator[str]:
    if before is None or now is None:
        return
    if before.threshold != now.threshold:
        yield f"threshold {_said(now)} instead of {_said(before)}"
    if [one.wording for one in before.delivery] != [one.wording for one in now.delivery]:
        yield "other words of the alert"
    if before.responses != now.responses:
        yield "another response to an alert"
    if before.snooze != now.snooze:
        yield "other rules for putting an alert off"


def _said(plan: ReleaseSpec) -> str:
    return "as validated" if plan.threshold.value is None else f"{plan.threshold.value:g}"


def _places(desk: Desk, stands: Deployment, plan: SignedPlan | None) -> dict[str, float]:
    return {} if plan is None else decided_thresholds(desk, stands, plan=plan)[1]


def _of_places(before: dict[str, float], now: dict[str, float]) -> Iterator[str]:
    for place in sorted(before.keys() | now.keys()):
        was, found = (
            f"{one[place]:g}" if place in one else "none of its own" for one in (before, now)
        )
        if was != found:
            yield f"threshold of {place}: {found} instead of {was}"


def plan_of(desk: Desk, stands: Deployment) -> ReleaseSpec | None:
    """Return the spec of the signed plan of a deployment, None where it does not stand."""
    plan = _plan(desk, stands)
    return plan.spec if plan else None


def _plan(desk: Desk, stands: Deployment) -> SignedPlan | None:
    """Return the signed plan of a deployment, None where it does not stand any longer."""
    try:
        return signed_plan(desk, stands)
    except AttendingError:
        return None
