"""Units of measurement: the UCUM spellings that events and features may use.

A unit that is not known is refused or quarantined; it is never guessed and never defaulted.
"""

from __future__ import annotations

from attending.errors import BadInput, did_you_mean

#: UCUM code -> how people print it.
UCUM: dict[str, str] = {
    "1": "",
    "%": "%",
    "a": "years",
    "d": "days",
    "h": "hours",
    "min": "minutes",
    "s": "seconds",
    "/min": "per minute",
    "mm[Hg]": "mmHg",
    "cm[H2O]": "cmH2O",
    "kPa": "kPa",
    "Cel": "°C",
    "[degF]": "°F",
    "kg": "kg",
    "[lb_av]": "lb",
    "cm": "cm",
    "[in_i]": "in",
    "kg/m2": "kg/m²",
    "mL": "mL",
    "L": "L",
    "L/min": "L/min",
    "mL/h": "mL/h",
    "ug/kg/min": "µg/kg/min",
    "mg": "mg",
    "ug": "µg",
    "g": "g",
    "mg/dL": "mg/dL",
    "g/dL": "g/dL",
    "g/L": "g/L",
    "ng/mL": "ng/mL",
    "ng/L": "ng/L",
    "pg/mL": "pg/mL",
    "ug/mL": "µg/mL",
    "ug/dL": "µg/dL",
    "ug/L": "µg/L",
    "mg/L": "mg/L",
    "mmol/L": "mmol/L",
    "umol/L": "µmol/L",
    "meq/L": "mEq/L",
    "mosm/kg": "mOsm/kg",
    "U/L": "U/L",
    "[IU]/L": "IU/L",
    "m[IU]/L": "mIU/L",
    "10*3/uL": "10³/µL",
    "10*6/uL": "10⁶/µL",
    "10*9/L": "10⁹/L",
    "fL": "fL",
    "pg": "pg",
    "{score}": "points",
    "{count}": "count",
    "{ratio}": "ratio",
}

#: How sources spell a unit -> its UCUM code. Case matters: `mEq/L` and `MEQ/L` are both met.
SPELLINGS: dict[str, str] = {
    "mEq/L": "meq/L",
    "mg/dl": "mg/dL",
    "g/dl": "g/dL",
    "K/uL": "10*3/uL",
    "k/uL": "10*3/uL",
    "m/uL": "10*6/uL",
    "IU/L": "[IU]/L",
    "mm Hg": "mm[Hg]",
    "mmHg": "mm[Hg]",
    "degC": "Cel",
    "°C": "Cel",
    "°F": "[degF]",
    "bpm": "/min",
    "insp/min": "/min",
    "ml": "mL",
    "mcg": "ug",
    "lbs": "[lb_av]",
    "mOsm/kg": "mosm/kg",
    "uIU/mL": "m[IU]/L",
    "umol/l": "umol/L",
    "mmol/l": "mmol/L",
}


def to_ucum(text: str) -> str | None:
    """Return the UCUM code for a source's spelling, or None when it is not known.

    >>> to_ucum("K/uL"), to_ucum("mg/dL"), to_ucum("furlong")
    ('10*3/uL', 'mg/dL', None)
    """
    spelled = text.strip()
    if spelled in UCUM:
        return spelled
    return SPELLINGS.get(spelled)


def check_unit(text: str, *, where: str = "") -> str:
    """Return `text` when it is a UCUM code that we know.

    Raises:
        BadInput: an unknown code; the hint has the nearest, or the UCUM code of a known spelling.

    >>> check_unit("mm[Hg]")
    'mm[Hg]'
    >>> check_unit("mEq/L")
    Traceback (most recent call last):
    ...
    attending.errors.BadInput: got unit 'mEq/L', expected a UCUM code
    Write 'meq/L'.
    """
    if text in UCUM:
        return text
    known = SPELLINGS.get(text)
    raise BadInput(
        f"got unit '{text}', expected a UCUM code",
        code="unit.unknown",
        hint=f"Write '{known}'." if known else did_you_mean(text, UCUM),
        where=where,
    )


def printed_risk(risk: float) -> str:
    """Return a risk as clinicians read it: whole percent, one digit below 10, ends held open.

    >>> printed_risk(0.234), printed_risk(0.0312), printed_risk(0.00001), printed_risk(0.9999)
    ('23 %', '3.1 %', 'below 0.1 %', 'above 99 %')
    """
    if risk < 0.001:
        return "below 0.1 %"
    if risk > 0.99:
        return "above 99 %"
    return f"{risk * 100:.1f} %" if risk < 0.0995 else f"{risk * 100:.0f} %"


def printed(code: str) -> str:
    """Return a UCUM code as people print it.

    >>> printed("10*3/uL")
    '10³/µL'
    """
    return UCUM.get(code, code)
