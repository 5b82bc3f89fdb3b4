"""A picture with its words: what it shows, how to read it, and the table of the same figures."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: So many columns stand side by side on a telephone, unless they hold intervals.
_BESIDE = 3


@dataclass(frozen=True)
class Table:
    """Rows of text; the first column names the row.

    Attributes:
        numeric: false when the columns after the first hold words rather than figures.
    """

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: bool = True

    def __post_init__(self) -> None:
        """Refuse a row that does not fit the header.

        Raises:
            ValueError: a row has more or fewer cells than the header.
        """
        if any(len(row) != len(self.header) for row in self.rows):
            raise ValueError(f"{self.caption}: a row does not fit the header")

    @property
    def stacked(self) -> bool:
        """Return whether a telephone shows a row as lines: its columns do not fit side by side."""
        beside = any(" (" in one for row in self.rows for one in row[1:])
        return len(self.header) > _BESIDE or (len(self.header) == _BESIDE and beside)


@dataclass(frozen=True)
class Picture:
    """A picture in SVG, with alternative text and the table that says the same.

    Attributes:
        name: a slug, unique in a document.
        alt: what a person who cannot see it is told.
        caption: how to read it, in a sentence or two.
        draw: returns the SVG; asked once, when somebody looks at it.
    """

    name: str
    title: str
    alt: str
    caption: str
    draw: Callable[[], bytes]
    table: Table

    @cached_property
    def svg(self) -> bytes:
        """Return the picture itself."""
        return self.draw()

    @property
    def uri(self) -> str:
        """Return the picture as a data URI, for a stand-alone document."""
        return "data:image/svg+xml;base64," + base64.b64encode(self.svg).decode("ascii")
