"""What is written to whom when something went wrong: filled from records, in the reader's words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from attending.documents.numbers import count
from attending.documents.persons import by_name
from attending.documents.times import day, when

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attending.records.incident import Incident, IncidentImpact, IncidentReview, Reader
    from attending.specs.release import ReleaseSpec

#: Stands where a record does not say it yet; a letter with it is not ready.
BLANK = "[still to be written]"
_DRILL = "THIS IS A DRILL. Nobody was touched; all that follows is an exercise."
_WHAT = {
    "wrong_prediction": "gave scores that were wrong",
    "stale_feature": "was made from values that were too old",
    "outage": "gave no scores",
    "access_failure": "could be reached by somebody who may not, or not by somebody who must",
    "unexplained_score_change": "gave scores that changed without a known cause",
}


@dataclass(frozen=True)
class Told:
    """What the records say of one incident.

    Attributes:
        names: the printed name of each person, by login.
        contained: what was said when the model was contained; empty before that.
        closed: whether its review is signed by all who close it.
    """

    incident: Incident
    plan: ReleaseSpec
    impact: IncidentImpact | None = None
    review: IncidentReview | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    contained: str = ""
    closed: bool = False


def letter(told: Told, reader: Reader) -> str:
    """Return a letter as plain text; what no record says yet stands as `BLANK`.

    Args:
        told: what the records say.
        reader: for whom.
    """
    lines = {"clinicians": _clinicians, "patients": _patients, "leadership": _leadership}[reader](
        told
    )
    head = [_DRILL, ""] if told.incident.drill else []
    return "\n".join([*head, *lines, ""])


def ready(text: str) -> bool:
    """Return whether a letter says everything.

    >>> ready("We found [still to be written]."), ready("We found it.")
    (False, True)
    """
    return BLANK not in text


def _what(told: Told) -> str:
    found = told.incident
    return f"{found.model} {found.version} {_WHAT[found.type]}"


def _period(told: Told) -> str:
    if told.impact is None:
        return f"since {when(told.incident.since)}, until {BLANK}"
    return f"from {when(told.impact.since)} to {when(told.impact.until)}"


def _days(told: Told) -> str:
    """Return the period in days, as patients say them."""
    if told.impact is None:
        return f"since {day(told.incident.since)}, until {BLANK}"
    return f"from {day(told.impact.since)} to {day(told.impact.until)}"


def _owner(told: Told) -> str:
    return by_name(told.plan.owners.clinical, told.names)


def _helps(told: Told) -> str:
    """Return what the program does, in the words that were written for patients where there are."""
    words = told.plan.patient_notice
    if words is None or not words.foretold:
        outcome = told.plan.intended_use.outcome
        return f"A computer program helps our staff to see who may need more care ({outcome})."
    return f"A computer program helps our staff to see who may be more likely to {words.foretold}."


def _counts(told: Told) -> str:
    if told.impact is None:
        return BLANK
    found = told.impact
    return (
        f"{count(found.predictions)} predictions of {count(found.patients)} patients; "
        f"flagged: {count(found.flagged)}; shown to staff: {count(found.told)}"
    )


def _meanwhile(told: Told) -> str:
    """Return what is done in the model's place: until it is mended, or as it was meanwhile."""
    said = "While it was open" if told.closed else "Until you hear otherwise"
    return f"{said}: {told.plan.fallback.downtime_pathway}"


def _contained(told: Told) -> str:
    if told.contained:
        return f"What we did: {told.contained}"
    return f"What the plan asks to be done: {told.plan.playbook.contain}"


def _closed(told: Told) -> list[str]:
    return ["The incident is closed: its review is signed."] if told.closed else []


def _clinicians(told: Told) -> list[str]:
    review = told.review
    return [
        f"To the users of {told.incident.model}",
        "",
        f"{_what(told)}, {_period(told)}.",
        f"Touched: {_counts(told)}.",
        "",
        *_closed(told),
        _meanwhile(told),
        _contained(told),
        f"What it means for your patients: {review.clinical_impact if review else BLANK}",
        f"What changes: {review.prevention if review else BLANK}",
        f"Questions: {_owner(told)}",
    ]


def _patients(told: Told) -> list[str]:
    review = told.review
    return [
        _helps(told),
        "It does not decide. Your nurses and doctors do.",
        "",
        f"It did not work as it should {_days(told)}.",
        f"What this means for you: {review.clinical_impact if review else BLANK}",
        f"What we changed: {review.prevention if review else BLANK}",
        "",
        (
            "You do not have to do anything because of this letter. If you have questions, ask "
            f"your care team, or us: {_owner(told)}."
        ),
    ]


def _leadership(told: Told) -> list[str]:
    found, review = told.incident, told.review
    return [
        f"Incident: {found.title}",
        f"Type: {found.type.replace('_', ' ')}; possible harm: {found.harm}",
        f"Opened {when(found.opened_at)} by {by_name(found.opened_by, told.names)}",
        *_closed(told),
        "",
        f"{_what(told)}, {_period(told)}.",
        f"Touched: {_counts(told)}.",
        _contained(told),
        f"Root cause: {review.root_cause if review else BLANK}",
        f"Clinical impact: {review.clinical_impact if review else BLANK}",
        f"Threshold, looked at again: {review.threshold if review else BLANK}",
        f"Prevention: {review.prevention if review else BLANK}",
    ]
