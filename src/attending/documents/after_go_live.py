"""Outcomes after go-live as a page: what changed, how sure that is, and what it cannot tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.documents.canvas import BLUE, GREY, VERMILLION, sheet
from attending.documents.numbers import NOT_SHOWN, count, interval, number, percent
from attending.documents.pages import document
from attending.documents.picture import Picture, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.records.after_go_live import AfterReport, Beside, Change, Fairness

_NAMED = {"outcome": "The outcome", "process": "Care", "harm": "Harm", "workload": "Work"}


def after_document(report: AfterReport, *, synthetic: bool) -> bytes:
    """Return the report as stand-alone HTML: no script, nothing from elsewhere.

    Args:
        report: what is known since go-live.
        synthetic: whether the data are made up; said first on every print.
    """
    return document(
        "after_go_live.html.j2",
        synthetic=synthetic,
        report=report,
        sentences=sentences(report),
        went_live=Table(
            caption="When each site went live",
            header=("Site", "Since"),
            rows=tuple((one.site, one.at.strftime("%Y-%m-%d")) for one in report.went_live),
            numeric=False,
        ),
        changes=_changes(report),
        beside=_beside(report),
        fairness=_fairness(report),
        use=_use(report),
        incidents=Table(
            caption="Incidents since go-live",
            header=("Harm that may have been done", "Incidents"),
            rows=tuple((name, str(n)) for name, n in report.incidents.items()),
        ),
        picture=_picture(report),
    )


def sentences(report: AfterReport) -> tuple[str, ...]:
    """Return what the report shows, in sentences that a clinician reads."""
    whole = [one for one in report.changes if not one.group]
    made = [_sentence(report, one) for one in whole]
    made += [_aside(one) for one in report.beside if one.value is not None]
    made += [_elsewhere(one) for one in report.changes if one.group == "not live" and one.level]
    made += [_unlike(one) for one in report.fairness if one.alike is False]
    worse = [one for one in report.changes if "=" in one.group and one.direction == "worse"]
    made += [f"{_subject(report, one)} got worse where {one.group}." for one in worse]
    return tuple(made)


def _subject(report: AfterReport, one: Change) -> str:
    return report.outcome if one.kind == "outcome" else one.measure


def _sentence(report: AfterReport, one: Change) -> str:
    what = _subject(report, one)
    if one.level is None or one.level_low is None or one.level_high is None:
        return f"{what}: too little is known to say whether it changed ({one.why})."
    times = interval(one.level, one.level_low, one.level_high)
    if one.direction == "unclear":
        return (
            f"{what}: no clear change. Just after go-live it happened {times} times as often as "
            "the months before had led to; anything in that range is possible."
        )
    better = "better" if one.direction == "better" else "worse"
    return (
        f"{what}: {better}. Just after go-live it happened {times} times as often as the months "
        "before had led to."
    )


def _aside(one: Beside) -> str:
    rate = interval(*(None if x is None else 100 * x for x in (one.value, one.low, one.high)))
    clear = {"better": "better", "worse": "worse"}.get(one.direction, "no clear difference")
    return (
        f"{one.measure}, {one.sites} sites that went live at different times: {clear}; "
        f"{rate} per 100 stays beside sites that were not live in the same month."
    )


def _elsewhere(one: Change) -> str:
    times = interval(one.level, one.level_low, one.level_high)
    return f"{one.measure} at sites without the model, same months: {times} times."


def _unlike(one: Fairness) -> str:
    return (
        f"{one.measure} did not change alike in all groups of {one.attribute} (p {number(one.p)}): "
        "look at who benefits less."
    )


def _changes(report: AfterReport) -> Table:
    return Table(
        caption="Before and after going live",
        header=(
            "Measure",
            "Stays",
            "Before",
            "After",
            "Level, times",
            "Growth a year, times",
            "In words",
        ),
        rows=_together([_row(one) for one in report.changes]),
    )


def _together(rows: Sequence[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """Return the rows of a measure of which nothing is shown, for the same reason, as one.

    >>> _together([("Harm", "F", "not shown", "few"), ("Harm", "M", "not shown", "few")])
    (('Harm', 'F; M', 'not shown', 'few'),)
    """
    places: dict[tuple[str, ...], list[str]] = {}
    for at, (name, where, *rest) in enumerate(rows):
        shown = any(one != NOT_SHOWN for one in rest[:-1])
        places.setdefault((name, *rest, str(at) if shown else ""), []).append(where)
    return tuple((name, "; ".join(of), *rest) for (name, *rest, _), of in places.items())


def _row(one: Change) -> tuple[str, ...]:
    level = interval(one.level, one.level_low, one.level_high)
    slope = interval(one.slope, one.slope_low, one.slope_high)
    words = one.why or one.direction.replace("unclear", "no clear change")
    where = one.group.replace("=", ": ") or "all that went live"
    name = f"{_NAMED[one.kind]}: {one.measure}" if one.kind != "outcome" else "The outcome"
    return (name, where, percent(one.rate_before), percent(one.rate_after), level, slope, words)


def _beside(report: AfterReport) -> Table:
    return Table(
        caption="Live sites beside sites that were not live yet",
        header=("Measure", "Sites", "Months", "Difference per 100 stays", "In words"),
        rows=tuple(
            (
                one.measure,
                str(one.sites),
                str(one.months),
                interval(*(None if x is None else 100 * x for x in (one.value, one.low, one.high))),
                one.why or one.direction.replace("unclear", "no clear difference"),
            )
            for one in report.beside
        ),
    )


def _fairness(report: AfterReport) -> Table:
    def words(one: Fairness) -> str:
        if one.alike is None:
            return f"{NOT_SHOWN}: {one.why}"
        return "no sign that it differs" if one.alike else "not alike"

    return Table(
        caption="Did every group change alike?",
        header=("Measure", "Groups of", "Shown", "p", "In words"),
        rows=tuple(
            (one.measure, one.attribute, str(one.groups), number(one.p), words(one))
            for one in report.fairness
        ),
    )


def _use(report: AfterReport) -> Table:
    return Table(
        caption="How the score was used",
        header=(
            "Quarter", "Predictions", "Alerts", "Alerts a day", "Acknowledged", "Overridden",
            "Hours to answer",
        ),
        rows=tuple(
            (
                one.quarter,
                count(one.predictions),
                count(one.alerts),
                number(one.alerts / one.days),
                percent(one.acknowledged),
                percent(one.overridden),
                number(one.hours_to_answer),
            )
            for one in report.use
        ),
    )  # fmt: skip


def draw(report: AfterReport) -> bytes:
    """Return the monthly rate of the outcome with the months of going live, as SVG."""
    names = [one.month for one in report.months]
    shown = [
        (at, 100 * one.events / one.stays)
        for at, one in enumerate(report.months)
        if one.events is not None and one.stays
    ]
    with sheet(7.0, 3.4) as drawing:
        axes = drawing.figure.add_subplot()
        axes.plot([at for at, _ in shown], [rate for _, rate in shown], color=BLUE, marker="o",
                  markersize=4, label="each month")  # fmt: skip
        for place, one in enumerate(report.went_live):
            month = one.at.strftime("%Y-%m")
            if month in names:
                axes.axvline(names.index(month), color=VERMILLION, linestyle="--", linewidth=1.2,
                             label="a site goes live" if place == 0 else None)  # fmt: skip
        step = max(len(names) // 8, 1)
        axes.set_xticks(range(0, len(names), step), names[::step])
        axes.set_ylim(bottom=0)
        axes.set_ylabel("Of 100 stays", color=GREY)
        axes.grid(visible=True)
        drawing.figure.legend(loc="outside lower center", ncols=2)
    return drawing.svg


def _picture(report: AfterReport) -> Picture | None:
    if len(report.months) < 2:
        return None
    return Picture(
        name="months",
        title="The outcome, month by month",
        alt=f"The rate of the outcome in {len(report.months)} months, and when sites went live.",
        caption="Of 100 eligible stays with a known outcome. Months with few events are not drawn.",
        draw=lambda: draw(report),
        table=Table(
            caption="Stays and events of each month",
            header=("Month", "Stays", "Events"),
            rows=tuple(
                (one.month, count(one.stays), "≤10" if one.events is None else str(one.events))
                for one in report.months
            ),
        ),
    )
