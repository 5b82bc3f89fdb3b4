"""Thresholds and workload: what each threshold finds, and how many alerts it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.documents.canvas import BASELINE, GREEN, INK, MODEL, Drawn, sheet
from attending.documents.lines import label_of, of_whom
from attending.documents.numbers import interval, number, percent, percent_interval
from attending.documents.picture import Picture, Table

if TYPE_CHECKING:
    from attending.records.range import Range
    from attending.records.validation import ThresholdRow, ValidationReport

#: More columns than these do not fit on a page.
_FITS = 5
_RULES = {
    "risk": "a risk of {}",
    "alerts_per_day": "{} alerts a day",
    "alerts_per_100": "{} alerts per 100",
}


def asked(row: ThresholdRow) -> str:
    """Return what the team asked for, in words.

    >>> from attending.records.validation import ThresholdRow
    >>> from attending.records.validation_parts import Range
    >>> empty = dict.fromkeys(("sensitivity", "specificity", "ppv", "npv"), Range())
    >>> empty |= dict.fromkeys(("alert_rate", "net_benefit"), Range())
    >>> empty |= dict.fromkeys(("nne", "alerts_per_day", "busy_day", "alerts_per_100_patients"))
    >>> asked(ThresholdRow(model="m", rule="alerts_per_day", asked=12.0, threshold=0.2,
    ...                    patients_alerted_per_100=None, **empty))
    '12 alerts a day'
    """
    figure = f"{row.asked:g}" if row.rule != "risk" else percent(row.asked)
    return _RULES.get(row.rule, "{}").format(figure)


def draw(report: ValidationReport) -> bytes:
    """Return sensitivity, specificity and precision over the threshold as SVG."""
    points = sorted(
        (p for curves in report.curves if curves.model == "model" for p in curves.points),
        key=lambda point: point.threshold,
    )
    at = [point.threshold for point in points]
    with sheet(6.4, 4.2) as drawing:
        axes = drawing.figure.add_subplot()
        axes.plot(at, [p.sensitivity for p in points], label="sensitivity", **MODEL)
        axes.plot(at, [p.precision for p in points], label="precision (PPV)", **BASELINE)
        axes.plot(
            at, [p.specificity for p in points], label="specificity",
            color=GREEN, linestyle=(0, (1, 1)), linewidth=2,
        )  # fmt: skip
        _marks(axes, [row for row in report.thresholds if row.model == "model"])
        axes.set(xlabel="Risk from which a patient is flagged", ylabel="Share", ylim=(-0.01, 1.16))
        axes.grid(visible=True)
        drawing.figure.legend(loc="outside lower center", ncols=3)
    return drawing.svg


def _marks(axes: Drawn, rows: list[ThresholdRow]) -> None:
    """Mark each threshold with a letter that the table names; close ones do not overlap."""
    for at, row in enumerate(rows):
        axes.axvline(row.threshold, color=INK, linewidth=1, ymax=0.9)
        axes.annotate(
            _letter(at),
            (row.threshold, 1.055 + 0.05 * (at % 2)),
            ha="center",
            va="center",
            fontweight="bold",
        )


def _letter(at: int) -> str:
    return chr(ord("A") + at % 26)


def table(report: ValidationReport) -> Table:
    """Return one column a threshold; the letters are those of the picture."""
    rows = _columns(report)
    return Table(
        caption="What each threshold finds, and what it costs",
        header=("Figure", *_headings(report)),
        rows=(
            ("Asked", *(asked(row) for row in rows)),
            ("Flag from a risk of", *(percent(row.threshold) for row in rows)),
            ("Sensitivity", *(_share(row.sensitivity) for row in rows)),
            ("Specificity", *(_share(row.specificity) for row in rows)),
            ("Positive predictive value", *(_share(row.ppv) for row in rows)),
            ("Negative predictive value", *(_share(row.npv) for row in rows)),
            ("Flagged for each event found", *(number(row.nne) for row in rows)),
            ("Share flagged", *(_share(row.alert_rate) for row in rows)),
            ("Alerts a day", *(number(row.alerts_per_day) for row in rows)),
            ("Alerts on a busy day (1 in 10)", *(number(row.busy_day) for row in rows)),
            ("Alerts per 100 patients", *(number(row.alerts_per_100_patients) for row in rows)),
            ("Net benefit", *(_range(row.net_benefit) for row in rows)),
        ),
    )


def _columns(report: ValidationReport) -> list[ThresholdRow]:
    """Return the thresholds that fit on a page: all, or of others than the model the first only."""
    if len(report.thresholds) <= _FITS:
        return list(report.thresholds)
    first: dict[str, ThresholdRow] = {}
    for row in report.thresholds:
        first.setdefault(row.model, row)
    own = [row for row in report.thresholds if row.model == "model"]
    return [*own, *(row for name, row in first.items() if name != "model")]


def _headings(report: ValidationReport) -> list[str]:
    """Return the name of each column: a letter for the model's own thresholds."""
    names: list[str] = []
    letters = map(_letter, range(len(report.thresholds)))
    for row in _columns(report):
        label = label_of(report, row.model)
        names.append(f"{next(letters)} · {label}" if row.model == "model" else label)
    return names


def _share(found: Range) -> str:
    return percent_interval(found.value, found.low, found.high)


def _range(found: Range) -> str:
    return interval(found.value, found.low, found.high)


def picture(report: ValidationReport) -> Picture | None:
    """Return the picture with its words, or None when no threshold was asked for."""
    first = next((row for row in report.thresholds if row.model == "model"), None)
    if first is None:
        return None
    return Picture(
        name="thresholds",
        title="Thresholds and workload",
        alt="Sensitivity, specificity and precision over the threshold. At the first threshold, "
        f"{asked(first)}: sensitivity {percent(first.sensitivity.value)}, precision "
        f"{percent(first.ppv.value)}, {number(first.alerts_per_day)} alerts a day.",
        caption="Moving the threshold to the left finds more patients and costs more alerts. The "
        "letters are the thresholds of the table; A is the one that the validation plan "
        "names first."
        f"{of_whom(report)}",
        draw=lambda: draw(report),
        table=table(report),
    )
