"""The report of a day: the verdict in words first, then what was found, measured and missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.documents.drift import picture
from attending.documents.measures import measure_in_words
from attending.documents.numbers import count, interval, number
from attending.documents.pages import document, quoted
from attending.documents.picture import Table
from attending.documents.times import spelt, when

if TYPE_CHECKING:
    from attending.records.monitoring import Condition, Measure, MonitorReport, Verdict

_STATES = {
    "met": "met", "failed": "failed", "not_shown": "not shown", "not_observed": "not observed",
}  # fmt: skip
_DELIVERS = {
    "model": "the model's score", "fallback": "the fallback score", "no_score": "no score",
}  # fmt: skip


def day_report(
    report: MonitorReport, verdict: Verdict | None, *, says: str, synthetic: bool
) -> bytes:
    """Return the page of what the monitors saw of a model on a day, and of the answer to it.

    Args:
        report: of the monitors.
        verdict: that was drawn from it; None where nobody has asked for one.
        says: the verdict in a sentence.
        synthetic: marks it.
    """
    return document(
        "day_report.html.j2",
        synthetic=synthetic,
        report=report,
        at=when(report.at),
        day=f"{report.at:%Y-%m-%d}",
        verdict=verdict,
        because="" if verdict is None else quoted(verdict.because),
        action="" if verdict is None else quoted(verdict.action),
        changes=[] if verdict is None else [_plain(one) for one in verdict.changes],
        delivers="" if verdict is None else _DELIVERS[verdict.delivers],
        says=says,
        findings=_findings(report),
        measures=_measures(report),
        waiting=_waiting(report),
        trust=_trust(report),
        drift=picture(report),
        counts=tuple(count(n) for n in (report.n_predictions, report.n_matured, report.n_events)),
        made_from=_made_from(report, verdict),
    )


def _plain(text: str) -> str:
    """Return a sentence with its lengths of time as readers say them."""
    return quoted(" ".join(spelt(word) for word in text.split(" ")))


def _findings(report: MonitorReport) -> Table:
    rows = tuple(
        (
            one.severity,
            quoted(one.meaning) + (f" At {one.site}." if one.site else ""),
            f"{one.drift} drift" if one.drift in {"data", "concept"} else one.drift,
            quoted(one.action),
            one.owner,
        )
        for one in report.findings
    )
    return Table(
        "What the monitors found", ("Severity", "What", "Kind", "To do", "Owner"), rows,
        numeric=False,
    )  # fmt: skip


def _measures(report: MonitorReport) -> Table:
    rows = tuple(
        (_named(one), interval(one.value, one.low, one.high), number(one.bound), count(one.n))
        for one in report.measures
        if one.state == "shown"
    )
    return Table("What was measured", ("Measure", "Value", "Bound", "Rows"), rows)


def _waiting(report: MonitorReport) -> Table:
    """Return why what could not be measured, so that silence is not taken for health."""
    alike: dict[str, list[str]] = {}
    for one in report.measures:
        if one.state != "shown":
            alike.setdefault(quoted(one.why) or _STATES[one.state], []).append(_named(one))
    rows = tuple((why, "; ".join(named)) for why, named in alike.items())
    return Table("What could not be measured yet", ("Why", "What"), rows, numeric=False)


def _named(one: Measure) -> str:
    return measure_in_words(one.name) + (f": {one.subject}" if one.subject else "")


def _trust(report: MonitorReport) -> Table:
    rows = tuple(
        (one.name, measure_in_words(one.measure), number(one.value), _bounds(one),
         _STATES[one.state])
        for one in report.conditions
    )  # fmt: skip
    return Table(
        "What was agreed in advance", ("Condition", "Measure", "Value", "Bounds", "Answer"), rows,
        numeric=False,
    )  # fmt: skip


def _bounds(one: Condition) -> str:
    least = f"at least {one.at_least:g}" if one.at_least is not None else ""
    most = f"at most {one.at_most:g}" if one.at_most is not None else ""
    return " and ".join(part for part in (least, most) if part)


def _made_from(report: MonitorReport, verdict: Verdict | None) -> tuple[tuple[str, str], ...]:
    held = (
        ("this report", report.digest),
        ("verdict", verdict.digest if verdict else None),
        ("monitoring.yaml", report.spec),
        ("reference", report.reference),
        ("predictions", report.predictions),
        ("outcomes", report.outcomes),
    )
    return tuple((name, digest) for name, digest in held if digest)
