"""Conversions between units of measurement, as the Unified Code for Units of Measure has them.

A number is converted only between units that are known and alike. A charge never becomes an amount
of substance, and an activity of an enzyme never an international unit: that needs more than units.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from attending.errors import BadInput

#: Parts of a code that say more than a dimension, and why such a unit only becomes itself.
_APART = {
    "eq": "a charge becomes an amount only with the ion's valence",
    "{": "what braces say is no dimension",
}


class Conversion(NamedTuple):
    """How numbers in one unit become numbers in another: times a factor, plus an offset."""

    factor: float
    offset: float = 0.0


@lru_cache(maxsize=1024)
def conversion(source: str, target: str, *, molar_mass: float | None = None) -> Conversion:
    """Return how numbers of one UCUM unit become those of another.

    Args:
        source: UCUM code of what there is.
        target: UCUM code of what is wanted.
        molar_mass: grams per mole, to go from a mass to an amount of substance or back.

    Raises:
        BadInput: a code that is not UCUM, or units that cannot become each other.

    References:
        Schadow & McDonald, The Unified Code for Units of Measure, 2.2; read by ucumvert and Pint.

    >>> conversion("Cel", "[degF]")
    Conversion(factor=1.8, offset=32.0)
    >>> round(90 * conversion("mg/dL", "mmol/L", molar_mass=180.156).factor, 3)
    4.996
    """
    one, other = _read(source), _read(target)
    if source == target:
        return Conversion(1.0)
    for apart, why in _APART.items():
        if apart in source or apart in target:
            refusal = _apart(source, target, why)
            raise refusal
    units = _units()
    if molar_mass is None:
        start, end = (_to(units.Quantity(value, one.units), other) for value in (0.0, 1.0))
    else:
        mass = units.Quantity(molar_mass, "g/mol")
        whole = units.Quantity(1.0, one.units)
        start, end = 0.0, _to(whole / mass, other) or _to(whole * mass, other)
    if start is None or end is None:
        refusal = _apart(source, target, "state a molar_mass to go from a mass to an amount")
        raise refusal
    start, end = start * one.magnitude, end * one.magnitude
    # Fourteen digits are sure in binary numbers: 0.9999999999999999 is 1.
    return Conversion(float(f"{end - start:.14g}"), float(f"{start:.14g}"))


def _to(quantity: Any, target: Any) -> float | None:  # noqa: ANN401 - Pint's own
    from pint import DimensionalityError  # noqa: PLC0415 - slow to import, and rarely needed

    try:
        return float(quantity.to(target.units).magnitude) / float(target.magnitude)
    except DimensionalityError:
        return None


@lru_cache(maxsize=1)
def _units() -> Any:  # noqa: ANN401 - Pint's registry
    from ucumvert import PintUcumRegistry  # noqa: PLC0415 - half a second, and rarely needed

    return PintUcumRegistry()


def _read(code: str) -> Any:  # noqa: ANN401 - Pint's quantity
    units = _units()
    try:
        found = units.from_ucum(code)
    except Exception as error:
        raise BadInput(
            f"'{code}' is not a UCUM code",
            code="unit.unknown",
            hint="Write it as UCUM does, such as mg/dL, mmol/L or mm[Hg].",
        ) from error
    # Words in braces alone are a unit without a dimension.
    return found if hasattr(found, "units") else units.Quantity(1, "dimensionless")


def _apart(source: str, target: str, why: str) -> BadInput:
    return BadInput(
        f"{source} cannot become {target}",
        code="unit.not_convertible",
        hint=f"These do not measure the same; {why}.",
    )
