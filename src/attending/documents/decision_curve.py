"""Decision curve: whether acting on the model does more good than acting on all or on none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.documents.canvas import BLUE, GREY, Drawn, sheet, short_label
from attending.documents.lines import label_of, lines, of_whom
from attending.documents.numbers import interval, number, percent
from attending.documents.picture import Picture, Table

if TYPE_CHECKING:
    from attending.records.validation import DecisionRow, ValidationReport

_ROWS = 10
_ALL = {"color": GREY, "linestyle": "-", "linewidth": 1.4}


def draw(report: ValidationReport) -> bytes:
    """Return the curves as SVG."""
    rows = report.decision_curve
    with sheet(6.4, 4.4) as drawing:
        axes = drawing.figure.add_subplot()
        axes.axhline(0, color=GREY, linewidth=1.4, linestyle=(0, (1, 2)), label="act on none")
        _line(axes, rows, values=[row.treat_all for row in rows], label="act on all", style=_ALL)
        for name, line in lines(report).items():
            values = [_benefit(row, name) for row in rows]
            _line(axes, rows, values=values, label=short_label(line.label), style=line.style)
        _band(axes, rows)
        axes.set(xlabel="Risk from which the team would act", ylabel="Net benefit")
        axes.set_ylim(*_limits(rows))
        axes.grid(visible=True)
        axes.legend(loc="upper right")
    return drawing.svg


def _benefit(row: DecisionRow, name: str) -> float | None:
    if name == "model":
        return row.model.value
    return row.baselines.get(name, row.others.get(name))


def _line(
    axes: Drawn,
    rows: tuple[DecisionRow, ...],
    *,
    values: list[float | None],
    label: str,
    style: dict[str, object],
) -> None:
    shown = [(row.threshold, v) for row, v in zip(rows, values, strict=True) if v is not None]
    if shown:
        axes.plot(*zip(*shown, strict=True), label=label, **style)


def _band(axes: Drawn, rows: tuple[DecisionRow, ...]) -> None:
    held = [
        (row.threshold, row.model.low, row.model.high)
        for row in rows
        if row.model.low is not None and row.model.high is not None
    ]
    if held:
        at, low, high = zip(*held, strict=True)
        axes.fill_between(at, low, high, color=BLUE, alpha=0.15, linewidth=0)


def _limits(rows: tuple[DecisionRow, ...]) -> tuple[float, float]:
    """Return the ends of the upright axis; acting on all may fall out of sight below."""
    tops = [row.model.high or row.model.value or 0.0 for row in rows]
    tops += [row.treat_all or 0.0 for row in rows]
    top = max(tops, default=0.1)
    return -0.25 * top, 1.15 * top or 0.1


def table(report: ValidationReport) -> Table:
    """Return rows of the curves, evenly taken over the thresholds."""
    others = list(
        dict.fromkeys(n for row in report.decision_curve for n in (*row.baselines, *row.others))
    )
    step = max(1, -(-len(report.decision_curve) // _ROWS))
    return Table(
        caption="Net benefit at thresholds; acting on none is 0",
        header=(
            "Act from",
            "Model",
            *(label_of(report, name) for name in others),
            "Act on all",
            "Avoided per 100",
        ),
        rows=tuple(
            (
                percent(row.threshold),
                interval(row.model.value, row.model.low, row.model.high),
                *(number(_benefit(row, name)) for name in others),
                number(row.treat_all),
                number(row.avoided_per_100),
            )
            for row in report.decision_curve[::step]
        ),
    )


def picture(report: ValidationReport) -> Picture | None:
    """Return the picture with its words, or None when no threshold was asked for."""
    rows = report.decision_curve
    if not rows:
        return None
    return Picture(
        name="decision-curve",
        title="Clinical utility",
        alt="Net benefit of acting on the model, on the baselines, on all and on none, for "
        f"thresholds from {percent(rows[0].threshold)} to {percent(rows[-1].threshold)}.",
        caption="The higher line does more good: patients with the event who are found, less false "
        "alarms weighed by how much worse it is to miss one. A line below another at a threshold "
        f"means that the other is the better way to decide there.{of_whom(report)}",
        draw=lambda: draw(report),
        table=table(report),
    )
