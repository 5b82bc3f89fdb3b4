"""Admissions, transfers, discharges, cancellations and merges of HL7 v2 (ADT), as source rows.

Each fact is a record of its own with a name that stays: the stay's admission, each bed, its
discharge, the patient. A cancellation withdraws the record that it names.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from attending.ingest.hl7_message import as_day, part, repeats

if TYPE_CHECKING:
    from attending.ingest.hl7_message import Hl7Message
    from attending.specs.intake import Feed

Cells = dict[str, "str | None"]

#: HL7's patient classes (table 0004); a preadmission (P) is no stay yet.
CLASSES = {"I": "INPATIENT", "E": "ED", "O": "OUTPATIENT", "R": "OUTPATIENT", "B": "INPATIENT"}
_SEXES = {"F": "F", "M": "M", "O": "O", "A": "O", "U": "U"}
#: Events that tell of a stay, those that put a patient in a bed, and those that end or take back.
_STAYS = ("A01", "A02", "A03", "A04", "A06", "A07", "A08")
_BEDS = ("A01", "A02", "A04")
_CANCELS = {"A11": "admission", "A12": "bed", "A13": "discharge"}
_PERSONS = ("A28", "A31")
MERGES = ("A18", "A34", "A39", "A40")
UNMERGES = ("A37",)
EVENTS = frozenset({*_STAYS, *_CANCELS, *_PERSONS, *MERGES, *UNMERGES})
#: Segments that tell clinical facts which are not read here; each is counted.
CLINICAL = ("DG1", "AL1", "IAM", "PR1", "DRG", "RXA", "RXD", "SPM")


@dataclass
class Said:
    """What an ADT message says: rows of persons, of stays' facts, and of merges.

    Attributes:
        withdrawn: names of records that are taken back.
        rejected: what is not read, by reason.
    """

    persons: list[Cells] = field(default_factory=list)
    facts: list[Cells] = field(default_factory=list)
    merges: list[Cells] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)


def patient_id(message: Hl7Message, feed: Feed, *, segment: str = "PID", number: int = 3) -> str:
    """Return the identifier that names a patient: the one of the feed's type, else the first."""
    found = message.segments(segment)
    if not found:
        return ""
    ids = [
        (part(found[0], number, 5, repeat=one), part(found[0], number, 1, repeat=one))
        for one in range(1, repeats(found[0], number) + 1)
    ]
    own = [name for kind, name in ids if kind == feed.patient_id_type]
    return next(iter([*own, *(name for _, name in ids)]), "")


def visit(message: Hl7Message) -> str:
    """Return the name of the stay: the visit number, else the account."""
    return message.text("PV1", 19) or message.text("PID", 18)


def site_of(message: Hl7Message, feed: Feed) -> str | None:
    """Return whose events they are."""
    return feed.site or message.text("MSH", 4) or None


def hear_adt(message: Hl7Message, feed: Feed) -> Said:
    """Return what a message says."""
    event = message.text("MSH", 9, 2)
    said = Said()
    said.rejected += [f"segment_not_read:{one}" for one in message.names if one in CLINICAL]
    if event not in EVENTS:
        said.rejected.append(f"event_not_read:{event}")
        return said
    if event in MERGES or event in UNMERGES:
        said.merges.append(_merge(message, feed, undone=event in UNMERGES))
        return said
    said.persons.append(_person(message, feed))
    if event in _CANCELS:
        said.withdrawn += _cancelled(message, _CANCELS[event])
    elif event in _STAYS:
        _stay(said, message, feed, event=event)
    return said


def told_at(message: Hl7Message) -> str | None:
    """Return when an event was recorded: EVN-2, else the message's own instant."""
    return message.instant("EVN", 2) or message.instant("MSH", 7)


def _person(message: Hl7Message, feed: Feed) -> Cells:
    return {
        "id": patient_id(message, feed) or None,
        "born": as_day(message.text("PID", 7)),
        "sex": _SEXES.get(message.text("PID", 8).upper()),
        "died": message.instant("PID", 29),
        "known": told_at(message),
        "site": site_of(message, feed),
    }


def _stay(said: Said, message: Hl7Message, feed: Feed, *, event: str) -> None:
    """Add what a message says of a stay, each fact by a name that stays the same."""
    stay, begun = visit(message), message.instant("PV1", 44)
    happened = message.instant("EVN", 6) or told_at(message)
    if event in {"A01", "A04"}:
        begun = begun or happened
    word = message.text("PV1", 2).upper()
    kind = feed.classes.get(word) or CLASSES.get(word, "")
    if event in {"A01", "A04"} or begun:
        said.facts.append(_fact(message, feed, what="admission", at=begun, word=kind))
    unit = message.text("PV1", 3)
    if event in _BEDS and unit:
        at = happened if event == "A02" else begun
        said.facts.append(_fact(message, feed, what=f"bed {at}", at=at, word=unit))
    ended = message.instant("PV1", 45) or (happened if event == "A03" else None)
    if ended:
        fact = _fact(message, feed, what="discharge", at=ended, word=kind)
        said.facts.append(fact | {"text": message.text("PV1", 36) or None})
    if not stay:
        said.facts = [one | {"encounter": None} for one in said.facts]


def _fact(message: Hl7Message, feed: Feed, *, what: str, at: str | None, word: str) -> Cells:
    stay = visit(message)
    return {
        "id": f"{stay} {what}",
        "what": what.partition(" ")[0],
        "patient": patient_id(message, feed) or None,
        "encounter": stay or None,
        "time": at,
        "known": told_at(message),
        "word": word or None,
        "text": None,
        "site": site_of(message, feed),
    }


def _cancelled(message: Hl7Message, what: str) -> list[str]:
    """Return the names of the records that a cancellation takes back."""
    stay, begun = visit(message), message.instant("PV1", 44)
    if what == "bed":
        return [f"{stay} bed {message.instant('EVN', 6) or told_at(message)}"]
    beds = [f"{stay} bed {begun}"] if what == "admission" and begun else []
    return [f"{stay} {what}", *beds]


def _merge(message: Hl7Message, feed: Feed, *, undone: bool) -> Cells:
    """Return a merge as `said_merges` reads it; A37 names both persons in two PID segments."""
    kept, gone = patient_id(message, feed), patient_id(message, feed, segment="MRG", number=1)
    if undone:
        both = message.segments("PID")
        gone = part(both[1], 3) if len(both) > 1 else ""
    at = told_at(message)
    return {
        "gone": gone or None,
        "kept": kept or None,
        "at": at,
        "undone_at": None,
        "undone": "true" if undone else None,
    }
