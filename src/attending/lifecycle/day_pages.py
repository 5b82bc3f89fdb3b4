"""Pages of records that are drawn when they are read: the report of a day, with its verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attending.documents.day_report import day_report
from attending.documents.record_page import record_page
from attending.documents.times import when
from attending.monitor.verdict import sentence
from attending.records.monitoring import MonitorReport, Verdict
from attending.times import format_instant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attending.lifecycle.desk import Desk


def drawn_page(desk: Desk, content: Mapping[str, Any], digest: str) -> bytes:
    """Return a page of a record that has none of its own: titled where its kind is read daily."""
    synthetic = desk.home.synthetic
    if content["kind"] != MonitorReport.kind:
        return record_page(content, digest=digest, synthetic=synthetic)
    report = desk.home.catalog.get(digest, MonitorReport)
    verdict = _verdict_of(desk, report)
    says = _NO_VERDICT if verdict is None else in_words(verdict)
    return day_report(report, verdict, says=says, synthetic=synthetic)


_NO_VERDICT = "Nobody has drawn a verdict from this report."


def in_words(verdict: Verdict) -> str:
    """Return a verdict in one sentence, with its end as readers write an instant."""
    ends = verdict.expires_at
    return sentence(verdict).replace(format_instant(ends), when(ends))


def _verdict_of(desk: Desk, report: MonitorReport) -> Verdict | None:
    """Return the newest verdict that rests on a report."""
    made = desk.home.catalog.all(Verdict, model=report.model, version=report.version)
    found = [one for one in made if report.digest in one.evidence]
    return found[-1] if found else None
