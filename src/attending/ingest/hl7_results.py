"""Results of HL7 v2 (ORU^R01) as source rows: one OBX, one row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attending.ingest.hl7_adt import Cells, patient_id, site_of, visit
from attending.ingest.hl7_message import as_instant, part

if TYPE_CHECKING:
    from attending.ingest.hl7_message import Hl7Message
    from attending.specs.intake import Feed

#: Coding systems of HL7's table 0396 that our codes know.
SYSTEMS = {"LN": "LOINC", "SCT": "SNOMED", "SNM": "SNOMED", "I10": "ICD10", "I10C": "ICD10CM"}
#: HL7's result statuses (table 0085), and why one gives no event; empty where it does.
STATUSES = {
    "": "", "F": "", "C": "", "P": "", "A": "", "U": "", "D": "withdrawn", "W": "withdrawn",
    "X": "cancelled", "I": "no_value_yet", "R": "no_value_yet", "S": "no_value_yet",
    "O": "no_value_yet", "N": "no_value_yet",
}  # fmt: skip
_NUMBERS, _STRUCTURED = ("NM",), "SN"
_TEXTS = ("ST", "TX", "FT", "IS", "ID")
_CODED = ("CE", "CWE", "CNE")
READ = (*_NUMBERS, _STRUCTURED, *_TEXTS, *_CODED)


def hear_results(message: Hl7Message, feed: Feed) -> list[Cells]:
    """Return one row an OBX, named by its order, its code and its place within both."""
    rows: list[Cells] = []
    order: Any = None
    for place, segment in enumerate(message.parsed):
        name = str(segment[0])
        if name == "OBR":
            order = segment
        elif name == "OBX":
            rows.append(_row(message, feed, segment, order=order, place=place))
    return rows


def _row(message: Hl7Message, feed: Feed, obx: Any, *, order: Any, place: int) -> Cells:  # noqa: ANN401 - hl7 has no types
    filler = (part(order, 3) or part(order, 2)) if order is not None else ""
    code = _code(feed, obx)
    happened = part(obx, 14) or (part(order, 7) if order is not None else "")
    issued = part(order, 22) if order is not None else ""
    kind, patient = part(obx, 2), patient_id(message, feed)
    return {
        # Without an order's number nothing says which result a later one corrects; two patients
        # under one number are two results.
        "id": f"{patient} {filler} {code} {part(obx, 4)}" if filler and code else None,
        "place": f"{place + 1}:OBX",
        "patient": patient or None,
        "encounter": visit(message) or None,
        "status": part(obx, 11).upper(),
        "kind": kind,
        "code": code,
        "number": part(obx, 5) if kind in _NUMBERS else None,
        "text": _text(obx, kind),
        "unit": part(obx, 6) or None,
        "time": as_instant(happened, message.zone),
        "known": as_instant(issued, message.zone) or message.instant("MSH", 7),
        "site": site_of(message, feed),
    }


def _text(obx: Any, kind: str) -> str | None:  # noqa: ANN401 - hl7 has no types
    """Return a value in words; a number under a limit of detection is no number."""
    if kind == _STRUCTURED:
        return "".join(part(obx, 5, one) for one in range(1, 5)) or None
    if kind in _CODED:
        return part(obx, 5, 2) or part(obx, 5) or None
    return part(obx, 5) or None if kind in _TEXTS else None


def _code(feed: Feed, obx: Any) -> str | None:  # noqa: ANN401 - hl7 has no types
    """Return the code of a result: ours where the feed says so, else of a system that we know."""
    triples = [(part(obx, 3, one), part(obx, 3, one + 2)) for one in (1, 4)]
    for code, _ in triples:
        if code in feed.codes:
            return feed.codes[code]
    for code, system in triples:
        if code and system in SYSTEMS:
            return f"{SYSTEMS[system]}//{code}"
    code, system = triples[0]
    return f"{system or 'LOCAL'}//{code}" if code else None
