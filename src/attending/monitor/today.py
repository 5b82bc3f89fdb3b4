"""Today in ten plain lines: one set for a charge nurse, one for an engineer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from attending.digests import short
from attending.monitor.verdict import sentence, standing
from attending.times import format_instant

if TYPE_CHECKING:
    from attending.records.monitoring import Measure, MonitorReport, RiskLevel, Verdict
    from attending.types import Instant

_NURSE = {
    "continue": "You can use the score as you were trained to.",
    "watch": "You can use the score; someone is looking at a small change.",
    "freeze": "You can use the score; the team has stopped all changes to it.",
    "restrict": "Use the score only at the sites named here; elsewhere use the downtime pathway.",
    "fallback": "Do not use the model's score; use what is named here instead.",
    "stop": "Do not use any score of this model; use the downtime pathway.",
}
_SILENT = "No score of this model is shown yet: it runs silently beside care. Work as before."


def today(
    verdict: Verdict | None,
    report: MonitorReport | None,
    *,
    at: Instant,
    stage: str,
    risk_level: RiskLevel,
    reader: Literal["nurse", "engineer"],
) -> tuple[str, ...]:
    """Return ten lines or fewer that say whether the model may be used now, and why.

    Args:
        verdict: the newest one, None without any.
        report: the monitor report that it rests on.
        at: now.
        stage: where the version stands; in `silent` nobody is shown a score.
        risk_level: the declared risk of the model.
        reader: for whom the lines are.
    """
    answer = standing(verdict, at, risk_level=risk_level)
    if verdict is None:
        return (
            f"Answer now: {answer}. There is no verdict for this model.",
            _SILENT if stage == "silent" else _NURSE[answer],
            "A model without a verdict is never used as if all were well.",
        )
    head = [f"{verdict.model} {verdict.version} ({verdict.stage}): {sentence(verdict)}"]
    if not verdict.holds(at):
        head = [f"{verdict.model} {verdict.version}: the verdict is out of date. Now: {answer}."]
    body = _nurse(verdict, at, answer=answer, stage=stage)
    if reader == "engineer":
        body = _engineer(verdict, at, report=report)
    return tuple((head + body)[:10])


def _nurse(verdict: Verdict, at: Instant, *, answer: str, stage: str) -> list[str]:
    """Return the lines for a charge nurse: what to do, why, whom to call."""
    lines = [_SILENT if stage == "silent" else _NURSE[answer]]
    if stage == "silent":
        lines.append(f"If it were in use, the answer today would be: {answer}.")
    elif answer == "fallback":
        lines.append(f"Use instead: {verdict.fallback or 'the downtime pathway (no score)'}.")
    elif answer == "restrict":
        lines.append(f"Sites that go on: {', '.join(verdict.sites) or 'none'}.")
    lines.append(f"Why: {verdict.why_now(at)}")
    if verdict.holds(at):
        lines.append(f"What is being done: {verdict.action}")
        lines.append(f"Who is on it: {verdict.owner}.")
        lines.append(f"Next answer due by {format_instant(verdict.expires_at)}.")
    else:
        lines.append(f"To do: {verdict.to_do_now(at)}")
        if at >= verdict.expires_at:
            lines.append(f"The next answer is overdue since {format_instant(verdict.expires_at)}.")
    lines.append("The score supports your judgement; it never replaces it.")
    return lines


def _engineer(verdict: Verdict, at: Instant, *, report: MonitorReport | None) -> list[str]:
    """Return the lines for an engineer: figures, findings, digests."""
    lines = []
    if not verdict.holds(at):
        lines += [f"Why: {verdict.why_now(at)}", f"To do: {verdict.to_do_now(at)}"]
    lines += [f"Drift: {verdict.drift}, severity {verdict.severity}, owner {verdict.owner}."]
    lines.append(f"Findings: {'; '.join(verdict.findings) or 'none'}.")
    if report is not None:
        lines.append(
            f"Seen: {report.n_predictions} predictions, {report.n_matured} mature outcomes "
            f"of the model's scores, one a stay, {report.n_events} events."
        )
        lines += [_figure(report.measure(name), name) for name in ("oe", "auroc", "score_psi")]
        if report.overdue:
            lines.append(f"Overdue reviews: {', '.join(report.overdue)}.")
    lines.append(f"Changes if: {'; '.join(verdict.changes[:2])}.")
    lines.append(f"Evidence: {', '.join(short(item) for item in verdict.evidence)}.")
    return lines


def _figure(measure: Measure | None, name: str) -> str:
    """Return one measure in words, or that it is not shown."""
    if measure is None:
        return f"{name}: not computed."
    if measure.value is None or measure.state != "shown":
        return f"{name}: {measure.state.replace('_', ' ')} ({measure.why or 'no figure'})."
    interval = ""
    if measure.low is not None and measure.high is not None:
        interval = f" ({measure.low:.3g} to {measure.high:.3g})"
    return f"{name}: {measure.value:.3g}{interval}, n={measure.n}."
