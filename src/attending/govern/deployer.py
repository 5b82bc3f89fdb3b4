"""The papers of who deploys: each a set of tables, and what it does not say yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, get_args

from attending.documents.in_print import printed_score
from attending.documents.times import stated
from attending.govern.content import missing_fields
from attending.govern.role_guides import guides, without_duty
from attending.records.deployer import PaperSection
from attending.specs.base import dump
from attending.specs.deployer import Activity, DeployerSpec, Likelihood, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from attending.records.decisions import ThresholdDecision
    from attending.records.deployer import PaperName
    from attending.specs.deployer import Hazard
    from attending.specs.monitoring import MonitoringSpec
    from attending.specs.release import Fallback, ReleaseSpec

_SEVERITIES: tuple[Severity, ...] = get_args(Severity)
_LIKELIHOODS: tuple[Likelihood, ...] = get_args(Likelihood)
#: Rating by likelihood (rows, very low to very high) and severity (columns, minor to catastrophic),
#: as in the guidance to NHS DCB0129; 5 is unacceptable, 4 must be reduced.
_RATINGS = (
    (1, 1, 2, 2, 3),
    (1, 2, 2, 3, 4),
    (2, 2, 3, 3, 4),
    (2, 3, 3, 4, 5),
    (3, 4, 4, 5, 5),
)
#: A hazard that is left at this rating or above stops the safety case.
TOO_HIGH = 4


@dataclass(frozen=True)
class Told:
    """What specs and records say beside deployer.yaml.

    Attributes:
        release: the release plan.
        monitoring: the policy of monitoring and change.
        evidence: by name of a record the newest digest, of those that there are.
        incidents: by type how many incidents the model had.
        open_incidents: how many are open.
        persons: ids of active persons.
        template: deployer.yaml as it came along, when words may not be the template's.
        thresholds: of each place, the newest that was decided for the run.
    """

    release: ReleaseSpec
    monitoring: MonitoringSpec
    evidence: Mapping[str, str] = field(default_factory=dict)
    incidents: Mapping[str, int] = field(default_factory=dict)
    open_incidents: int = 0
    persons: frozenset[str] = frozenset()
    template: Mapping[str, Any] = field(default_factory=dict)
    thresholds: tuple[ThresholdDecision, ...] = ()


class Drawn(NamedTuple):
    """One paper before it has an edition."""

    sections: tuple[PaperSection, ...]
    missing: tuple[str, ...]


def rating(severity: Severity, likelihood: Likelihood) -> int:
    """Return the rating of a hazard, 1 (acceptable) to 5 (unacceptable).

    >>> rating("catastrophic", "very_low"), rating("minor", "very_high"), rating("major", "high")
    (3, 3, 4)
    """
    return _RATINGS[_LIKELIHOODS.index(likelihood)][_SEVERITIES.index(severity)]


def left(hazard: Hazard) -> int:
    """Return the rating of a hazard with its controls."""
    return rating(hazard.left_severity, hazard.left_likelihood)


def draw(asked: DeployerSpec, told: Told) -> dict[PaperName, Drawn]:
    """Return every paper with its tables and what is missing in it.

    Args:
        asked: deployer.yaml.
        told: what specs and records say.
    """
    blank = missing_fields(dump(asked), template=told.template)
    return {name: _draw(asked, told, blank) for name, _draw in _DRAWERS.items()}


def _open(blank: tuple[str, ...], *parts: str) -> tuple[str, ...]:
    """Return the blank fields that belong to some parts of deployer.yaml."""
    return tuple(f"{one} is not written" for one in blank if one.split(".")[0] in parts)


def _hazard_log(asked: DeployerSpec, told: Told, blank: tuple[str, ...]) -> Drawn:
    absent = tuple(
        f"{one.name}: no {name.replace('_', ' ')} shows its controls"
        for one in asked.hazards
        for name in one.evidence
        if name not in told.evidence
    )
    known = asked.safety_officer in told.persons
    nobody = () if known else ("the safety officer of deployer.yaml is no person here",)
    none = () if asked.hazards else ("no hazard is written",)
    header = (
        *("Hazard", "Cause", "Impact", "Before", "Controls", "Evidence", "Left"),
        *("Owner", "State", "Incidents"),
    )
    rows = tuple(
        (
            *(one.name, one.cause, one.impact),
            f"{rating(one.severity, one.likelihood)} ({_words(one.severity, one.likelihood)})",
            one.controls,
            ", ".join(_shown(n, told) for n in one.evidence) or "-",
            f"{left(one)} ({_words(one.left_severity, one.left_likelihood)})",
            *(one.owner, one.state),
            str(sum(told.incidents.get(kind, 0) for kind in one.incidents)),
        )
        for one in asked.hazards
    )
    return Drawn(
        (PaperSection(title="Hazards, by severity and likelihood", header=header, rows=rows),),
        (*_open(blank, "safety_officer", "hazards"), *none, *nobody, *absent),
    )


def _shown(name: str, told: Told) -> str:
    """Return the evidence of a control: what it is, and the start of its digest."""
    return f"{name.replace('_', ' ')} {told.evidence.get(name, '-')[:12]}"


def _words(severity: str, likelihood: str) -> str:
    return f"{severity}, {likelihood.replace('_', ' ')}"


def _safety_case(asked: DeployerSpec, told: Told, blank: tuple[str, ...]) -> Drawn:
    log = _hazard_log(asked, told, blank)
    high = tuple(
        f"{one.name} is left at {left(one)}, which must be reduced"
        for one in asked.hazards
        if left(one) >= TOO_HIGH
    )
    counts = [(n, sum(left(one) == n for one in asked.hazards)) for n in range(5, 0, -1)]
    argued = (
        ("Intended use", told.release.intended_use.population),
        ("Risk declared", told.release.risk_level),
        ("Benefit against what is left", asked.benefit),
        ("Safety officer", asked.safety_officer),
        ("Open incidents", str(told.open_incidents)),
        ("Way back", told.release.fallback.downtime_pathway),
    )
    evidence = tuple((name.replace("_", " "), one) for name, one in sorted(told.evidence.items()))
    return Drawn(
        (
            PaperSection(title="The argument", header=("What", "Says"), rows=argued),
            PaperSection(
                title="Hazards left, by rating",
                header=("Rating", "Hazards"),
                rows=tuple((str(n), str(count)) for n, count in counts),
            ),
            PaperSection(title="Evidence", header=("Record", "Digest"), rows=evidence),
        ),
        (*_open(blank, "benefit"), *log.missing, *high),
    )


def _risk_analysis(asked: DeployerSpec, told: Told, blank: tuple[str, ...]) -> Drawn:
    use = told.release.intended_use
    rows = (
        *(("For", one) for one in (use.population, use.decision_point, use.outcome)),
        *(("Not for", one) for one in told.release.non_intended),
        *(("Foreseeable misuse", one) for one in asked.misuse),
    )
    worst = sorted(asked.hazards, key=lambda one: (-left(one), one.name))
    none = () if asked.misuse else ("no foreseeable misuse is written",)
    return Drawn(
        (
            PaperSection(title="Use and misuse", header=("Kind", "What"), rows=rows),
            PaperSection(
                title="Risks, the highest first",
                header=("Hazard", "Before", "Left", "By"),
                rows=tuple(
                    (
                        one.name,
                        str(rating(one.severity, one.likelihood)),
                        str(left(one)),
                        one.controls,
                    )
                    for one in worst
                ),
            ),
        ),
        (*_open(blank, "misuse", "hazards"), *none),
    )


def _downtime(asked: DeployerSpec, told: Told, blank: tuple[str, ...]) -> Drawn:
    down, fallback, owners = asked.downtime, told.release.fallback, told.release.owners
    rows = (
        ("How it is noticed", down.noticed),
        ("Who tells the wards", down.told_by),
        ("How is decided without the score", down.decide),
        ("Fallback of the release plan", _instead(fallback)),
        ("Pathway of the release plan", fallback.downtime_pathway),
        ("The last list counts for", stated(down.after)),
        ("Once it is back", down.caught_up),
        ("Who answers", f"{owners.operational} (operation), {owners.clinical} (clinical)"),
    )
    walked = () if "rollback_drill" in told.evidence else ("the way back was not walked",)
    return Drawn(
        (PaperSection(title="When there is no score", header=("What", "Says"), rows=rows),),
        (*_open(blank, "downtime"), *walked),
    )


def _instead(fallback: Fallback) -> str:
    """Return what answers in the score's place, by the name on its form."""
    return fallback.card or (printed_score(fallback.score) if fallback.score else "no score")


