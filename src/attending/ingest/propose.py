"""Propose a mapping for a file that nobody has described, with the questions it leaves open.

Only the first rows are looked at. A proposal holds names of columns and never a cell.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from attending.ingest.columns import Look, look_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

#: Columns of a wide file that become events.
MOST_COLUMNS = 80
#: A text column with more texts than this says something of its own in each row.
_MOST_WORDS = 200


@dataclass(frozen=True)
class Proposal:
    """A mapping as plain values, its questions, and columns that were left out with the reason."""

    mapping: dict[str, Any]
    left_out: dict[str, str]

    @property
    def questions(self) -> list[str]:
        """Return what nobody has answered yet."""
        return list(self.mapping["questions"])


@dataclass
class _Draft:
    looks: Sequence[Look]
    prefix: str
    questions: list[str] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    left_out: dict[str, str] = field(default_factory=dict)

    def first(self, role: str) -> Look | None:
        """Return the first column of a role that is not taken, and take it."""
        for look in self.looks:
            if look.role == role and look.name not in self.taken:
                self.taken.add(look.name)
                return look
        return None

    def ask(self, question: str) -> None:
        """Add a question."""
        self.questions.append(question)


def propose(sample: pa.Table, *, file: str, delimiter: str = ",") -> Proposal:
    """Return a proposed mapping of one file.

    Args:
        sample: its first rows, as text.
        file: its name.
        delimiter: between its cells.

    >>> import pyarrow as pa
    >>> rows = {"PatientID": ["1", "1"], "drawn": ["2026-01-02 03:04"] * 2, "K": ["4.1", "4.2"]}
    >>> found = propose(pa.table(rows), file="labs.csv")
    >>> found.mapping["tables"][0]["events"][0]["code"], len(found.questions)
    ('LABS//K', 3)
    """
    stem = re.sub(r"[^A-Za-z0-9_-]+", "_", file.split(".", maxsplit=1)[0]).strip("_")[:40] or "file"
    looks = [look_at(name, sample[name]) for name in sample.column_names]
    draft = _Draft(looks, stem.upper())
    table: dict[str, Any] = {"name": stem.lower(), "file": file}
    if delimiter != ",":
        table["delimiter"] = delimiter
    table |= _ids(draft)
    clocks = _clocks(draft)
    table["events"] = [*_birth(draft), *_events(draft, clocks)]
    zone = _zone(draft)
    mapping = {"source": stem.lower(), "time_zone": zone, "tables": [table]}
    return Proposal(mapping | {"questions": draft.questions}, draft.left_out)


def _ids(draft: _Draft) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for look in draft.looks:
        if look.role == "identifier":
            draft.taken.add(look.name)
            draft.left_out[look.name] = "its name says that it identifies a person"
    patient = draft.first("patient")
    if patient is None:
        patient = draft.looks[0]
        draft.taken.add(patient.name)
        draft.ask(f"Which column is the patient's id? '{patient.name}' was taken.")
    found["patient"] = patient.name
    encounter = draft.first("encounter")
    if encounter is not None:
        found["encounter"] = encounter.name
    site = draft.first("site")
    if site is not None:
        found["site"] = f"{{{site.name}}}"
    row_id = _row_id(draft, encounter)
    if row_id is not None:
        found["row_id"] = [row_id.name]
    return found


def _row_id(draft: _Draft, encounter: Look | None) -> Look | None:
    if encounter is not None and encounter.unique:
        return encounter
    for look in draft.looks:
        is_id = re.search(r"(^|_)id$|id$|uuid|accession", look.name, re.IGNORECASE)
        if look.unique and is_id and look.name not in draft.taken and not look.instant:
            draft.taken.add(look.name)
            return look
    return None


def _clocks(draft: _Draft) -> dict[str, Any]:
    birth = [look for look in draft.looks if look.role == "birth"]
    instants = [look for look in draft.looks if look.instant and look not in birth]
    draft.taken |= {look.name for look in instants}
    known = next((look for look in instants if look.role == "known"), None)
    happened = next((look for look in instants if look is not known), known)
    if happened is None:
        first = draft.looks[0].name
        draft.ask(
            "No column holds instants. When did a row happen? For a number that only orders rows, "
            "write 'time: {column: NAME, counts: 1s}' and 'time_zone: relative'."
        )
        return {"time": first, "known_at": "same"}
    for look in instants:
        if look not in {happened, known}:
            draft.left_out[look.name] = "a further instant; give it an event of its own if needed"
    if known is None or known is happened:
        draft.ask(
            "Since when could a row be seen? No column says so; 'same' assumes as soon as it "
            "happened, which marks all that is built on it. Write 'known_at: {lag: 24h, rule: lag}'"
            " or a column where there is one."
        )
        return {"time": _time(draft, happened), "known_at": "same"}
    draft.ask(f"Is '{known.name}' when a row could first be seen? It was taken as 'known_at'.")
    told = _time(draft, known)
    told = {"column": told} if isinstance(told, str) else told
    return {"time": _time(draft, happened), "known_at": told}


def _time(draft: _Draft, look: Look) -> Any:  # noqa: ANN401 - a name or fields
    days = {form.split()[0] for form in look.formats}
    if len(days) > 1:
        draft.ask(f"Is '{look.name}' written {' or '.join(look.formats)}? All its cells fit both.")
    form = look.formats[0]
    return look.name if form == "iso" else {"column": look.name, "format": form}


def _zone(draft: _Draft) -> str:
    clocks = [look for look in draft.looks if look.instant and look.role != "birth"]
    if clocks and all(look.offsets for look in clocks):
        return "UTC"
    draft.ask(
        "Which time zone are the instants in? Write its IANA name, 'floating' for shifted dates, "
        "or 'relative' for time since an admission."
    )
    return "floating"


def _birth(draft: _Draft) -> list[dict[str, Any]]:
    found = draft.first("birth")
    if found is None:
        return []
    if not found.instant:
        draft.left_out[found.name] = "looks like a birth and holds no date"
        return []
    return [{
        "code": "MEDS_BIRTH", "time": _time(draft, found), "known_at": "same",
        "when": [found.name],
    }]  # fmt: skip


def _events(draft: _Draft, clocks: dict[str, Any]) -> list[dict[str, Any]]:
    long = _long(draft, clocks)
    if long:
        _leave_the_rest(draft, "a further column; add it to the event if it says something")
        return long
    return _wide(draft, clocks)


def _long(draft: _Draft, clocks: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the one event of a file with a column for what and a column for how much."""
    free = [look for look in draft.looks if look.name not in draft.taken]
    code = next((one for one in free if one.role == "code" and not one.long_text), None)
    value = next((one for one in free if one.role == "value"), None)
    if code is None or value is None:
        return []
    draft.taken |= {code.name, value.name}
    draft.ask(f"Which vocabulary is '{code.name}'? Write it for '{draft.prefix}', such as LOINC.")
    event = {"code": f"{draft.prefix}//{{{code.name}}}", **clocks}
    if value.number:
        event["number"] = value.name
        event |= _unit(draft, value)
    else:
        event |= {"number": value.name, "text": f"{{{value.name}}}"} | _unit(draft, value)
    return [event]


