"""The daily answer: should we continue using this model today, and what would change that."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple

from attending.documents.times import stated
from attending.errors import Refused
from attending.records import monitoring as left
from attending.records.monitoring import ANSWERS, Finding, Plan, Verdict
from attending.times import format_instant

if TYPE_CHECKING:
    from attending.records.monitoring import Drift, MonitorReport, RiskLevel, Severity
    from attending.records.prediction import Answer
    from attending.specs.monitoring import MonitoringSpec
    from attending.types import Instant

#: When two findings ask for the same answer, the earlier word names the cause: broken data
#: explains bad outcomes, and both explain odd workflow; unknown is what nothing explains.
_CAUSES: tuple[Drift, ...] = ("data", "concept", "workflow", "unknown")
_SERIOUS = ("act", "stop")
#: Figures beyond their bounds that are no finding, told with a quiet verdict.
_MOST_TOLD = 3


class _Ruling(NamedTuple):
    answer: Answer
    drift: Drift
    severity: Severity
    decisive: tuple[Finding, ...]
    action: str
    owner: str


def decide(
    spec: MonitoringSpec,
    report: MonitorReport,
    *,
    at: Instant,
    plan: Plan | None = None,
    held: Answer = "continue",
) -> Verdict:
    """Return the verdict that the policy draws from a report.

    The ladder says what each finding leads to and the strictest one decides. A cause that nothing
    explains means fallback at high risk. Restrict and fallback only pick what the signed plan
    names. The verdict expires with the report that it rests on.

    Args:
        spec: the policy, with its ladder and its risk level.
        report: what the monitors saw.
        at: the instant of the decision.
        plan: what the signed release plan allows; without one there is no fallback score.
        held: the strictest earlier answer that nobody has signed off; today is never milder.

    Raises:
        Refused: the report is from after `at`, so one of the two clocks is wrong.
    """
    if report.at > at:
        raise Refused(
            "the monitor report is from after the instant of the decision",
            code="verdict.clock",
            hint="Check the clock, or pass the `--at` that the report was made with.",
        )
    ruling = _hold(_rule(spec, report), held)
    answer, sites = _narrow(ruling, plan or Plan())
    delivers, fallback = _deliver(answer, report, plan or Plan())
    return Verdict(
        model=report.model,
        version=report.version,
        stage=report.stage,
        risk_level=spec.risk_level,
        at=at,
        answer=answer,
        drift=ruling.drift,
        severity=ruling.severity,
        because=_because(ruling, answer, held=held, report=report),
        action=ruling.action,
        owner=ruling.owner,
        changes=_changes(spec, ruling, answer),
        evidence=_evidence(report, plan),
        findings=tuple(_title(f) for f in report.findings if f.severity != "info"),
        delivers=delivers,
        fallback=fallback,
        sites=sites,
        expires_at=report.at + timedelta(microseconds=spec.expires),
    )


def standing(verdict: Verdict | None, at: Instant, *, risk_level: RiskLevel) -> Answer:
    """Return the answer that holds at an instant; no verdict and an expired one never continue."""
    return left.standing(verdict, at, risk_level=risk_level)


def answer_to(spec: MonitoringSpec, finding: Finding) -> Answer:
    """Return what the ladder answers to one finding; an unknown cause at high risk falls back."""
    answer: Answer = spec.rung(finding.drift, finding.severity).answer
    unknown = finding.drift == "unknown" and finding.severity in _SERIOUS
    if unknown and spec.risk_level == "high":
        return left.strictest(answer, "fallback")
    return answer


def _rule(spec: MonitoringSpec, report: MonitorReport) -> _Ruling:
    """Return the ruling of the strictest finding, or the quiet one."""
    asked = [(answer_to(spec, f), f) for f in report.findings]
    answer: Answer = left.strictest("continue", *(a for a, _ in asked))
    decisive = sorted((f for a, f in asked if a == answer), key=_rank)
    if not decisive or answer == "continue":
        rung = spec.rung("unknown", "info")
        return _Ruling("continue", "none", "info", (), rung.action, rung.owner)
    first = decisive[0]
    rung = spec.rung(first.drift, first.severity)
    return _Ruling(
        answer,
        first.drift,
        first.severity,
        tuple(decisive),
        first.action or rung.action,
        first.owner or rung.owner,
    )


def _rank(finding: Finding) -> tuple[int, int, str, str]:
    """Return the order among findings that ask for the same answer."""
    cause = _CAUSES.index(finding.drift) if finding.drift in _CAUSES else len(_CAUSES)
    return (cause, -left.SEVERITIES.index(finding.severity), finding.name, finding.subject)


def _hold(ruling: _Ruling, held: Answer) -> _Ruling:
    """Return the ruling, never milder than what nobody has signed off."""
    if ANSWERS.index(held) <= ANSWERS.index(ruling.answer):
        return ruling
    if ruling.answer == "continue":
        return ruling._replace(
            answer=held,
            drift="unknown",
            severity="act",
            action="Sign off the earlier answer, or leave it standing.",
        )
    return ruling._replace(answer=held)


def _narrow(ruling: _Ruling, plan: Plan) -> tuple[Answer, tuple[str, ...]]:
    """Return the answer and the sites that may go on, all of them named in the signed plan."""
    troubled = {f.site for f in ruling.decisive}
    signed = plan.sites if plan.signed else ()
    sites = tuple(site for site in signed if site not in troubled)
    local = bool(ruling.decisive) and "" not in troubled
    if ruling.answer == "fallback" and local and sites and ruling.drift == "data":
        # Every finding that asks for the fallback belongs to one site: the others go on.
        return "restrict", sites
    if ruling.answer == "restrict" and not sites:
        return "fallback", ()
    return ruling.answer, sites if ruling.answer == "restrict" else ()


def _deliver(
    answer: Answer, report: MonitorReport, plan: Plan
) -> tuple[Literal["model", "fallback", "no_score"], str | None]:
    """Return what users get, and the name of the fallback score when that is it."""
    if answer == "stop":
        return "no_score", None
    if answer != "fallback":
        return "model", None
    troubled: set[str] = set()
    for finding in report.findings:
        if finding.severity in _SERIOUS:
            troubled |= finding.subjects
    usable = plan.signed and plan.fallback and not troubled & set(plan.fallback_inputs)
    return ("fallback", plan.fallback) if usable else ("no_score", None)


def _title(finding: Finding) -> str:
    """Return a finding in one line."""
    at = f" at {finding.site}" if finding.site else ""
    what = finding.name.replace("_", " ")
    return f"{what}: {finding.subject}{at} ({finding.drift}, {finding.severity})"


def _beyond(report: MonitorReport) -> tuple[str, ...]:
    """Return what lies beyond its bound and is no finding, each with the reason why not."""
    unsure = [one for one in report.measures if one.state == "shown" and one.why]
    return tuple(
        f"{f'{one.subject}: ' if one.subject else ''}{one.why}."
        for one in unsure
        if one.bound is not None
    )


def _unjudged(report: MonitorReport) -> str:
    """Return that outcomes are not judged, and why; empty where they are."""
    whole = report.measure("oe")
    if whole is None or whole.state == "shown":
        return ""
    return f" Outcomes are not judged: {whole.why}."


def _because(ruling: _Ruling, answer: Answer, *, held: Answer, report: MonitorReport) -> str:
    """Return the reason in a few sentences."""
    if not ruling.decisive and held == answer and answer != "continue":
        return f"An earlier answer, {held}, has not been signed off; nothing new was found."
    if not ruling.decisive:
        beyond, unjudged = _beyond(report), _unjudged(report)
        if not beyond:
            return "No monitor found anything beyond its bounds." + unjudged
        left_out = len(beyond) - _MOST_TOLD
        rest = [f"And {left_out} more."] if left_out > 0 else []
        return " ".join(["No monitor has a finding.", *beyond[:_MOST_TOLD], *rest]) + unjudged
    more = len(ruling.decisive) - 1
    tail = f" {more} more finding{'s' if more > 1 else ''} ask for the same." if more else ""
    return ruling.decisive[0].meaning + tail


def _changes(spec: MonitoringSpec, ruling: _Ruling, answer: Answer) -> tuple[str, ...]:
    """Return what would change the answer."""
    lines = [
        f"{_title(f)} back within {f.bound:g}" if f.bound is not None else f"{_title(f)} resolved"
        for f in ruling.decisive[:5]
    ]
    if ANSWERS.index(answer) >= ANSWERS.index("freeze"):
        lines.append(f"a signature of the {ruling.owner} that the cause is understood and mended")
    if not lines:
        lines.append("a finding of severity watch or more")
    lines.append(f"no new verdict within {stated(spec.expires)} of the report")
    return tuple(lines)


def _evidence(report: MonitorReport, plan: Plan | None) -> tuple[str, ...]:
    """Return the digests that the verdict rests on, without gaps or repeats."""
    found = [report.digest, report.reference, report.spec, report.predictions, report.outcomes]
    found.append(plan.signed if plan else None)
    return tuple(dict.fromkeys(item for item in found if item))


def sentence(verdict: Verdict) -> str:
    """Return the verdict in one sentence for people."""
    until = format_instant(verdict.expires_at)
    words = {
        "continue": "Yes, continue using it",
        "watch": "Yes, and watch it",
        "freeze": "Yes, but nothing about it may change until signed",
        "restrict": f"Only at {', '.join(verdict.sites) or 'no site'}",
        "fallback": f"No; use {verdict.fallback or 'the downtime pathway, there is no score'}",
        "stop": "No, stop; use the downtime pathway",
    }[verdict.answer]
    if verdict.stage == "silent":
        words = f"Silent: nobody uses it. If it were used: {words[0].lower()}{words[1:]}"
    return f"{words}. This holds until {until}."