def _raci(asked: DeployerSpec, _told: Told, blank: tuple[str, ...]) -> Drawn:
    known = {one.activity for one in asked.raci}
    absent = tuple(
        f"nobody is responsible for {name}" for name in get_args(Activity) if name not in known
    )
    rows = tuple(
        (
            one.activity.replace("_", " "),
            *(one.responsible, one.accountable, one.consulted, one.informed),
        )
        for one in asked.raci
    )
    header = ("Activity", "Responsible", "Accountable", "Consulted", "Informed")
    return Drawn(
        (PaperSection(title="Who does what", header=header, rows=rows),),
        (*_open(blank, "raci"), *absent),
    )


def _hours(asked: DeployerSpec, told: Told, blank: tuple[str, ...]) -> Drawn:
    month = 365.25 / 12 * 24 * 3600 * 1_000_000
    reviews = sum(one.minutes * month / one.every for one in told.monitoring.reviews) / 60
    total = sum(one.hours_a_month for one in asked.hours)
    rows = (
        *((one.role, one.does, f"{one.hours_a_month:g}") for one in asked.hours),
        ("Everybody together", "all of the above", f"{total:g}"),
        ("Reviews alone", "as the monitoring plan asks for them, counted above", f"{reviews:.1f}"),
    )
    none = () if asked.hours else ("no hours are written",)
    short = f"the reviews alone take {reviews:.1f} hours a month, and {total:g} are written"
    return Drawn(
        (PaperSection(title="Hours a month", header=("Who", "Does", "Hours"), rows=rows),),
        (*_open(blank, "hours"), *none, *((short,) if asked.hours and total < reviews else ())),
    )


