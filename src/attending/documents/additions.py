"""What the model adds to what is used today: the baseline alone, and both together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.documents.canvas import BLUE, GREY, VERMILLION, sheet, short_label
from attending.documents.lines import label_of
from attending.documents.numbers import NOT_SHOWN, count, interval, number, percent
from attending.documents.picture import Picture, Table

if TYPE_CHECKING:
    from attending.records.range import Range
    from attending.records.validation import ValidationReport
    from attending.records.validation_parts import DecisionsRow

_AT = {
    "equal_alerts": "at as many alerts, events found",
    "equal_sensitivity": "at as many events found, share flagged",
}
_SAYS = {"better": "better", "worse": "worse", "not_shown": NOT_SHOWN}


def draw(report: ValidationReport) -> bytes:
    """Return the AUROC of each baseline alone and with the model as SVG."""
    rows = report.increments[::-1]
    with sheet(6.6, max(1.9, 1.2 + 0.5 * len(rows))) as drawing:
        axes = drawing.figure.add_subplot()
        for at, row in enumerate(rows):
            if row.auroc_alone is None or row.auroc_both is None:
                axes.annotate(
                    NOT_SHOWN, (0.5, at), xycoords=("axes fraction", "data"),
                    ha="center", va="center", color=GREY, fontsize=9,
                )  # fmt: skip
                continue
            ends = (row.auroc_alone, row.auroc_both)
            axes.plot(ends, [at, at], color=GREY, linewidth=1.6)
            axes.plot(
                [ends[0]], [at], marker="o", color=VERMILLION, linestyle="none", markersize=8,
                label="the baseline alone" if at == 0 else None,
            )  # fmt: skip
            axes.plot(
                [ends[1]], [at], marker="s", color=BLUE, linestyle="none", markersize=8,
                label="with the model" if at == 0 else None,
            )  # fmt: skip
        names = [short_label(label_of(report, row.baseline), width=26) for row in rows]
        axes.set_yticks(range(len(rows)), names)
        axes.set_ylim(-0.6, len(rows) - 0.4)
        axes.set_xlabel("AUROC of fits that did not see the patient")
        axes.grid(visible=True, axis="x")
        drawing.figure.legend(loc="outside lower center", ncols=2)
    return drawing.svg


def table(report: ValidationReport) -> Table:
    """Return one row a baseline."""
    at = list(report.increments[0].net_benefit_gained) or list(
        next((row.net_benefit_gained for row in report.increments if row.net_benefit_gained), {})
    )
    return Table(
        caption="The baseline alone, and with the model",
        header=(
            "Baseline", "Rows", "AUROC alone", "With the model", "Gained",
            "Brier score lower by", *(f"Net benefit gained at {float(t):.0%}" for t in at),
        ),
        rows=tuple(
            (
                label_of(report, row.baseline),
                count(row.rows),
                number(row.auroc_alone),
                number(row.auroc_both),
                _range(row.auroc_gained),
                _range(row.brier_gained),
                *(_range_of(row.net_benefit_gained.get(t)) for t in at),
            )
            for row in report.increments
        ),
    )  # fmt: skip


def decisions_table(report: ValidationReport) -> Table:
    """Return the model beside recorded decisions."""
    return Table(
        caption="Beside the decisions that people took",
        header=("Decisions, compared how", "Rows", "Model flags from", "Model", "Decisions",
                "Difference", "Shown"),
        rows=tuple(
            (
                f"{label_of(report, row.baseline)}, {_AT[row.at]}",
                count(row.rows),
                percent(row.threshold),
                percent(row.model_value),
                percent(row.decision_value),
                _points(row),
                _SAYS[row.verdict],
            )
            for row in report.decisions
        ),
    )  # fmt: skip


def _points(row: DecisionsRow) -> str:
    found = row.difference
    if found.value is None or found.low is None or found.high is None:
        return NOT_SHOWN
    return interval(100 * found.value, 100 * found.low, 100 * found.high) + " points"


def _range(found: Range) -> str:
    return interval(found.value, found.low, found.high)


def _range_of(found: Range | None) -> str:
    return NOT_SHOWN if found is None else _range(found)


def picture(report: ValidationReport) -> Picture | None:
    """Return the picture with its words, or None without a baseline."""
    if not report.increments:
        return None
    told = "; ".join(
        f"{label_of(report, row.baseline)}: {_range(row.auroc_gained)}" for row in report.increments
    )
    return Picture(
        name="additions",
        title="What the model adds to what is used today",
        alt=f"AUROC of each baseline alone and with the model. Gained: {told}.",
        caption="A model need not replace what is used today; it may add to it. The further the "
        "square stands to the right of the circle, the more it adds. A score in points is no risk, "
        "so each is fitted anew here, on other patients: alone, its AUROC may differ a little from "
        f"that of its points, above. Gained with 95 % interval: {told}.",
        draw=lambda: draw(report),
        table=table(report),
    )
