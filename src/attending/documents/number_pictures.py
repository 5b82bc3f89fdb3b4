"""Numbers and counts: whether 5 days foretold come out as 5 days, and in each group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.documents.canvas import BLUE, INK, REFERENCE, sheet
from attending.documents.numbers import (
    NOT_SHOWN,
    count,
    interval,
    number,
    percent,
    percent_interval,
)
from attending.documents.picture import Picture, Table

if TYPE_CHECKING:
    from attending.records.number_validation import NumberFigures
    from attending.records.range import Range
    from attending.records.validation import ValidationReport


def studied_numbers(report: ValidationReport, held: NumberFigures) -> str:
    """Return one sentence on the numbers that were observed."""
    patients = f" of {count(report.patients)} patients" if report.patients else ""
    days = (
        f" from {report.start:%Y-%m-%d} to {report.end:%Y-%m-%d}"
        if report.start and report.end
        else f" on a {report.calendar} calendar"
    )
    middle = (
        f"; half lie from {number(held.quartiles[0])} to {number(held.quartiles[2])}"
        if held.quartiles
        else ""
    )
    return (
        f"{count(report.n)} predictions{patients}{days}; observed on average: "
        f"{number(held.mean)} {held.unit}{middle}."
    )


def draw(held: NumberFigures) -> bytes:
    """Return observed against foretold in groups of equal size as SVG."""
    with sheet(5.6, 5.2) as drawing:
        axes = drawing.figure.subplots()
        foretold = [each.predicted for each in held.bins]
        observed = [each.observed.value or 0.0 for each in held.bins]
        low = [
            _end(each.observed.low, mean) for each, mean in zip(held.bins, observed, strict=True)
        ]
        high = [
            _end(each.observed.high, mean) for each, mean in zip(held.bins, observed, strict=True)
        ]
        end = 1.05 * max([*foretold, *high, 1e-9])
        axes.plot([0, end], [0, end], label="observed as foretold", **REFERENCE)
        axes.errorbar(
            foretold,
            observed,
            yerr=[
                [mean - edge for mean, edge in zip(observed, low, strict=True)],
                [edge - mean for mean, edge in zip(observed, high, strict=True)],
            ],
            fmt="o",
            color=INK,
            ecolor=BLUE,
            markersize=5,
            capsize=3,
            linewidth=1.4,
            label="groups of equal size",
        )
        axes.set(xlim=(0, end), ylim=(min(0.0, *low), end))
        axes.set(xlabel=f"Foretold {held.unit}, mean", ylabel=f"Observed {held.unit}, mean")
        axes.grid(visible=True)
        axes.legend(loc="upper left")
    return drawing.svg


def _end(edge: float | None, mean: float) -> float:
    return mean if edge is None else edge


def table(held: NumberFigures) -> Table:
    """Return the groups of equal size as rows."""
    return Table(
        caption="Observed and foretold in groups of equal size",
        header=("Group", f"Foretold {held.unit}", f"Observed {held.unit}", "Rows"),
        rows=tuple(
            (str(at), number(each.predicted), _range(each.observed), count(each.n))
            for at, each in enumerate(held.bins, start=1)
        ),
    )


def picture(report: ValidationReport) -> Picture | None:
    """Return the picture with its words, or None where the outcome is yes or no."""
    held = report.number
    if held is None or not held.bins:
        return None
    slope = report.estimate("number_slope")
    figures = (
        f"slope {interval(slope.value, slope.low, slope.high)}" if slope else "slope not asked"
    )
    return Picture(
        name="numbers",
        title="Observed against foretold",
        alt=f"Observed against foretold {held.unit} in {len(held.bins)} groups; {figures}.",
        caption="A point on the dotted line means that what was foretold came, on average, in "
        f"that group. Lines are 95 % intervals that know which rows share {held.cluster}. "
        f"Here: {figures}.",
        draw=lambda: draw(held),
        table=table(held),
    )


def tables(report: ValidationReport) -> list[Table]:
    """Return how the interval kept its promise, and the model in each group."""
    held = report.number
    return [] if held is None else [_promise(report, held), _groups(held)]


def _promise(report: ValidationReport, held: NumberFigures) -> Table:
    """Return coverage, width and pinball loss of every model that has an interval."""
    names = ("interval_coverage", "interval_width", "pinball_loss")
    rows = []
    for figures in report.figures:
        found = {each.name: each for each in figures.estimates}
        if "interval_coverage" not in found:
            continue
        covered = found["interval_coverage"]
        others = [found.get(name) for name in names[1:]]
        rows.append(
            (
                figures.label,
                percent(held.level),
                percent_interval(covered.value, covered.low, covered.high),
                *(interval(e.value, e.low, e.high) if e else NOT_SHOWN for e in others),
            )
        )
    return Table(
        caption="Did the interval hold what it promised?",
        header=("Model", "Promised", "Held", f"Mean width, {held.unit}", "Pinball loss"),
        rows=tuple(rows),
    )


def _groups(held: NumberFigures) -> Table:
    return Table(
        caption="The model in each group",
        header=(
            "Group",
            "Rows",
            held.cluster.capitalize(),
            f"Mean absolute error, {held.unit}",
            f"Mean error, {held.unit}",
            "Observed / expected",
            "In its interval",
        ),
        rows=tuple(
            (
                f"{row.attribute}: {row.group}",
                "hidden" if row.suppressed else count(row.n),
                "hidden" if row.suppressed else _clusters(held, row.clusters),
                _range(row.mae),
                _range(row.mean_error),
                _range(row.observed_expected),
                percent_interval(row.coverage.value, row.coverage.low, row.coverage.high),
            )
            for row in held.groups
        ),
    )


def _clusters(held: NumberFigures, found: int | None) -> str:
    """Return how many patients or units; units are no persons, so few of them are no secret."""
    if found is None:
        return NOT_SHOWN
    return str(found) if held.cluster == "units" else count(found)


def _range(found: Range) -> str:
    return interval(found.value, found.low, found.high)