def _workflow(asked: DeployerSpec, told: Told, blank: tuple[str, ...]) -> Drawn:
    work = asked.workflow
    planned = sorted({one.clicks_to_action for one in told.release.delivery})
    other = (
        f"{work.clicks} clicks were counted from alert to action, and the release plan says "
        f"{', '.join(str(one) for one in planned)}"
    )
    rows = tuple((str(at), one.does, str(one.clicks)) for at, one in enumerate(work.steps, 1))
    facts = (
        ("Clinical task", work.task),
        ("Done before by", work.instead_of),
        *(("Wording of the alert", one.wording) for one in told.release.delivery),
        ("Clicks from alert to action", str(work.clicks)),
    )
    return Drawn(
        (
            PaperSection(title="The task", header=("What", "Says"), rows=facts),
            PaperSection(
                title="From alert to action", header=("Step", "Does", "Clicks"), rows=rows
            ),
        ),
        (*_open(blank, "workflow"), *(() if work.clicks in planned else (other,))),
    )


def _role_guide(asked: DeployerSpec, told: Told, blank: tuple[str, ...]) -> Drawn:
    absent = without_duty(asked, told.release)
    made = guides(asked, told.release, told.thresholds)
    return Drawn(made, (*_open(blank, "workflow", "downtime", "raci"), *absent))


_DRAWERS: dict[PaperName, Callable[[DeployerSpec, Told, tuple[str, ...]], Drawn]] = {
    "hazard_log": _hazard_log,
    "safety_case": _safety_case,
    "risk_analysis": _risk_analysis,
    "downtime": _downtime,
    "raci": _raci,
    "hours": _hours,
    "workflow": _workflow,
    "role_guide": _role_guide,
}
