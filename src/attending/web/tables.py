"""Cells of a table that leaves the house, for spreadsheets."""

from __future__ import annotations

#: What begins a formula in a spreadsheet.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def cell(value: object) -> object:
    """Return a value as a cell that no spreadsheet works out.

    >>> cell("=1+1"), cell(3)
    ("'=1+1", 3)
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
