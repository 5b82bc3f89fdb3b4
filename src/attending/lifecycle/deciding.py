"""Thresholds as people decide them: with the action, who answers, in what time, and what if not.

A decision names the report and the release plan that it was made on. When either becomes another,
it no longer counts and is made and signed again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from attending.errors import NotFound, Refused, did_you_mean
from attending.govern.roles import one_of
from attending.lifecycle.decided_thresholds import ALL
from attending.lifecycle.desk import keep, note
from attending.lifecycle.kept_project import kept_project, proposed_plan
from attending.lifecycle.signing import propose_specs, spec_document
from attending.lifecycle.standing import standing_on
from attending.lifecycle.wording import blank_fields
from attending.records.decisions import ThresholdDecision
from attending.records.ledger import Subject
from attending.records.validation import ValidationReport
from attending.specs.release import Threshold
from attending.times import format_length
from attending.validate.trade_off import trade_offs

if TYPE_CHECKING:
    from typing import Any

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.records.run import Run
    from attending.records.validation import ThresholdRow
    from attending.records.validation_parts import PlaceRow
    from attending.specs.release import Response


def decide_thresholds(
    desk: Desk, project: Project, run: Run, *, place: str = ""
) -> tuple[ThresholdDecision, ...]:
    """Return the threshold of each place with what follows an alert there, kept to be signed.

    Args:
        desk: its actor proposes and may not sign.
        project: whose release.yaml says what follows an alert.
        run: whose report says what each threshold finds and costs.
        place: one alone; every one when empty.

    Raises:
        NotFound: no such place among the responses.
        Refused: the run was not validated yet, the release plan was not proposed, or a place has
            too few events for a threshold.
    """
    report = desk.home.catalog.latest(ValidationReport, run=run.digest)
    if report is None:
        raise Refused(
            "the run was not validated yet, so nobody knows what a threshold would do",
            code="threshold.no_report",
            hint="Run `attending validate model` first.",
        )
    plan = spec_document(desk, project, "release")
    if plan is None:
        raise Refused(
            "the release plan as it stands was not proposed",
            code="threshold.no_plan",
            hint="Run `attending release propose` first.",
        )
    asked = _asked(project, place)
    bound: dict[str, Any] = {
        "model": run.model,
        "run": run.digest,
        "report": report.digest,
        "release": plan,
    }
    made = tuple(
        ThresholdDecision(**bound, **_says(project, report, response)) for response in asked
    )
    for decision in made:
        keep(
            desk,
            decision,
            action="threshold.decide",
            keys={"model": run.model, "run": run.digest, "place": decision.place},
            details={"place": decision.place},
        )
    return made


def choose_threshold(
    desk: Desk, run: Run, *, place: str = ALL, threshold: float | None = None
) -> ThresholdDecision:
    """Return the decision that a person asks for on a page, put together to be read and signed.

    The house puts it together from the report and the plan that was proposed last, so who asks for
    it may sign it; who made the run, the report or the plan may not. That it was asked for stands
    in the ledger.

    Args:
        desk: its actor asks.
        run: whose report says what each threshold finds and costs.
        place: one of the plan's responses, or `all`.
        threshold: of the plan when None. Another one is proposed as a plan of its own, which
            release.yaml must say before a gate lets it pass.

    Raises:
        Refused: as `decide_thresholds`, or no plan was proposed.
        NotFound: no such place, or the report shows no figures at that threshold.
    """
    house = replace(desk, actor="system")
    plan = proposed_plan(desk, run.model)
    if threshold is not None and plan is not None and plan.threshold.value != threshold:
        _require_shown(desk, run, threshold)
        plan = plan.model_copy(update={"threshold": Threshold(value=threshold)})
    project = kept_project(desk, run, plan=plan)
    propose_specs(house, project, ["release"])
    (decision,) = decide_thresholds(house, project, run, place=place)
    subject = Subject(kind=decision.kind, digest=decision.digest)
    details = {"place": place, "threshold": f"{decision.threshold}"}
    with desk.home.database.transaction() as unit:
        note(desk, unit, action="threshold.choose", subject=subject, details=details)
    return decision


def _require_shown(desk: Desk, run: Run, threshold: float) -> None:
    report = desk.home.catalog.latest(ValidationReport, run=run.digest)
    if report is None or all(one.threshold != threshold for one in trade_offs(report)):
        raise NotFound(
            "the validation report shows no figures at this threshold",
            code="threshold.not_shown",
            hint="Choose one of the rows of the trade-off.",
        )


def validated(desk: Desk, run: Run) -> bool:
    """Return whether a run has a validation report, on which thresholds can be decided."""
    return desk.home.catalog.latest(ValidationReport, run=run.digest) is not None


def _asked(project: Project, place: str) -> list[Response | None]:
    """Return the responses that are meant; None stands for a plan that names none.

    Raises:
        NotFound: no such place.
    """
    responses = project.release.responses
    found = [item for item in responses if place in {"", item.place}]
    if found:
        return list(found)
    if responses or place not in {"", ALL}:
        raise NotFound(
            f"got place '{place}', for which release.yaml has no response",
            code="threshold.place",
            hint=did_you_mean(place, [item.place for item in responses] or [ALL]),
        )
    return [None]


def _says(project: Project, report: ValidationReport, response: Response | None) -> dict[str, Any]:
    """Return the fields of a decision that the plan and the report give."""
    release = project.release
    if response is None:
        return {
            "threshold": _of_all(project, report)["threshold"],
            "action": release.delivery[0].wording,
            "responder": ", ".join(release.intended_use.user_roles),
            "within": format_length(release.action_window),
            "escalation": release.playbook.contain,
        }
    after = format_length(response.escalate_after)
    figures = (
        _of_all(project, report) if response.place == ALL else _of_place(report, response.place)
    )
    return {
        **figures,
        "place": response.place,
        "action": response.action,
        "instead_of": response.instead_of,
        "responder": response.responder,
        "within": format_length(response.within),
        "escalate_to": response.escalate_to,
        "escalate_after": after,
        "escalation": f"after {after}: {response.escalate_to}; then: {response.if_nobody}",
    }


def _of_all(project: Project, report: ValidationReport) -> dict[str, Any]:
    """Return the plan's threshold, or the report's first, with what the report says of it."""
    first = next((row for row in report.thresholds if row.model == "model"), None)
    value = project.release.threshold.value
    if value is None:
        value = first.threshold if first else None
    row = next((r for r in report.thresholds if r.model == "model" and r.threshold == value), None)
    return {"threshold": value, **(_figures(row) if row else _between(report, value))}


def _between(report: ValidationReport, value: float | None) -> dict[str, Any]:
    """Return what a report shows of a threshold that its plan did not ask for."""
    for one in trade_offs(report):
        if one.threshold == value:
            return {
                "sensitivity": one.sensitivity,
                "ppv": one.ppv,
                "alerts_per_day": one.alerts_per_day,
            }
    return {}


def _of_place(report: ValidationReport, place: str) -> dict[str, Any]:
    row = next((found for found in report.places if found.place == place), None)
    if row is None or row.threshold is None:
        why = "is not among the places of the report" if row is None else "has too few events"
        raise Refused(
            f"place '{place}' {why}, so it has no threshold of its own",
            code="threshold.place_not_shown",
            hint="Name it under `places` in validation.yaml, or let it take that of `all`.",
        )
    return {"threshold": row.threshold, "bound_by": row.bound_by, **_figures(row)}


def _figures(row: ThresholdRow | PlaceRow | None) -> dict[str, Any]:
    if row is None:
        return {}
    return {
        "sensitivity": row.sensitivity.value,
        "ppv": row.ppv.value,
        "alerts_per_day": row.alerts_per_day,
    }


def places_to_decide(project: Project) -> tuple[str, ...]:
    """Return every place that needs a signed decision: of the plan, and of the responses."""
    asked = project.validation.places
    named = [place.name for place in asked.each] if asked else []
    named += [response.place for response in project.release.responses]
    return tuple(dict.fromkeys(named)) or (ALL,)


def standing_decision(
    desk: Desk, project: Project, run: Run, *, place: str
) -> tuple[ThresholdDecision | None, str]:
    """Return the newest decision of a place, and why it does not count; empty when it does."""
    catalog = desk.home.catalog
    found = [item for item in catalog.all(ThresholdDecision, run=run.digest) if item.place == place]
    if not found:
        return None, f"no threshold was decided for {place}"
    decision = found[-1]
    report = catalog.latest(ValidationReport, run=run.digest)
    if report is None or decision.report != report.digest:
        return decision, f"the threshold of {place} was decided on another validation report"
    if decision.release != spec_document(desk, project, "release"):
        return decision, f"the threshold of {place} was decided on another release plan"
    if blank := blank_fields(desk, decision.digest):
        return decision, f"the threshold of {place} says nothing of {', '.join(blank)}"
    signed = standing_on(desk, decision.digest)
    if not any(item.role == "clinical_lead" and item.meaning == "approval" for item in signed):
        return decision, f"the threshold of {place} is not signed by {one_of('clinical_lead')}"
    return decision, ""
