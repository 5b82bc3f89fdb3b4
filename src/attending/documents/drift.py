"""Drift of inputs and scores: one bar a feature, with the bound that the finding passed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from attending.documents.canvas import BLUE, INK, VERMILLION, sheet, short_label
from attending.documents.numbers import number
from attending.documents.picture import Picture, Table

if TYPE_CHECKING:
    from attending.records.monitoring import MonitorReport


class _Bar(NamedTuple):
    label: str
    shift: float
    bound: float | None
    severity: str


def _bars(report: MonitorReport) -> list[_Bar]:
    """Return the stability indexes of a report, the largest first, then by name."""
    bars = [
        _Bar(found.subject or found.name, found.figure, found.bound, found.severity)
        for found in report.findings
        if found.name == "psi" and found.figure is not None
    ]
    bars += [
        _Bar("the score", held.value, held.bound, "")
        for held in report.measures
        if held.name == "score_psi" and held.value is not None
    ]
    return sorted(bars, key=lambda bar: (-bar.shift, bar.label))


def draw(report: MonitorReport) -> bytes:
    """Return the bars as SVG."""
    bars = _bars(report)[::-1]
    with sheet(6.4, max(1.6, 0.9 + 0.34 * len(bars))) as drawing:
        axes = drawing.figure.add_subplot()
        acts = [b.severity in {"act", "stop"} for b in bars]
        axes.barh(
            range(len(bars)), [b.shift for b in bars], height=0.6, edgecolor="white", linewidth=0.3,
            color=[VERMILLION if act else BLUE for act in acts],
            hatch=["///" if act else "" for act in acts],
        )  # fmt: skip
        axes.set_yticks(range(len(bars)), [short_label(b.label, width=30) for b in bars])
        for row, bar in enumerate(bars):
            if bar.bound is not None:
                axes.plot([bar.bound] * 2, [row - 0.4, row + 0.4], color=INK, linewidth=2)
        axes.set_xlabel("Population stability index (black mark: the bound)")
        axes.grid(visible=True, axis="x")
        axes.set_xlim(left=0)
    return drawing.svg


def table(report: MonitorReport) -> Table:
    """Return the same figures as rows."""
    return Table(
        caption="Population stability index against the validated reference",
        header=("Input or score", "Index", "Bound", "Severity"),
        rows=tuple(
            (bar.label, number(bar.shift), number(bar.bound), bar.severity or "none")
            for bar in _bars(report)
        ),
    )


def picture(report: MonitorReport) -> Picture | None:
    """Return the picture with its words, or None when no index was worked out."""
    bars = _bars(report)
    if not bars:
        return None
    most = bars[0]
    return Picture(
        name="drift",
        title="Drift of inputs and scores",
        alt=f"Bars of the population stability index; the largest is {most.label} at "
        f"{number(most.shift)}.",
        caption="How far the distribution has moved since validation. Longer bars moved further; "
        "hatched orange ones ask for an action.",
        draw=lambda: draw(report),
        table=table(report),
    )
