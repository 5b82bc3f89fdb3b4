"""Subgroups: discrimination and calibration in each group, with how sure we are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.documents.canvas import BLUE, GREY, REFERENCE, Drawn, sheet, short_label
from attending.documents.numbers import NOT_SHOWN, count, interval, number, percent_interval
from attending.documents.picture import Picture, Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from attending.records.range import Range
    from attending.records.validation import SubgroupRow, ValidationReport


def draw(report: ValidationReport) -> bytes:
    """Return a forest of AUROC and of observed over expected events as SVG."""
    rows = report.subgroups[::-1]
    overall = report.estimate("auroc")
    with sheet(7.4, max(2.2, 1.1 + 0.32 * len(rows))) as drawing:
        left, right = drawing.figure.subplots(1, 2, sharey=True)
        if overall is not None and overall.value is not None:
            left.axvline(overall.value, **REFERENCE)
        right.axvline(1.0, **REFERENCE)
        _forest(left, rows, figure=lambda row: row.auroc)
        _forest(right, rows, figure=lambda row: row.observed_expected)
        left.set_yticks(range(len(rows)), [_label(row) for row in rows])
        left.set_ylim(-0.6, len(rows) - 0.4)
        left.set_xlabel("AUROC (dotted: all patients)")
        right.set_xlabel("Observed / expected (dotted: 1)")
    return drawing.svg


def _label(row: SubgroupRow) -> str:
    rows = "" if row.n is None else f" ({count(row.n)})"
    return short_label(f"{row.attribute}: {row.group}{rows}", width=28)


def _forest(
    axes: Drawn, rows: tuple[SubgroupRow, ...], *, figure: Callable[[SubgroupRow], Range]
) -> None:
    for at, row in enumerate(rows):
        found = figure(row)
        if found.value is None:
            axes.annotate(
                NOT_SHOWN, (0.5, at), xycoords=("axes fraction", "data"),
                ha="center", va="center", color=GREY, fontsize=9,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0},
            )  # fmt: skip
            continue
        if found.low is not None and found.high is not None:
            axes.plot([found.low, found.high], [at, at], color=BLUE, linewidth=1.8)
        axes.plot([found.value], [at], marker="s", markersize=6, color=BLUE)
    axes.grid(visible=True, axis="x")


def table(report: ValidationReport) -> Table:
    """Return the groups as rows; small counts and what would tell them are not shown."""
    return Table(
        caption="The model in each group",
        header=(
            "Group", "Rows", "Events", "AUROC", "Difference to reference", "p, adjusted",
            "Observed / expected", "Sensitivity",
        ),
        rows=tuple(
            (
                f"{row.attribute}: {row.group}",
                _count(row.n, suppressed=row.suppressed),
                _count(row.events, suppressed=row.suppressed),
                _range(row.auroc),
                "reference" if row.reference else _range(row.auroc_gap),
                _p(row),
                _range(row.observed_expected),
                percent_interval(
                    row.sensitivity.value, row.sensitivity.low, row.sensitivity.high
                ),
            )
            for row in report.subgroups
        ),
    )  # fmt: skip


def _p(row: SubgroupRow) -> str:
    if row.reference:
        return ""
    return number(row.auroc_gap_p) + (" (worse)" if row.shown_worse else "")


def _count(value: int | None, *, suppressed: bool) -> str:
    return "hidden" if value is None and suppressed else count(value)


def _range(found: Range) -> str:
    return interval(found.value, found.low, found.high)


def picture(report: ValidationReport) -> Picture | None:
    """Return the picture with its words, or None when no subgroup was asked for."""
    if not report.subgroups:
        return None
    shown = [row for row in report.subgroups if row.auroc.value is not None]
    least = min(shown, key=lambda row: row.auroc.value or 0.0, default=None)
    lowest = (
        f" Lowest AUROC: {least.attribute} {least.group}, {_range(least.auroc)}." if least else ""
    )
    return Picture(
        name="subgroups",
        title="Subgroups",
        alt=f"Forest plot of {len(report.subgroups)} groups.{lowest}",
        caption="Each square is one group with its rows, the line its 95 % interval. The p-value "
        "is that of the difference, adjusted (Holm) for how many groups were looked at. “Not "
        "shown” means that there are too few events to say anything, which is not the same as "
        "being safe. “Hidden” protects patients in small groups.",
        draw=lambda: draw(report),
        table=table(report),
    )
