"""How soon a policy sees what was planted: one row a kind of shift, one mark a size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.documents.canvas import BLUE, ORANGE, VERMILLION, sheet
from attending.documents.numbers import number
from attending.documents.picture import Table

if TYPE_CHECKING:
    from attending.records.monitoring import Delay, SimulationReport

#: Sizes differ by shape as well as by colour.
_MARKS = {"small": (ORANGE, "o"), "medium": (BLUE, "s"), "large": (VERMILLION, "D")}


def draw(report: SimulationReport) -> bytes:
    """Return the median delays as SVG, a panel for everywhere and one for the site."""
    places = sorted({one.site for one in report.shifts})
    kinds = list(dict.fromkeys(one.shift for one in report.shifts))[::-1]
    with sheet(4.2 * len(places) + 1.2, 1.3 + 0.32 * len(kinds)) as drawing:
        for at, place in enumerate(places):
            axes = drawing.figure.add_subplot(1, len(places), at + 1)
            for size, (colour, mark) in _MARKS.items():
                here = [one for one in report.shifts if (one.site, one.size) == (place, size)]
                seen = [(one.median_days, kinds.index(one.shift)) for one in here]
                shown = [(days, row) for days, row in seen if days is not None]
                axes.plot(
                    [days for days, _ in shown],
                    [row for _, row in shown],
                    linestyle="none",
                    marker=mark,
                    color=colour,
                    label=size,
                )
            axes.set_xscale("log")
            axes.set_xlim(0.8, 400)
            axes.set_xticks([1, 7, 30, 90, 365], ["1", "7", "30", "90", "365"])
            axes.minorticks_off()
            labels = [one.replace("_", " ") for one in kinds] if at == 0 else [""] * len(kinds)
            axes.set_yticks(range(len(kinds)), labels)
            axes.set_ylim(-0.6, len(kinds) - 0.4)
            axes.grid(visible=True)
            axes.set_title(f"At {place} only" if place else "Everywhere", loc="left")
            axes.set_xlabel("Median days until frozen or stricter")
        marks, words = axes.get_legend_handles_labels()
        drawing.figure.legend(marks, words, loc="outside lower center", ncols=len(_MARKS))
    return drawing.svg


def table(report: SimulationReport) -> Table:
    """Return the same figures as rows."""
    return Table(
        caption="Planted shifts: how often and how soon they are seen, and called what they are",
        header=("shift", "size", "where", "seen", "named right", "median days", "outcomes"),
        rows=tuple(_row(one) for one in report.shifts),
    )


def _row(one: Delay) -> tuple[str, ...]:
    return (
        one.shift.replace("_", " "),
        one.size,
        one.site or "everywhere",
        f"{one.detected} of {one.runs}",
        str(one.named_right),
        number(one.median_days),
        number(one.median_outcomes),
    )


def policies(report: SimulationReport) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Return header and rows of the policy beside those that nobody should use."""
    header = ("large shifts", "seen", "named right", "false freezes a year")
    return header, tuple(
        (one.policy, f"{one.seen:.0%}", f"{one.named_right:.0%}", number(one.false_alarms_per_year))
        for one in report.stubs
    )


def lines(report: SimulationReport) -> tuple[str, ...]:
    """Return what quiet years showed, in two lines."""
    return (
        (
            f"{report.wrong_stops} wrong stops or fallbacks in {report.years} quiet years: "
            f"{report.rate:.1%} ({report.low:.1%} to {report.high:.1%})"
        ),
        (
            f"findings in a quiet year: {number(report.actionable_per_year)} that ask for an "
            f"action, {number(report.informational_per_year)} that only inform"
        ),
    )
