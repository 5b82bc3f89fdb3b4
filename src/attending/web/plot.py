"""Places of a picture: figures of a record scaled to a drawing, and nothing else worked out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from attending.records.monitoring import Verdict
    from attending.records.watch_picture import InputShares, MonthOfOutcomes, WeekOfWork

#: A drawing is so wide and so high, without its labels.
WIDE, HIGH = 320.0, 120.0
#: A ratio beyond this is drawn at the edge; the table has it whole.
MOST_RATIO = 3.0
WEEKS_A_BLOCK = 13


@dataclass(frozen=True)
class Dot:
    """One figure: where it stands, its interval, and what it is; `y` is None where it is not."""

    x: float
    y: float | None
    low: float | None = None
    high: float | None = None
    says: str = ""


@dataclass(frozen=True)
class Bar:
    """One bar from the ground up."""

    x: float
    width: float
    height: float
    inner: float = 0.0
    says: str = ""


@dataclass(frozen=True)
class Lines:
    """Dots with a line through them, between two figures of the axis."""

    dots: tuple[Dot, ...]
    path: str
    low: float
    high: float
    first: str
    last: str
    bound: float | None = None
    shades: tuple[Bar, ...] = ()


@dataclass(frozen=True)
class Square:
    """One day of a calendar; without a verdict where `answer` is empty."""

    column: int
    row: int
    day: str
    answer: str
    says: str


@dataclass(frozen=True)
class Block:
    """Thirteen weeks of a calendar; `months` say at which column one begins."""

    squares: tuple[Square, ...]
    months: tuple[tuple[int, str], ...]


def scaled(value: float, low: float, high: float, *, length: float) -> float:
    """Return a figure as a distance from the low end, never beyond the ends.

    >>> scaled(1.5, 1.0, 2.0, length=100.0), scaled(9.0, 1.0, 2.0, length=100.0)
    (50.0, 100.0)
    """
    part = (value - low) / (high - low) if high > low else 0.5
    return round(min(max(part, 0.0), 1.0) * length, 1)


def lines(
    points: Sequence[tuple[str, float | None, float | None, float | None]],
    *,
    bound: float | None = None,
    ends: tuple[float, float] | None = None,
    shades: tuple[Bar, ...] = (),
) -> Lines:
    """Return figures over time as dots with a line through those that are there.

    Args:
        points: label, figure, and the ends of its interval.
        bound: a figure that is drawn across.
        ends: of the axis; those of the figures when None.
        shades: what is drawn behind.

    >>> lines([("a", 1.0, None, None), ("b", 2.0, None, None)]).path
    'M0.0 120.0L320.0 0.0'
    """
    seen = [part for _, *some in points for part in some if part is not None]
    seen += [bound] if bound is not None else []
    low, high = ends or ((min(seen), max(seen)) if seen else (0.0, 1.0))
    step = WIDE / max(len(points) - 1, 1)
    dots = []
    for at, (says, value, under, over) in enumerate(points):
        places = [_up(part, low, high) for part in (value, under, over)]
        x = round(at * step, 1) if len(points) > 1 else WIDE / 2
        dots.append(Dot(x, places[0], places[1], places[2], says))
    drawn = [one for one in dots if one.y is not None]
    path = "".join(f"{'L' if at else 'M'}{one.x} {one.y}" for at, one in enumerate(drawn))
    names = [one[0] for one in points]
    return Lines(
        tuple(dots), path, low, high, names[0] if names else "", names[-1] if names else "",
        bound=_up(bound, low, high), shades=shades,
    )  # fmt: skip


def _up(value: float | None, low: float, high: float) -> float | None:
    return None if value is None else round(HIGH - scaled(value, low, high, length=HIGH), 1)


def months(found: Sequence[MonthOfOutcomes]) -> Lines:
    """Return observed over expected by month, with what is not yet mature shaded behind."""
    points = [(one.month, one.ratio, one.low, one.high) for one in found]
    step = WIDE / max(len(found) - 1, 1)
    shades = []
    for at, one in enumerate(found):
        first, last = (max(0.0, (at - 0.5) * step), min(WIDE, (at + 0.5) * step))
        says = f"{one.month}: {one.maturity:.0%} mature"
        height = round((1 - one.maturity) * HIGH, 1)
        shades.append(Bar(round(first, 1), round(last - first, 1), height, says=says))
    shades = [one for one in shades if one.height]
    return lines(points, bound=1.0, ends=(0.0, MOST_RATIO), shades=tuple(shades))


def weeks(found: Sequence[WeekOfWork]) -> tuple[Bar, ...]:
    """Return predictions a week as bars, with the alerts among them inside."""
    most = max((one.predictions for one in found), default=0)
    step = WIDE / max(len(found), 1)
    return tuple(
        Bar(
            round(at * step + step * 0.1, 1),
            round(step * 0.8, 1),
            scaled(one.predictions, 0, most or 1, length=HIGH),
            scaled(one.alerts, 0, most or 1, length=HIGH),
            says=one.begins,
        )
        for at, one in enumerate(found)
    )


def shares(found: InputShares) -> tuple[Bar, ...]:
    """Return the bins of an input: now as a bar, then as the mark inside."""
    most = max((*found.then, *found.now), default=1.0) or 1.0
    step = WIDE / max(len(found.now), 1)
    return tuple(
        Bar(
            round(at * step + step * 0.08, 1),
            round(step * 0.84, 1),
            scaled(now, 0, most, length=HIGH),
            scaled(then, 0, most, length=HIGH),
            says=name,
        )
        for at, (name, then, now) in enumerate(zip(bins(found), found.then, found.now, strict=True))
    )


def bins(found: InputShares) -> tuple[str, ...]:
    """Return what each bin of an input holds, in words; the last holds what is missing."""
    edges = [f"{edge:.4g}" for edge in found.edges]
    known = len(found.now) - 1
    names = [f"up to {edge}" for edge in edges] + ([f"above {edges[-1]}"] if edges else ["any"])
    names += ["–"] * (known - len(names))
    return (*names[:known], "missing")


def calendar(days: Mapping[date, Verdict], *, until: date, blocks: int = 2) -> tuple[Block, ...]:
    """Return verdicts by day in blocks of thirteen weeks that begin on Mondays.

    Args:
        days: the last verdict of each day.
        until: the last day that is drawn.
        blocks: how many, the oldest first.
    """
    monday = until - timedelta(days=until.weekday())
    first = monday - timedelta(weeks=blocks * WEEKS_A_BLOCK - 1)
    return tuple(
        _block(days, first + timedelta(weeks=WEEKS_A_BLOCK * at), until) for at in range(blocks)
    )


def _block(days: Mapping[date, Verdict], first: date, until: date) -> Block:
    squares, months = [], []
    for at in range(WEEKS_A_BLOCK * 7):
        day = first + timedelta(days=at)
        column, row = divmod(at, 7)
        if row == 0 and (at == 0 or day.day <= 7):
            months.append((column, f"{day:%b}"))
        if day > until:
            continue
        found = days.get(day)
        answer = found.answer if found else ""
        says = f"{day}: {f'{answer}, {found.version}' if found else 'no verdict'}"
        squares.append(Square(column, row, str(day), answer, says))
    # Two names of months would run into each other where the first week has a few days of one.
    if len(months) > 1 and months[1][0] - months[0][0] < 2:
        del months[0]
    return Block(tuple(squares), tuple(months))
