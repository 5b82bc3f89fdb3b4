"""Look at a table nobody has described and propose a mapping, with the questions that remain."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.errors import BadInput
from attending.ingest.cells import instants, is_true, numbers
from attending.ingest.spellings import ucum

if TYPE_CHECKING:
    from collections.abc import Sequence

_SUBJECT = re.compile(r"(?i)^(patient|person|subject|member|mrn|pat)([_ ]?(id|nbr|no|num|key))?$")
_ENCOUNTER = re.compile(r"(?i)(encounter|visit|hadm|stay|admission|episode|csn)")
_IDENT = re.compile(r"(?i)(^|_| )(id|nbr|key|no|num|number)$|^id")
_STORED = re.compile(
    r"(?i)(stored?|result(ed)?|issued?|filed|entered|recorded|updated|signed|available|posted|"
    r"reported|verified|charted|load(ed)?|received)"
)
_HAPPENED = re.compile(r"(?i)(collect|taken|drawn|perform|start|happen|event|service|order|chart)")
_ENDED = re.compile(r"(^|_)(end|stop|disch|out|until|thru)")
_CODE = re.compile(r"(?i)(^|_)(code|loinc|icd|cpt|ndc|snomed|itemid|test|component|drug)(_?id)?$")
#: What a row is about, where no column is named for a code.
_ABOUT = re.compile(
    r"(?i)(analyte|parameter|assay|exam|procedure|medic|product|concept|observation|measurement|"
    r"vital|item|substance|modality|diagnos|finding|name|label|descr)"
)
_VALUE = re.compile(r"(?i)(value|result|numeric|amount|measure|reading|charge|cost)")
_UNIT = re.compile(r"(?i)(unit|uom)")
_SITE = re.compile(r"(?i)^(site|facility|hospital|campus|location)([_ ]?(id|name|code))?$")
_ANY = re.compile("")
_NULLS = ("?", "NA", "N/A", "NULL", "null", "None", "none", "-", ".", "NaN")
_MANY = 0.98
_SOME = 0.6
_REPEATS = 0.7


@dataclass(frozen=True)
class Column:
    """What a column of text looks like, from the rows that were read.

    Attributes:
        filled: share of rows with a text that is not a word for nothing.
        timely: share of those that are times.
        numeric: share of those that are numbers.
        decimal: the mark before the fractions of those numbers.
        units: share of those that are units we know.
        distinct: how many different texts, over rows with a text.
        nulls: words for nothing that were seen.
        forms: a form of strptime that reads the times, where they are not ISO 8601.
    """

    name: str
    filled: float
    timely: float
    numeric: float
    units: float
    distinct: float
    nulls: tuple[str, ...]
    form: str | None = None
    decimal: str = "."


@dataclass(frozen=True)
class Proposal:
    """A mapping as plain values, and what nobody but the source can answer."""

    mapping: dict[str, Any]  # YAML
    questions: tuple[str, ...]
    columns: tuple[Column, ...]


_FORMS = (
    *("%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y", "%d.%m.%Y %H:%M", "%d.%m.%Y"),
    *("%d/%m/%Y %H:%M", "%d/%m/%Y", "%Y%m%d", "%Y%m%d%H%M%S", "%d-%b-%Y", "%d-%b-%y"),
)


def look(cells: pa.Table) -> tuple[Column, ...]:
    """Return what each column of text looks like."""
    return tuple(_look_at(name, cells[name]) for name in cells.column_names)


def _look_at(name: str, texts: pa.ChunkedArray) -> Column:
    nothing = pc.is_in(texts, value_set=pa.array(_NULLS))
    seen = pc.unique(texts.filter(nothing)).to_pylist()
    texts = texts.filter(pc.and_(texts.is_valid(), pc.invert(nothing)))
    total, rows = len(texts), max(len(nothing), 1)
    if not total:
        return Column(name, 0.0, 0.0, 0.0, 0.0, 0.0, tuple(seen))
    sample = texts.slice(0, 5000)
    numeric, decimal = max(
        (float(is_true(numbers(sample, decimal=mark).is_valid()).mean()), mark)
        for mark in (",", ".")
    )
    timely, form = _timely(sample)
    known = [ucum(text) is not None for text in pc.unique(sample).to_pylist()]
    return Column(
        name,
        total / rows,
        timely,
        numeric,
        float(np.mean(known)),
        len(pc.unique(texts)) / total,
        tuple(seen),
        form,
        decimal,
    )


def _timely(sample: pa.ChunkedArray) -> tuple[float, str | None]:
    shaped = is_true(pc.match_substring_regex(sample, r"^\d{4}-\d{2}-\d{2}"))
    if shaped.mean() > _SOME:
        return float(is_true(instants(sample).is_valid()).mean()), None
    for form in _FORMS:
        read = pc.strptime(sample, format=form, unit="us", error_is_null=True)
        share = float(is_true(read.is_valid()).mean())
        if share > _MANY:
            return share, form
    return 0.0, None


def propose(name: str, columns: Sequence[Column], *, file: str) -> Proposal:
    """Return a mapping of one table, and the questions that its columns leave open.

    Args:
        name: of the table.
        columns: what they look like.
        file: as the mapping names it.

    Raises:
        BadInput: no column can be the patient.

    >>> looks = [Column("patient_id", 1, 0, 1, 0, 0.2, ()), Column("taken_at", 1, 1, 0, 0, 1, ())]
    >>> propose("vitals", looks, file="v.csv").mapping["tables"][0]["subject"]
    'patient_id'
    """
    roles = _Roles(columns)
    questions = list(roles.questions())
    table: dict[str, Any] = {"name": name, "file": file}
    nulls = sorted({word for column in columns for word in column.nulls})
    if nulls:
        table["nulls"] = nulls
        questions.append(f"Do {', '.join(nulls)} stand for nothing in every column?")
    if roles.decimal != ".":
        table["decimal"] = roles.decimal
        questions.append("Does a comma stand before fractions in every column, as in 3,6?")
    if roles.row_id:
        table["row_id"] = [roles.row_id]
    table["subject"] = roles.subject
    table |= {
        key: value for key, value in (("encounter", roles.encounter), ("site", roles.site)) if value
    }
    table["known_at"] = roles.known_at()
    table["events"] = roles.events(name)
    mapping = {
        "system": re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-") or "source",
        "version": "unknown",
        "time_zone": "floating",
        "tables": [table],
    }
    return Proposal(mapping, tuple(questions), tuple(columns))


def _snake(name: str) -> str:
    """Return a name in small letters with its words apart.

    >>> _snake("PatientID"), _snake("testCode")
    ('patient_id', 'test_code')
    """
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return re.sub(r"[^a-z0-9]+", "_", apart.lower()).strip("_")


class _Roles:
    """Which column plays which part."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = columns
        self.subject = self._subject()
        self.encounter = self._first(
            _ENCOUNTER, lambda c: bool(_IDENT.search(_snake(c.name))), but=[self.subject]
        )
        self.site = self._first(_SITE, lambda c: c.distinct < _REPEATS)
        self.times = [c for c in columns if c.timely > _MANY and c.filled > 0]
        self.stored = next((c for c in self.times if _STORED.search(_snake(c.name))), None)
        rest = [c for c in self.times if c is not self.stored]
        happened = [c for c in rest if _HAPPENED.search(_snake(c.name))]
        plain = [c for c in rest if not _ENDED.search(_snake(c.name))]
        self.happened = next(iter(happened or plain or rest or self.times), None)
        self.ended = next(
            (c for c in rest if _ENDED.search(_snake(c.name)) and c is not self.happened), None
        )
        self.unit = self._first(_UNIT, lambda c: c.filled > 0) or self._first(
            _ANY, lambda c: c.units > _MANY and c.numeric < _SOME
        )
        self.code = self._first(_CODE, lambda c: c.distinct < _REPEATS) or self._first(
            _ABOUT,
            lambda c: c.distinct < _REPEATS and max(c.numeric, c.timely) < _SOME,
            but={self.subject, self.encounter, self.site, self.unit},
        )
        names = [c for c in columns if _IDENT.search(_snake(c.name))]
        ids = [c.name for c in names if c.distinct == 1 and c.filled == 1]
        self.row_id = next((one for one in ids if one not in {self.subject, self.code}), None)
        used = {self.subject, self.encounter, self.code, self.unit, self.site}
        self.value = self._first(
            _VALUE, lambda c: c.numeric > _SOME, but=used | {c.name for c in names}
        )
        self.decimal = next((c.decimal for c in columns if c.name == self.value), ".")

    def _first(self, named: re.Pattern[str], fits: Any, *, but: Any = ()) -> str | None:  # noqa: ANN401
        found = (c.name for c in self._columns if named.search(_snake(c.name)) and fits(c))
        return next((name for name in found if name not in but), None)

    def _subject(self) -> str:
        named = [c.name for c in self._columns if _SUBJECT.search(_snake(c.name))]
        if not named:
            raise BadInput(
                "no column looks like a patient's id",
                code="mapping.subject",
                hint="Write the mapping by hand and name it in `subject`.",
            )
        return named[0]

    def questions(self) -> list[str]:
        """Return what the columns do not tell."""
        asked = [
            "In which time zone are times written? 'floating' is right only for shifted dates."
        ]
        asked.append(f"Is '{self.subject}' one id for a person for ever, or one for each visit?")
        if self.stored is None:
            asked.append(
                "No column says when a row was stored. It is assumed that a row was seen when it "
                "happened; what is built on that cannot pass beyond validated without an exception."
            )
        else:
            asked.append(f"Is '{self.stored.name}' when the row could first be seen by a reader?")
        if self.happened is None:
            asked.append("No column is a time. Which column gives the order of rows? Use a clock.")
        slashed = [c.form for c in self.times if c.form and "/" in c.form and "%d" in c.form]
        if any("%m" in form for form in slashed):
            asked.append(_order_of_days(slashed))
        if self.code is None:
            asked.append(
                "No column is a code. Every column that matters needs an event of its own."
            )
        else:
            asked.append(f"Which vocabulary is '{self.code}'? Write it in place of LOCAL.")
        if self.value is not None and self.unit is None:
            asked.append(f"In which unit is '{self.value}'? Write `fixed_unit`, UCUM.")
        if self.row_id is None:
            asked.append(
                "No column names a row for ever: corrections cannot end what they correct."
            )
        if self.ended is not None:
            asked.append(f"Is '{self.ended.name}' written when it comes, or is it a plan?")
        return asked

    def known_at(self) -> dict[str, Any]:
        """Return how `known_at` is made."""
        if self.stored is not None:
            known = {"rule": "recorded", "columns": [self.stored.name]}
            return known | {"form": self.stored.form} if self.stored.form else known
        return {"rule": "same"}

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the events of a row."""
        time = self._moment(self.happened or self.stored)
        if self.code is not None:
            event: dict[str, Any] = {"code": [f"LOCAL//{{{self.code}}}"], "time": time}
            event |= {key: at for key, at in (("value", self.value), ("unit", self.unit)) if at}
            return [event]
        word = re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_")
        made = [{"code": [f"LOCAL//{word}"], "time": time}]
        used = {self.subject, self.encounter, self.row_id, self.unit, self.site}
        used |= {c.name for c in self.times}
        rest = [c for c in self._columns if c.name not in used and c.filled]
        made += [self._of_column(c, time) for c in rest if not _IDENT.search(_snake(c.name))]
        return made

    def _of_column(self, column: Column, time: dict[str, Any]) -> dict[str, Any]:
        word = re.sub(r"[^A-Z0-9]+", "_", column.name.upper()).strip("_")
        if column.numeric > _SOME:
            return {"code": [f"LOCAL//{word}"], "time": time, "value": column.name}
        return {"code": [f"LOCAL//{word}//{{{column.name}}}"], "time": time}

    def _moment(self, column: Column | None) -> dict[str, Any]:
        if column is None:
            order = self.row_id or self.encounter or self.subject
            return {"clock": {"order_by": order, "step": "1h"}}
        moment: dict[str, Any] = {"columns": [column.name]}
        return moment | {"form": column.form} if column.form else moment


def _order_of_days(forms: list[str]) -> str:
    """Return the question about dates with slashes; the rows that were looked at may not tell."""
    day_first = any(form.find("%d") < form.find("%m") for form in forms)
    first, other = ("day/month", "month/day") if day_first else ("month/day", "day/month")
    return f"Are dates written {first}, as proposed, or {other}?"
