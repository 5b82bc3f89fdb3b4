"""The kinds of identifier of Safe Harbor that can be seen by their form, and how each looks.

45 CFR 164.514(b)(2)(i) lists 18 kinds, A to R. Names are seen only after a title or a label, and
numbers of records, accounts, licences, plans and devices only after the word for them.
Biometric identifiers, photographs and "any other" code (P, Q, R) have no form in text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.digests import canonical, digest_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from attending.types import Mask

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_YEAR = r"(?:18|19|20|21|22)\d\d"
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_NUMBER_OF = r"(?:\s*(?:number|num|nr|no|id)\b\.?){0,2}\s*[:#=]?\s*"
#: A number after a word: it has a digit, and four characters or more.
_TOKEN = r"[A-Z]{0,4}-?\d[A-Z0-9-]{3,}\b"  # noqa: S105 - a form of number
_TEN = r"(?:\(\d{3}\) ?|\b\d{3}[-. ])\d{3}[-. ]\d{4}(?:\b|x\d)"
_ABROAD = r"\+[2-9]\d{0,2}[-. ]?\(?\d{1,4}\)?(?:[-. ]?\d{2,4}){2,4}\b"
_STATE = (
    r"(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI"
    r"|S[CD]|T[NX]|UT|V[AT]|W[AIVY])"
)
#: What the postal service writes last in a street's name (USPS Publication 28), and their shorts.
_SUFFIXES = """
    alley avenue branch bridge brook brooks burg burgs bypass camp canyon cape causeway
    center centers circle circles cliff cliffs club common corner corners course court
    courts cove coves creek crescent crest crossing crossroad curve dale dam divide drive
    drives estate estates expressway extension extensions fall falls ferry field fields flat
    flats ford fords forest forge forges fork forks fort freeway garden gardens gateway glen
    glens green greens grove groves harbor harbors haven heights highway hill hills hollow
    inlet island islands isle junction junctions key keys knoll knolls lake lakes land
    landing lane light lights loaf lock locks lodge loop mall manor manors meadow meadows
    mews mill mills mission motorway mount mountain mountains neck orchard oval overpass
    park parks parkway parkways pass passage path pike pine pines place plain plains plaza
    point points port ports prairie radial ramp ranch rapid rapids rest ridge ridges river
    road roads route row rue run shoal shoals shore shores skyway spring springs spur spurs
    square squares station stravenue stream street streets summit terrace throughway trace
    track trafficway trail tunnel turnpike underpass union unions valley valleys via viaduct
    view views village villages ville vista walk walks wall way ways well wells
    ave blvd ct dr hwy ln pkwy pl rd st ter
