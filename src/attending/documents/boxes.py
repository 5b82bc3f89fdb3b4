"""Boxes of words in columns, joined by lines from left to right: nothing cut, nothing overlaps.

Words are measured as they are drawn, and wrapped where a name may break; boxes grow with them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from attending.documents.canvas import GREY, INK, Drawn, sheet

if TYPE_CHECKING:
    from collections.abc import Sequence

_SIZE = 8.5  # points
_POINTS = 72.0
#: Inches: a box, and the room for lines beside it; four columns fit on a page of A4 upright.
_WIDE, _BETWEEN = 1.6, 0.28
_LINE, _PAD, _GAP, _EDGE, _HEAD = 0.16, 0.08, 0.14, 0.1, 0.42
_INDENT = "  "
#: A name may break after one of these.
_BREAKS = re.compile(r"[^\s/_\-.,;:@^]*[\s/_\-.,;:@^]*")


@dataclass(frozen=True)
class Box:
    """Lines of words, the first of them bold; one without words lets a line through."""

    name: str
    lines: tuple[str, ...]
    strong: bool = False


@dataclass(frozen=True)
class Column:
    """Boxes under a heading."""

    heading: str
    boxes: tuple[Box, ...]


@dataclass(frozen=True)
class _Placed:
    box: Box
    words: tuple[str, ...]
    left: float
    middle: float

    @property
    def height(self) -> float:
        return _height(self.words)


def _height(words: Sequence[str]) -> float:
    return len(words) * _LINE + 2 * _PAD


@cache
def _inches(text: str, weight: str) -> float:
    """Return how wide a text is when drawn."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    font = FontProperties(family="DejaVu Sans", weight=weight)
    # The path of blanks alone has no width: close them in.
    whole = TextPath((0, 0), f"|{text}|", size=_SIZE, prop=font)
    ends = TextPath((0, 0), "||", size=_SIZE, prop=font)
    return float(whole.get_extents().width - ends.get_extents().width) / _POINTS


def wrapped(text: str, *, inches: float, weight: str = "normal") -> tuple[str, ...]:
    """Return a text on as many lines as it needs; all of it stays.

    >>> wrapped("sodium_last_of_the_first_day@12", inches=1.2)
    ('sodium_last_of_the_', '  first_day@12')
    """
    lines: list[str] = []
    line = ""
    for piece in _pieces(text, inches=inches, weight=weight):
        if line.strip() and _inches((line + piece).rstrip(), weight) > inches:
            lines.append(line.rstrip())
            line = _INDENT + piece.lstrip()
        else:
            line += piece
    return (*lines, line.rstrip())


def _pieces(text: str, *, inches: float, weight: str) -> list[str]:
    """Return the parts that a line may end with; one too long for a line is parted anywhere."""
    room = inches - _inches(_INDENT, weight)
    found: list[str] = []
    for piece in _BREAKS.findall(text):
        part = ""
        for letter in piece:
            if part and _inches((part + letter).rstrip(), weight) > room:
                found.append(part)
                part = ""
            part += letter
        found.append(part)
    return found


def draw(columns: Sequence[Column], joins: Sequence[tuple[str, str]], *, foot: str = "") -> bytes:
    """Return columns of boxes as SVG.

    Args:
        columns: from left to right.
        joins: pairs of names of boxes, the left one first.
        foot: a line or more under all of it.
    """
    wide = len(columns) * _WIDE + (len(columns) - 1) * _BETWEEN + 2 * _EDGE
    under = wrapped(foot, inches=wide - 2 * _EDGE) if foot else ()
    words = [[_words(box) for box in column.boxes] for column in columns]
    most = max(sum(map(_height, column)) + _GAP * (len(column) - 1) for column in words)
    high = most + _HEAD + len(under) * _LINE + 3 * _EDGE
    with sheet(wide, high) as drawing:
        drawing.figure.set_layout_engine("none")  # inches are inches
        axes = drawing.figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, wide), ylim=(0, high))
        axes.axis("off")
        placed: dict[str, _Placed] = {}
        for number, column in enumerate(columns):
            left = _EDGE + number * (_WIDE + _BETWEEN)
            axes.text(
                left, high - _EDGE, column.heading,
                ha="left", va="top", fontsize=_SIZE + 1.5, color=GREY,
            )  # fmt: skip
            top = high - _HEAD
            placed |= _placed(column, words[number], left=left, top=top, high=most)
        for one, other in joins:
            _join(axes, placed[one], placed[other])
        for each in placed.values():
            _box(axes, each)
        for number, line in enumerate(reversed(under)):
            axes.text(_EDGE, _EDGE + number * _LINE, line, fontsize=_SIZE, color=GREY, va="bottom")
    return drawing.svg


def _words(box: Box) -> tuple[str, ...]:
    if not box.lines:
        return ()
    room = _WIDE - 2 * _PAD
    first, *rest = box.lines
    told = wrapped(first, inches=room, weight="bold")
    for line in rest:
        told += wrapped(line, inches=room)
    return told


def _placed(
    column: Column, words: list[tuple[str, ...]], *, left: float, top: float, high: float
) -> dict[str, _Placed]:
    """Return a column's boxes one under another, in the middle of the height there is."""
    taken = sum(map(_height, words)) + _GAP * (len(words) - 1)
    at = top - (high - taken) / 2
    found = {}
    for box, told in zip(column.boxes, words, strict=True):
        found[box.name] = _Placed(box, told, left, at - _height(told) / 2)
        at -= _height(told) + _GAP
    return found


def _join(axes: Drawn, one: _Placed, other: _Placed) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    start, end = one.left + _WIDE, other.left
    bend = min(_BETWEEN, end - start) / 2
    points = [
        (start, one.middle), (start + bend, one.middle), (end - bend, other.middle),
        (end, other.middle),
    ]  # fmt: skip
    path = Path(points, [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4])
    axes.add_patch(PathPatch(path, facecolor="none", edgecolor=GREY, linewidth=1.0, zorder=1))


def _box(axes: Drawn, placed: _Placed) -> None:
    from matplotlib.patches import FancyBboxPatch

    if not placed.words:
        ends = [placed.left, placed.left + _WIDE]
        axes.plot(ends, [placed.middle] * 2, color=GREY, linewidth=1.0, zorder=1)
        return
    low = placed.middle - placed.height / 2
    axes.add_patch(
        FancyBboxPatch(
            (placed.left, low), _WIDE, placed.height,
            boxstyle="round,pad=0,rounding_size=0.06",
            facecolor="#eef3f8" if placed.box.strong else "white",
            edgecolor=INK, linewidth=1.6 if placed.box.strong else 0.9, zorder=2,
        )
    )  # fmt: skip
    bold = len(wrapped(placed.box.lines[0], inches=_WIDE - 2 * _PAD, weight="bold"))
    for number, line in enumerate(placed.words):
        axes.text(
            placed.left + _PAD, low + placed.height - _PAD - number * _LINE, line,
            ha="left", va="top", fontsize=_SIZE, zorder=3,
            fontweight="bold" if number < bold else "normal",
        )  # fmt: skip