def _unit(draft: _Draft, value: Look) -> dict[str, Any]:
    unit = draft.first("unit")
    if unit is not None:
        return {"unit_column": unit.name}
    draft.ask(f"In which unit is '{value.name}'? Write 'unit:' with a UCUM code, or leave it out.")
    return {}


def _wide(draft: _Draft, clocks: dict[str, Any]) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    for look in draft.looks:
        if look.name in draft.taken:
            continue
        reason = _no_event(look) or ("too many columns" if len(events) >= MOST_COLUMNS else "")
        if reason:
            draft.left_out[look.name] = reason
            continue
        event = {"code": f"{draft.prefix}//{look.name}", **clocks, "when": [look.name]}
        event |= {"number": look.name} if look.number else {"text": f"{{{look.name}}}"}
        events.append(event)
    if any("number" in event for event in events):
        draft.ask("In which units are the numbers? Write 'unit:' with a UCUM code where it is one.")
    if not events:
        draft.ask("No column says what happened. Which event does a row stand for?")
        events = [{"code": draft.prefix, **clocks}]
    return events


def _no_event(look: Look) -> str:
    if not look.filled:
        return "empty in the rows that were looked at"
    if look.long_text:
        return "free text; look for identifiers before it goes in"
    if not look.number and look.distinct > _MOST_WORDS:
        return "too many different texts to be a fact"
    return ""


def _leave_the_rest(draft: _Draft, reason: str) -> None:
    for look in draft.looks:
        if look.name not in draft.taken:
            draft.left_out[look.name] = reason
