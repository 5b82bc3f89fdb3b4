"""A threshold for each unit or site: what more alerts would find there, and where it stops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.documents.canvas import BLUE, GREY, INK, VERMILLION, Drawn, sheet, short_label
from attending.documents.numbers import NOT_SHOWN, count, number, percent, percent_interval
from attending.documents.picture import Picture, Table

if TYPE_CHECKING:
    from attending.records.range import Range
    from attending.records.validation import ValidationReport
    from attending.records.validation_parts import PlacePoint, PlaceRow

_COLUMNS = 3
#: More places than these stand in the table only.
_MOST = 12
_CAPACITY = {"color": VERMILLION, "linestyle": (0, (5, 2)), "linewidth": 1.6}
_BOUND = {"capacity": "its capacity", "harm": "harm", "": NOT_SHOWN}


def draw(report: ValidationReport) -> bytes:
    """Return one small trade-off curve a place as SVG, all on the same axes."""
    rows = report.places[:_MOST]
    across = min(_COLUMNS, len(rows))
    down = -(-len(rows) // across)
    with sheet(2.5 * across + 0.5, 2.7 * down + 0.5) as drawing:
        grid = drawing.figure.subplots(down, across, squeeze=False, sharey=True)
        for at, axes in enumerate(grid.flat):
            if at < len(rows):
                _panel(axes, rows[at])
            else:
                axes.set_axis_off()
        for axes in grid[:, 0]:
            axes.set_ylabel("Events found")
    return drawing.svg


def _panel(axes: Drawn, row: PlaceRow) -> None:
    axes.set_title(short_label(row.place, width=22), fontweight="bold")
    axes.set_xlabel("Alerts a day" if row.rule == "alerts_per_day" else "Alerts per 100")
    axes.set_ylim(-0.02, 1.02)
    axes.grid(visible=True)
    if not row.curve:
        axes.annotate(
            NOT_SHOWN, (0.5, 0.5), xycoords="axes fraction", ha="center", va="center", color=GREY
        )
        axes.set_xticks([])
        return
    axes.plot(
        [_cost(row, point) for point in row.curve],
        [point.sensitivity for point in row.curve],
        color=BLUE,
        linewidth=2,
    )
    axes.axvline(row.capacity, **_CAPACITY)
    axes.annotate(
        "can act on", (row.capacity, 0.02), xytext=(-3, 0), textcoords="offset points",
        rotation=90, ha="right", va="bottom", color=VERMILLION, fontsize=8.5,
    )  # fmt: skip
    spent = row.alerts_per_day if row.rule == "alerts_per_day" else row.alerts_per_100
    if spent is not None and row.sensitivity.value is not None:
        marker = "o" if row.bound_by == "capacity" else "D"
        axes.plot([spent], [row.sensitivity.value], marker=marker, color=INK, markersize=7)


def _cost(row: PlaceRow, point: PlacePoint) -> float:
    if row.rule == "alerts_per_day" and point.alerts_per_day is not None:
        return point.alerts_per_day
    return point.alerts_per_100


def table(report: ValidationReport) -> Table:
    """Return one row a place: what was asked, what bounds it, what it finds, costs and changes."""
    return Table(
        caption="The threshold of each place",
        header=(
            "Place", "Predictions, events", "It can act on", "False alerts it accepts for an event",
            "Flag from a risk of", "Events found", "Alerts that the event follows",
            "Alerts a day; on a busy day", "What is done, instead of what",
        ),
        rows=tuple(
            (
                row.place,
                f"{_hidden(row.n)}, {_hidden(row.events)}",
                _capacity(row),
                f"{row.false_alerts_per_event:g}: not below {percent(row.by_harm)}",
                _flag_from(row),
                _share(row.sensitivity),
                _share(row.ppv),
                f"{number(row.alerts_per_day)}; {number(row.busy_day)}",
                f"{row.action}; instead of: {row.instead_of}",
            )
            for row in report.places
        ),
        numeric=False,
    )  # fmt: skip


def _flag_from(row: PlaceRow) -> str:
    if row.threshold is None:
        return NOT_SHOWN
    return f"{percent(row.threshold)}, bound by {_BOUND[row.bound_by]}"


def _hidden(value: int | None) -> str:
    return "hidden" if value is None else count(value)


def _capacity(row: PlaceRow) -> str:
    unit = "alerts a day" if row.rule == "alerts_per_day" else "alerts per 100"
    return f"{row.capacity:g} {unit}"


def _share(found: Range) -> str:
    return percent_interval(found.value, found.low, found.high)


def picture(report: ValidationReport) -> Picture | None:
    """Return the picture with its words, or None when no place was asked for."""
    if not report.places:
        return None
    told = "; ".join(
        f"{row.place}: flag from {percent(row.threshold)}, bound by {_BOUND[row.bound_by]}"
        for row in report.places
    )
    return Picture(
        name="places",
        title=f"A threshold for each {report.places_by}",
        alt=f"Events found over alerts, one curve a place. {told}.",
        caption="The further right, the more alerts and the more events found. The dashed line is "
        "what the place can act on. The mark is its threshold: a circle where capacity bounds it, "
        "a diamond where a lower one would do more harm than good."
        + (f" The first {_MOST} are drawn." if len(report.places) > _MOST else ""),
        draw=lambda: draw(report),
        table=table(report),
    )
