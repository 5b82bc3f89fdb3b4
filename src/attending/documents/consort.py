"""Cohort flow: who came in, who left at each step and why, and what became of the rest.

A step that leaves out 1 to 10 rows is told together with a neighbour, so that nobody can work out
the small number from what stands before and after it.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, NamedTuple

from attending.documents.canvas import GREY, INK, Drawn, sheet, short_label
from attending.documents.numbers import NOT_SHOWN, SMALLEST_COUNT, count
from attending.documents.picture import Picture, Table

if TYPE_CHECKING:
    from attending.records.cohort import Cohort, Step


class Told(NamedTuple):
    """One step as it is told: one or more steps of the record together."""

    title: str
    kept: int
    removed: int


def told(steps: tuple[Step, ...]) -> list[Told]:
    """Return the steps with small ones joined to a neighbour.

    >>> from attending.records.cohort import Step
    >>> told((Step(name="a", title="adult", kept=90, removed=10),
    ...       Step(name="b", title="alive", kept=70, removed=20)))
    [Told(title='adult; alive', kept=70, removed=30)]
    """
    done: list[Told] = []
    for step in steps:
        now = Told(step.title or step.name, step.kept, step.removed)
        if done and (_small(done[-1].removed) or _small(now.removed)):
            now = _joined(done.pop(), now)
        done.append(now)
    while len(done) > 1 and _small(done[0].removed):
        done[:2] = [_joined(done[0], done[1])]
    return done


def _joined(before: Told, after: Told) -> Told:
    return Told(f"{before.title}; {after.title}", after.kept, before.removed + after.removed)


def _small(removed: int) -> bool:
    return 0 < removed < SMALLEST_COUNT


#: Kinds of label that are a number or a count: nothing happens or does not.
_NUMBERS = frozenset({"length_of_stay", "remaining_days", "unit_count"})


def outcomes(cohort: Cohort) -> list[tuple[str, str]]:
    """Return what became of the rows; a small count hides the next smallest with it."""
    held = cohort.statuses
    rest = held.immature + held.censored + held.competing
    parts = [("event", held.event), ("no event", held.no_event), ("outcome not known", rest)]
    if cohort.label.get("kind") in _NUMBERS:
        unknown = cohort.rows - cohort.labelled
        parts = [("number known", cohort.labelled), ("not known", unknown)]
    if not any(_small(n) for _, n in parts):
        return [(name, count(n)) for name, n in parts]
    beside = min((n for _, n in parts if not _small(n) and n), default=None)
    return [(name, NOT_SHOWN if n == beside else count(n)) for name, n in parts]


def draw(cohort: Cohort) -> bytes:
    """Return the flow diagram as SVG."""
    steps = told(cohort.steps)
    left = [step for step in steps if step.removed]
    rows = 2 * len(left) + 2
    with sheet(7.0, 0.62 * rows + 0.6) as drawing:
        axes = drawing.figure.add_subplot()
        axes.set(xlim=(0, 10), ylim=(-rows + 0.4, 0.6))
        axes.axis("off")
        _box(axes, 0, text=_start(steps))
        for at, step in enumerate(left):
            _side(axes, -2 * at - 1, step=step)
            # The first box has a line more when its title is long.
            deep = 0.16 * (_start(steps).count("\n") - 1) if not at else 0.0
            _arrow(axes, -2 * at - deep, -2 * at - 2)
            says = "in the cohort" if step is left[-1] else "remaining"
            _box(axes, -2 * at - 2, text=f"{says}\n{count(step.kept)}")
        _end(axes, -rows + 1, cohort=cohort)
    return drawing.svg


def _start(steps: list[Told]) -> str:
    """Return what stands in the first box; where it would tell a small step, it is not shown."""
    if not steps:
        return "no steps"
    first = steps[0]
    title = "considered" if first.removed else short_label(first.title, width=34)
    figure = NOT_SHOWN if _small(first.removed) else count(first.kept + first.removed)
    return f"{title}\n{figure}"


def _box(axes: Drawn, y: float, *, text: str) -> None:
    axes.text(
        2.2, y, text, ha="center", va="center", linespacing=1.35,
        bbox={"boxstyle": "round,pad=0.45", "facecolor": "white", "edgecolor": INK},
    )  # fmt: skip


def _side(axes: Drawn, y: float, *, step: Told) -> None:
    axes.annotate("", xy=(4.3, y), xytext=(2.2, y), arrowprops={"arrowstyle": "->", "color": GREY})
    title = textwrap.shorten(step.title, 190, placeholder=" …")
    words = textwrap.fill(f"{count(step.removed)} did not meet: {title}", 52)
    axes.text(4.4, y, words, ha="left", va="center", fontsize=9.5)


def _arrow(axes: Drawn, top: float, bottom: float) -> None:
    axes.annotate(
        "", xy=(2.2, bottom + 0.42), xytext=(2.2, top - 0.42),
        arrowprops={"arrowstyle": "->", "color": INK},
    )  # fmt: skip


def _end(axes: Drawn, y: float, *, cohort: Cohort) -> None:
    words = " · ".join(f"{name} {figure}" for name, figure in outcomes(cohort))
    axes.text(0.4, y, words, ha="left", va="center", fontweight="bold")


def table(cohort: Cohort) -> Table:
    """Return the steps as rows."""
    return Table(
        caption="Steps of the cohort, in their order",
        header=("What must hold", "Left out", "Kept"),
        rows=tuple(
            (step.title, count(step.removed), count(step.kept)) for step in told(cohort.steps)
        ),
    )


def picture(cohort: Cohort) -> Picture:
    """Return the picture with its words."""
    return Picture(
        name="cohort",
        title="Who was studied",
        alt=f"Flow diagram of the cohort in {len(told(cohort.steps))} steps to "
        f"{count(cohort.rows)} rows.",
        caption="Rows are predictions; a patient may have several. Steps that leave out 1 to 10 "
        "rows are told together with a neighbour.",
        draw=lambda: draw(cohort),
        table=table(cohort),
    )
