"""Bring a column of numbers into one unit; what cannot be converted is told, and never kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.conversions import Conversion, conversion
from attending.errors import BadInput
from attending.ingest.cells import is_true

if TYPE_CHECKING:
    from attending.ingest.cells import Column
    from attending.types import Mask


def converted(
    values: Column, units: Column, *, into: str, molar_mass: float | None = None
) -> tuple[Column, Column, Mask]:
    """Return numbers in one unit, that unit, and where a number could not be converted.

    Args:
        values: numbers.
        units: the UCUM code of each; null where there is none.
        into: the UCUM code that is wanted.
        molar_mass: grams per mole, where that goes from a mass to an amount of substance.

    Raises:
        BadInput: `into` is not UCUM.

    >>> values, units = pa.chunked_array([[37.0, 98.6, 5.0]]), ["Cel", "[degF]", None]
    >>> made, unit, lost = converted(values, pa.chunked_array([units]), into="Cel")
    >>> pc.round(made, 6).to_pylist(), unit.to_pylist(), lost.tolist()
    ([37.0, 37.0, None], ['Cel', 'Cel', None], [False, False, True])
    """
    conversion(into, into)  # refuses what is no UCUM code
    known = pc.unique(units).drop_null()
    found = [_found(code, into, molar_mass) for code in known.to_pylist()]
    at = pc.index_in(units, value_set=known)
    factor, offset = (
        pa.chunked_array([pa.array([one and one[place] for one in found], pa.float64())]).take(at)
        for place in (0, 1)
    )
    made = pc.add(pc.multiply(values, factor), offset)
    unit = pc.if_else(made.is_valid(), pa.scalar(into), pa.scalar(None, pa.string()))
    lost = is_true(values.is_valid()) & np.asarray(made.is_null(), dtype=np.bool_)
    return made, unit, lost


def _found(code: str, into: str, molar_mass: float | None) -> Conversion | None:
    """Return how one unit becomes another, None when it cannot."""
    for mass in dict.fromkeys([None, molar_mass]):
        try:
            return conversion(code, into, molar_mass=mass)
        except BadInput:
            continue
    return None
