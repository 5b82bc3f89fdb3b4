"""Where a version stands: it advances by a gate's decision, and goes back by a signed act."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from attending.errors import BadInput, Refused
from attending.records.release import Deployment
from attending.specs.release import STAGES
from attending.times import DAY, to_micros

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from attending.records.governance import GateDecision
    from attending.specs.release import Fallback, Stage
    from attending.types import Instant

#: A decision speaks of the day it was made; after this long the gate is asked again.
DECISION_KEEPS = 7 * DAY
#: Stages in which a version answers, seen or unseen.
SERVING: tuple[Stage, ...] = ("silent", "limited", "live")


def begin(model: str, run: str, *, artifacts: dict[str, str], at: Instant, by: str) -> Deployment:
    """Return the deployment of a run that has just been fitted: a prototype without a version."""
    return Deployment(
        model=model,
        version="",
        stage="prototype",
        run=run,
        artifacts=dict(sorted(artifacts.items())),
        act="begin",
        serves="none",
        effective_at=at,
        by=by,
    )


def advance(
    current: Deployment | None, decision: GateDecision, *, to: Stage, at: Instant, by: str
) -> Deployment:
    """Return the deployment one stage further, which only an allowing decision can give.

    The version number and the release plan are given with `numbered` and `planned`.

    Args:
        current: where the version stands.
        decision: of the gate before `to`, for this very run.
        to: the stage to enter.
        at: when.
        by: a person's id.

    Raises:
        Refused: nothing stands here, the gate said no, or the decision is for another model, run
            or stage, or is too old; or the version is out of service.
    """
    if current is None:
        raise Refused(
            "there is nothing to advance", code="release.nothing", hint="Fit a model first."
        )
    _check_decision(current, decision, to=to, at=at)
    if current.serves == "none" and current.stage in SERVING:
        raise Refused(
            "this version is disabled", code="release.disabled", hint="Enable it first, signed."
        )
    answers = "version" if to in SERVING else "none"
    return _next(
        current,
        {"stage": to, "decision": decision.digest, "act": "advance", "serves": answers},
        at=at,
        by=by,
    )


def numbered(deployment: Deployment, version: str) -> Deployment:
    """Return a deployment that enters *trained* with the version number it was given.

    Raises:
        Refused: it has a number, or is not entering *trained*.
    """
    if deployment.version or deployment.stage != "trained":
        raise Refused(
            "a version number is given once, on entering trained", code="release.version_given"
        )
    return Deployment.model_validate({**deployment.model_dump(), "version": version})


def planned(deployment: Deployment, release_spec: str) -> Deployment:
    """Return a deployment bound to the digest of its release plan."""
    return Deployment.model_validate({**deployment.model_dump(), "release_spec": release_spec})


def rollback(
    history: Sequence[Deployment],
    fallback: Fallback | None,
    *,
    at: Instant,
    by: str,
    reason: str,
) -> tuple[Deployment, ...]:
    """Return the acts that take back the version that answers now.

    It falls to *validated* and must pass its gates again. The version that answered before it
    answers once more; when there is none, the agreed fallback score does, or nothing.

    Args:
        history: every deployment of the model, oldest first.
        fallback: what the release plan names; None when it names nothing.
        at: when.
        by: a person's id.
        reason: one sentence.

    Raises:
        BadInput: no reason.
        Refused: no version answers readers now.
    """
    _check_reason(reason)
    now = answering(history)
    if now is None:
        raise Refused("no version answers now", code="release.nothing", hint="See release status.")
    rest = [item for item in history if item.version != now.version]
    before = answering(rest)
    serves = "fallback" if before is None and fallback and fallback.kind == "score" else "none"
    change = {"act": "rollback", "serves": serves, "decision": None, "reason": reason}
    down = _next(now, {**change, "stage": "validated"}, at=at, by=by)
    if before is None:
        return (down,)
    return (down, _next(before, {**change, "serves": "version"}, at=at, by=by))


def disable(current: Deployment, *, at: Instant, by: str, reason: str) -> Deployment:
    """Return a version that answers nobody from now on, at once and without a gate.

    Raises:
        BadInput: no reason.
        Refused: it is not in service.
    """
    _check_reason(reason)
    if current.stage not in SERVING or current.serves == "none":
        raise Refused("this version is not in service", code="release.not_serving")
    return _next(current, {"act": "disable", "serves": "none", "reason": reason}, at=at, by=by)


def enable(current: Deployment, *, at: Instant, by: str, reason: str) -> Deployment:
    """Return a disabled version that answers again, in the stage that it had.

    A version that was rolled back must pass its gate again instead.

    Raises:
        BadInput: no reason.
        Refused: it was not disabled.
    """
    _check_reason(reason)
    if current.act != "disable":
        raise Refused(
            "only a disabled version is enabled",
            code="release.not_disabled",
            hint="After a rollback, advance a new version.",
        )
    return _next(current, {"act": "enable", "serves": "version", "reason": reason}, at=at, by=by)


def retire(current: Deployment, *, at: Instant, by: str, reason: str) -> Deployment:
    """Return a version that is retired for good.

    Raises:
        BadInput: no reason.
        Refused: it is retired already.
    """
    _check_reason(reason)
    if current.stage == "retired":
        raise Refused("this version is retired", code="release.retired")
    change = {"act": "retire", "stage": "retired", "serves": "none", "reason": reason}
    return _next(current, change, at=at, by=by)


def answering(history: Sequence[Deployment]) -> Deployment | None:
    """Return the deployment that answers readers now: limited or live, and in service.

    Where two versions could answer, it is the one that was put there last.

    Args:
        history: every deployment of the model, oldest first.
    """
    place = {item.digest: at for at, item in enumerate(history)}
    here = [
        item
        for item in standing(history).values()
        if item.stage in {"limited", "live"} and item.serves == "version"
    ]
    return max(here, key=lambda item: place[item.digest], default=None)


def readers_get(history: Sequence[Deployment]) -> Literal["version", "fallback", "none"]:
    """Return what readers get now: a version's score, the fallback's, or none.

    Args:
        history: every deployment of the model, oldest first.
    """
    if answering(history) is not None:
        return "version"
    ended = (item for item in reversed(history) if item.act in {"rollback", "disable", "retire"})
    last = next(ended, None)
    return "fallback" if last is not None and last.serves == "fallback" else "none"


def standing(history: Sequence[Deployment]) -> dict[str, Deployment]:
    """Return the last deployment of every version, by version."""
    return {item.version: item for item in history}


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise BadInput("this act needs a reason", code="release.reason", hint="Write one sentence.")


def _check_decision(current: Deployment, decision: GateDecision, *, to: Stage, at: Instant) -> None:
    step = (current.stage, to)
    age = to_micros(at) - to_micros(decision.as_of)
    faults = (
        (STAGES.index(to) != STAGES.index(current.stage) + 1, "release.order", "skips a stage"),
        (
            (decision.model, decision.run) != (current.model, current.run),
            "release.other_run",
            "has a decision about another model or run",
        ),
        (
            (decision.from_stage, decision.to_stage) != step,
            "release.other_stage",
            "has a decision about another stage",
        ),
        (not decision.allowed, "gate.refused", "was refused by the gate"),
        (not 0 <= age <= DECISION_KEEPS, "release.stale_decision", "has a decision of another day"),
    )
    for holds, code, what in faults:
        if holds:
            left = ", ".join(item.name for item in decision.open_conditions())
            raise Refused(
                f"the step from {step[0]} to {step[1]} {what}",
                code=code,
                hint=f"Open conditions: {left}." if left else "Ask the gate again.",
            )


def _next(current: Deployment, change: Mapping[str, object], *, at: Instant, by: str) -> Deployment:
    made = {"previous": current.digest, "effective_at": at, "by": by}
    return Deployment.model_validate({**current.model_dump(), "reason": "", **change, **made})
