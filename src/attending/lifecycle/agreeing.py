"""The plan that is agreed before fitting, and the exceptions that are signed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.digests import short
from attending.errors import BadInput, Refused, did_you_mean
from attending.govern.policy import default_exception_signers
from attending.lifecycle import policies
from attending.lifecycle.desk import keep
from attending.lifecycle.standing import standing_on
from attending.records.governance import Agreement, Approval, GateException
from attending.records.validation import ValidationReport
from attending.times import format_instant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.records.run import Run
    from attending.specs.explanations import ExplanationsAsked
    from attending.types import Instant

#: Why a plan from before asks less of its inputs.
SIGNED_BEFORE = "the plan was signed before every input was asked; agree it again to ask all"


def propose_agreement(desk: Desk, project: Project, *, signers: Sequence[str]) -> Agreement:
    """Return the plan as it stands in the project, kept, for the signers to sign.

    Args:
        desk: its actor is the author and may not sign.
        project: whose cohort, model and validation specs are meant.
        signers: person ids who must all sign before fitting.

    Raises:
        BadInput: nobody is named to sign.
        NotFound: a signer is no person here.
    """
    if not signers:
        raise BadInput(
            "nobody is named to sign the plan",
            code="agreement.signers",
            hint="Name each who must sign, such as `--signer clara`.",
        )
    for person in signers:
        desk.home.users.get(person)
    agreement = Agreement(
        model=project.name,
        validation_spec=project.validation.digest,
        cohort_spec=project.cohort.digest,
        model_spec=project.model.digest,
        authors=(desk.actor,),
        signers=tuple(signers),
        inputs_weighed=project.validation.explanations.weighed or "all",
    )
    keep(desk, agreement, action="agreement.propose", keys={"model": project.name})
    return agreement


def standing_agreement(desk: Desk, project: Project) -> Agreement | None:
    """Return the newest agreement on the specs as they are now, signed or not."""
    found = _agreements(desk, project)
    return found[-1] if found else None


def _agreements(desk: Desk, project: Project) -> list[Agreement]:
    """Return the agreements on the specs as they are now, the newest last."""
    plan = (project.validation.digest, project.cohort.digest, project.model.digest)
    return [
        item
        for item in desk.home.catalog.all(Agreement, model=project.name)
        if (item.validation_spec, item.cohort_spec, item.model_spec) == plan
    ]


def fully_signed(desk: Desk, agreement: Agreement | None) -> bool:
    """Return whether all who must have signed an agreement."""
    if agreement is None:
        return False
    approvals = standing_on(desk, agreement.digest)
    return set(agreement.signers) <= {item.signer for item in approvals}


def seen_before_agreed(desk: Desk, project: Project, run: Run) -> str:
    """Return that the results of a plan were seen before it was agreed; empty where they were not.

    Seen is a validation by this plan on the cohort of the run, of whatever run: another fit of the
    same data under the same plan gives what was seen. How a version does later, which is asked
    before it is recalibrated, is no result of a fit. Before and after are places in the ledger.
    """
    agreed = [_agreed_at(desk, one) for one in _agreements(desk, project)]
    first = min((seq for seq in agreed if seq is not None), default=None)
    if first is None:
        return ""
    for line in desk.home.catalog.list(ValidationReport.kind, model=project.name):
        if line.seq >= first:
            continue
        report = desk.home.catalog.get(line.digest, ValidationReport)
        judged = (report.spec, report.model.cohort, report.period)
        if judged == (project.validation.digest, run.cohort, "test"):
            return (
                f"a run of these data under this plan was validated on {line.made_at:%Y-%m-%d}, "
                "before the plan was signed"
            )
    return ""


def _agreed_at(desk: Desk, agreement: Agreement) -> int | None:
    """Return the ledger entry of the last signature that made an agreement whole, None before."""
    lines = desk.home.catalog.list(Approval.kind, document=agreement.digest)
    stand = {one.digest: one.signer for one in standing_on(desk, agreement.digest)}
    signed: dict[str, int] = {}
    for line in lines:
        if line.digest in stand:
            seq = signed.get(stand[line.digest], line.seq)
            signed[stand[line.digest]] = min(seq, line.seq)
    if not set(agreement.signers) <= set(signed):
        return None
    return max(signed[person] for person in agreement.signers)


def explanations_as_agreed(desk: Desk, project: Project) -> ExplanationsAsked:
    """Return what the plan asks of explanations, read as its signers read it.

    A plan that does not say which inputs must weigh more than chance asks it of all. One whose
    newest signed agreement is from before that was asked asks it of those that readers are shown,
    until it is agreed again.
    """
    asked = project.validation.explanations
    signed = [one for one in _agreements(desk, project) if fully_signed(desk, one)]
    if asked.weighed is not None or not signed or signed[-1].inputs_weighed == "all":
        return asked
    return asked.model_copy(update={"weighed": "shown", "weighed_reason": SIGNED_BEFORE})


def propose_exception(
    desk: Desk,
    project: Project,
    *,
    condition: str,
    reason: str,
    compensation: str,
    expires_at: Instant,
) -> GateException:
    """Return an exception for the model as its spec stands, kept, for two roles to sign.

    Args:
        desk: its actor is the author and may not sign.
        project: whose model is meant.
        condition: of a gate; for one feature alone where it is `leak.too_good:FEATURE`.
        reason: why it cannot be met.
        compensation: what is done instead.
        expires_at: when it ends.

    Raises:
        BadInput: no such condition or feature, or the end is past.
        Refused: no exception lets that condition pass.
    """
    _require_condition(desk, project, condition)
    if expires_at <= desk.at:
        raise BadInput(
            f"an exception until {format_instant(expires_at)} has ended before it began",
            code="exception.expired",
            hint=f"--expires lies in the past; it is {format_instant(desk.at)}.",
            where="--expires",
        )
    exception = GateException(
        run=project.model.digest,
        condition=condition,
        reason=reason,
        compensation=compensation,
        authors=(desk.actor,),
        expires_at=expires_at,
    )
    keep(
        desk,
        exception,
        action="exception.propose",
        keys={"model": project.name, "condition": condition},
    )
    return exception


def _require_condition(desk: Desk, project: Project, condition: str) -> None:
    """Refuse what no gate asks, or what none may let pass.

    Raises:
        BadInput: no such condition, or no such feature.
        Refused: no exception lets that condition pass.
    """
    policy = policies.in_use(desk).spec
    passable = {*policy.exceptions, *policy.exceptions_before_training}
    name, _, feature = condition.partition(":")
    if name not in passable:
        asked = {fact.name for gate in policy.gates for fact in gate.facts}
        if name in asked:
            raise Refused(
                f"no exception lets '{name}' pass",
                code="exception.none",
                hint=f"Some do for {', '.join(sorted(passable))}.",
            )
        raise BadInput(
            f"no condition '{name}' that an exception lets pass",
            code="exception.condition",
            hint=did_you_mean(name, passable),
        )
    features = {one.name for one in project.features.features}
    if feature and feature not in features:
        raise BadInput(
            f"no feature '{feature}' in this project",
            code="exception.feature",
            hint=did_you_mean(feature, features),
        )


def exceptions_of(desk: Desk, project: Project) -> tuple[GateException, ...]:
    """Return the exceptions for a model as its spec stands, whether signed or not."""
    return tuple(
        item
        for item in desk.home.catalog.all(GateException, model=project.name)
        if item.run == project.model.digest
    )


def signed_exceptions(
    desk: Desk, project: Project, condition: str, *, roles: frozenset[str]
) -> tuple[GateException, ...]:
    """Return the exceptions from a condition that all the roles signed and that are in date."""
    return tuple(
        item
        for item in exceptions_of(desk, project)
        if item.condition == condition and _signed_by(desk, item, roles=roles)
    )


def exceptions_under(desk: Desk, project: Project, run: Run) -> tuple[GateException, ...]:
    """Return what a run stands under: what its record names, and leak gates that were let pass."""
    return exceptions_by(desk, run, model=project.name, spec=project.model.digest)


def exceptions_by(desk: Desk, run: Run, *, model: str, spec: str) -> tuple[GateException, ...]:
    """Return what a run stands under of the exceptions for a model as one spec of it says it."""
    roles = frozenset(default_exception_signers())
    return tuple(
        item
        for item in desk.home.catalog.all(GateException, model=model)
        if item.run == spec
        and (
            item.digest in run.exceptions
            or (item.condition.startswith("leak.") and _signed_by(desk, item, roles=roles))
        )
    )


def _signed_by(desk: Desk, item: GateException, *, roles: frozenset[str]) -> bool:
    """Return whether an exception is in date and all the roles signed it."""
    signed = {one.role for one in standing_on(desk, item.digest)}
    return item.expires_at > desk.at and roles <= signed


def require_exception(
    desk: Desk,
    project: Project,
    found: Sequence[object],
    *,
    condition: str,
    roles: frozenset[str],
) -> None:
    """Refuse when no signed exception covers a condition; say which one waits, and for whom.

    Args:
        desk: where and when.
        project: whose model asks.
        found: the signed exceptions that cover it.
        condition: that is not met.
        roles: who must sign an exception.

    Raises:
        Refused: there is none.
    """
    if found:
        return
    waits = [
        f"exception {short(one.digest)} waits for "
        + " and ".join(sorted(roles - {held.role for held in standing_on(desk, one.digest)}))
        for one in exceptions_of(desk, project)
        if one.condition == condition and one.expires_at > desk.at
    ]
    raise Refused(
        f"the condition {condition} is not met and no signed exception covers it"
        + (f": {'; '.join(waits)}" if waits else ""),
        code=condition,
        hint="Have it signed, `attending sign`."
        if waits
        else "Ask for one: `attending gate except`, then let both roles sign it.",
        where="model.yaml",
    )
