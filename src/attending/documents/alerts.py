"""What alerts cost and gain at the first threshold, with and without a snooze between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.documents.canvas import BLUE, GREEN, GREY, Drawn, sheet
from attending.documents.numbers import NOT_SHOWN, count, number, percent
from attending.documents.picture import Picture, Table

if TYPE_CHECKING:
    from attending.records.range import Range
    from attending.records.validation import ValidationReport
    from attending.records.validation_parts import WorkloadRow


def draw(report: ValidationReport) -> bytes:
    """Return alerts and events alerted for each snooze as SVG."""
    rows = report.workload[::-1]
    with sheet(7.2, max(1.9, 1.1 + 0.5 * len(rows))) as drawing:
        left, right = drawing.figure.subplots(1, 2, sharey=True)
        name, label = _burden(report)
        _bars(left, [getattr(row, name) for row in rows], color=BLUE)
        _bars(right, [_hundred(row) for row in rows], color=GREEN)
        left.set_yticks(range(len(rows)), [_snooze(row) for row in rows])
        left.set_xlabel(label)
        right.set_xlabel("Events with an alert before, of 100")
        right.set_xlim(0, 112)
    return drawing.svg


def _burden(report: ValidationReport) -> tuple[str, str]:
    """Return the figure of the burden that is nearest to a person's day and is there."""
    for name, label in (
        ("per_clinician_shift", "Alerts for one clinician in one shift"),
        ("alerts_per_day", "Alerts a day"),
        ("per_100_patient_days", "Alerts per 100 patient-days"),
    ):
        if any(getattr(row, name) is not None for row in report.workload):
            return name, label
    return "alerts", "Alerts"


def _hundred(row: WorkloadRow) -> float | None:
    return None if row.events_alerted is None else 100 * row.events_alerted


def _bars(axes: Drawn, values: list[float | None], *, color: str) -> None:
    for at, value in enumerate(values):
        if value is None:
            axes.annotate(
                NOT_SHOWN, (0.5, at), xycoords=("axes fraction", "data"),
                ha="center", va="center", color=GREY, fontsize=9,
            )  # fmt: skip
            continue
        axes.barh([at], [value], height=0.55, color=color)
        axes.annotate(
            number(value), (value, at), xytext=(3, 0), textcoords="offset points", va="center"
        )
    axes.set_ylim(-0.6, len(values) - 0.4)
    known = [value for value in values if value is not None]
    axes.set_xlim(0, 1.18 * max(known, default=1.0) or 1.0)
    axes.grid(visible=True, axis="x")


def _snooze(row: WorkloadRow) -> str:
    return "no snooze" if row.snooze[:-1] == "0" else f"snooze {row.snooze}"


def table(report: ValidationReport) -> Table:
    """Return one column a snooze."""
    rows = report.workload
    return Table(
        caption="Alerts at the first threshold",
        header=("Figure", *(_snooze(row) for row in rows)),
        rows=(
            ("Alerts", *(count(row.alerts) for row in rows)),
            ("Alerts a day", *(number(row.alerts_per_day) for row in rows)),
            (
                "Alerts for one clinician in one shift",
                *(number(row.per_clinician_shift) for row in rows),
            ),
            (
                "Alerts per 100 patient-days",
                *(_days(row) for row in rows),
            ),
            ("Patients with an alert", *(percent(row.first_alert_rate) for row in rows)),
            ("Alerts for each that the event follows", *(number(row.nne) for row in rows)),
            ("Events with an alert before", *(percent(row.events_alerted) for row in rows)),
            ("Median hours before the event", *(_hours(row.lead_hours) for row in rows)),
        ),
    )


def _days(row: WorkloadRow) -> str:
    if row.per_100_patient_days is None:
        return NOT_SHOWN
    how = "" if row.patient_days_are == "given" else f" ({row.patient_days_are})"
    return number(row.per_100_patient_days) + how


def _hours(found: Range) -> str:
    """Return the median with the middle half of events."""
    if found.value is None or found.low is None or found.high is None:
        return NOT_SHOWN
    return f"{number(found.value)} (half lie in {number(found.low)} to {number(found.high)})"


def picture(report: ValidationReport) -> Picture | None:
    """Return the picture with its words, or None when no workload was counted."""
    if not report.workload:
        return None
    first = report.workload[0]
    _, label = _burden(report)
    return Picture(
        name="alerts",
        title="What the alerts cost",
        alt=f"{label} and events alerted before, for each snooze. At {_snooze(first)}: "
        f"{number(first.alerts_per_day)} alerts a day, {number(first.nne)} for each that the event "
        "follows.",
        caption="After an alert a stay makes none for the length of the snooze. A longer one "
        "spares alerts; look whether it also loses events.",
        draw=lambda: draw(report),
        table=table(report),
    )