"""
_STREET = "|".join(_SUFFIXES.split())
_VIN_VALUES = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", "12345678123457923456789", strict=True))
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


def is_vehicle(text: str) -> bool:
    """Return whether 17 characters carry the check digit of a vehicle (49 CFR 565.15).

    >>> is_vehicle("1M8GDM9AXKP042788"), is_vehicle("1M8GDM9A1KP042788")
    (True, False)
    """
    values = [int(_VIN_VALUES.get(one, one)) for one in text]
    rest = sum(value * weight for value, weight in zip(values, _VIN_WEIGHTS, strict=True)) % 11
    return text[8] == ("X" if rest == 10 else str(rest))


def has_digit(text: str) -> bool:
    """Return whether a text has a digit.

    >>> has_digit("AB 12"), has_digit("LCP")
    (True, False)
    """
    return any(one.isdigit() for one in text)


def is_address(text: str) -> bool:
    """Return whether a text is an address of the Internet Protocol.

    >>> is_address("10.0.0.7"), is_address("999.1.1.1")
    (True, False)
    """
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class Form:
    """How one kind of identifier looks.

    Attributes:
        kind: the name that records give it.
        letter: which of the 18 kinds it is.
        pattern: understood alike by RE2 and by Python; the first group, if any, is checked.
        holds: what a match must hold besides, such as a check digit.
    """

    kind: str
    letter: str
    pattern: str
    holds: Callable[[str], bool] | None = None

    def seen(self, texts: pa.Array) -> Mask:
        """Return which texts have an identifier of this form; a null has none."""
        matched = pc.fill_null(pc.match_substring_regex(texts, self.pattern), False)  # noqa: FBT003 - arrow
        mask = np.array(matched, dtype=np.bool_)
        if self.holds is None:
            return mask
        compiled = re.compile(self.pattern)
        for place in np.flatnonzero(mask):
            found = compiled.finditer(texts[int(place)].as_py())
            mask[place] = any(self.holds(one.group(1)) for one in found)
        return mask


#: Every form, in the order of Safe Harbor's list.
FORMS: tuple[Form, ...] = (
    Form(
        "name",
        "A",
        r"\b(?:Mr|Mrs|Ms|Miss|Dr|Prof)\.? (?:[A-Z]\. ?)?[A-Z][a-z]+"
        r"|\b(?i:patient(?: name)?|name|pt|surname)\s*[:=]\s*[A-Z][A-Za-z'-]+,? [A-Z]",
    ),
    Form("street", "B", rf"\b\d{{1,5}} (?:[A-Z][a-z]+ ){{1,3}}(?i:{_STREET})\b"),
    Form(
        "zip",
        "B",
        rf"\b(?i:zip|postal)(?i:\s*code)?\s*[:#=]?\s*\d{{5}}(?:-\d{{4}})?\b"
        rf"|\b{_STATE},? \d{{5}}(?:-\d{{4}})?\b",
    ),
    Form(
        "date",
        "C",
        rf"(?i:\b{_YEAR}[-/.](?:0?[1-9]|1[0-2])[-/.]{_DAY}(?:\b|T)"
        rf"|\b{_DAY}[-/.]{_DAY}[-/.](?:{_YEAR}|\d\d)\b"
        rf"|\b{_DAY}(?:st|nd|rd|th)? (?:of )?{_MONTH},? {_YEAR}\b"
        rf"|\b{_DAY}-{_MONTH}-(?:{_YEAR}|\d\d)\b"
        rf"|\b{_MONTH} {_DAY}(?:st|nd|rd|th)?,? {_YEAR}\b|\b{_MONTH} {_YEAR}\b)",
    ),
    Form(
        "age_over_89",
        "C",
        r"(?i:\b(?:9\d|1[0-2]\d)[- ]?(?:years?|yrs?|y)[- ]?(?:old|of age)\b"
        r"|\b(?:9\d|1[0-2]\d) ?(?:yo|y/o|y\.o\.)|\bage[d]?\s*[:=]?\s*(?:9\d|1[0-2]\d)\b)",
    ),
    Form(
        "phone",
        "D",
        rf"{_TEN}|{_ABROAD}|\b(?i:phone|tel|telephone|mobile|cell|pager)\.?\s*[:#=]?\s*"
        r"\+?\d[\d -]{5,14}\d\b",
    ),
    Form("fax", "E", r"\b(?i:fax)(?i:\s*(?:number|no)\.?)?\s*[:#=]?\s*\+?\(?\d[\d() .-]{5,16}\d\b"),
    Form("email", "F", r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}\b"),
    Form(
        "social_security",
        "G",
        r"\b(?:00[1-9]|0[1-9]\d|[1-8]\d\d)-(?:0[1-9]|[1-9]\d)-\d{4}\b"
        r"|\b(?i:ssn|social security)(?i:\s*(?:number|no)\.?)?\s*[:#=]?\s*\d{9}\b",
    ),
    Form(
        "medical_record",
        "H",
        rf"\b(?i:mrn|medical record|record no|chart no|hospital no)(?i:{_NUMBER_OF}){_TOKEN}",
    ),
    Form(
        "health_plan",
        "I",
        rf"\b(?i:member|subscriber|beneficiary|policy|insurance|medicare|medicaid)"
        rf"(?i:{_NUMBER_OF}){_TOKEN}",
    ),
    Form("account", "J", rf"\b(?i:account|acct|iban)\.?(?i:{_NUMBER_OF}){_TOKEN}"),
    Form(
        "licence",
        "K",
        rf"\b(?i:licen[cs]e|certificate|dea|npi)\.?(?i:{_NUMBER_OF}){_TOKEN}",
    ),
    Form("vehicle", "L", r"\b([A-HJ-NPR-Z0-9]{8}[0-9X][A-HJ-NPR-Z0-9]{4}\d{4})\b", is_vehicle),
    Form(
        "plate",
        "L",
        rf"\b(?i:plate)(?i:{_NUMBER_OF})([A-Z0-9]{{1,4}}[- ]?[A-Z0-9]{{2,5}})\b",
        has_digit,
    ),
    Form(
        "device",
        "M",
        rf"\b(?i:serial|device|s/n|udi|pacemaker)(?i:{_NUMBER_OF})[A-Z]{{0,4}}-?\d[A-Z0-9-]{{3,}}\b",
    ),
    Form("url", "N", r"(?i:\bhttps?://\S+|\bwww\.[a-z0-9-]+\.[a-z]{2,})"),
    Form(
        "ip_address",
        "O",
        r"(?:^|[^\d.A-Za-z])(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})(?:[^\d.]|\.\D|\.?$)",
        is_address,
    ),
)

#: Changes whenever what is looked for changes.
FORMS_DIGEST = digest_bytes(canonical({one.kind: one.pattern for one in FORMS}))
