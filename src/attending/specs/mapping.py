"""`mapping.yaml`: how the columns of any table become events, so that a source needs no code.

A row of a table gives one event for each entry of `events`. A code is a template: `{column}` is
replaced by the cell; where a cell is empty the next template is tried, and without any the row
says nothing. When a row was first seen is never guessed: the mapping says how `known_at` is made.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self, TypeAlias
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, model_validator

from attending.specs.base import Length, Spec

_SLOT = re.compile(r"\{([^{}]*)\}")
Name: TypeAlias = Annotated[str, Field(min_length=1, max_length=200)]


def slots(template: str) -> tuple[str, ...]:
    """Return the columns that a template names.

    >>> slots("LOINC//{code}")
    ('code',)
    """
    return tuple(_SLOT.findall(template))


def _template(value: str) -> str:
    rest = _SLOT.sub("", value)
    if not value.strip() or "{" in rest or "}" in rest or any(not slot for slot in slots(value)):
        raise ValueError(f"got '{value}', expected words and {{column}} in braces")
    return value


def _file(value: str) -> str:
    parts = value.split("/")
    if value.startswith("/") or "\\" in value or any(part in {"", ".", ".."} for part in parts):
        raise ValueError(f"got '{value}', expected a file inside the source's folder")
    return value


def _zone(value: str) -> str:
    if value not in {"floating", "relative"} and value not in available_timezones():
        raise ValueError(f"got '{value}', expected an IANA name, 'floating' or 'relative'")
    return value


Template: TypeAlias = Annotated[str, AfterValidator(_template)]
File: TypeAlias = Annotated[str, AfterValidator(_file)]


class Clock(Spec):
    """A time made from the order of rows, for a source that has no dates.

    Attributes:
        order_by: a column of whole numbers; the rank of its value is the clock.
        start: the instant of the first rank.
        step: how far apart two ranks stand.
    """

    order_by: Name
    start: str = "2000-01-01T00:00:00Z"
    step: Length


class Moment(Spec):
    """When something happened: the first of some columns that has a time, moved by a length.

    Attributes:
        columns: of times, the best first.
        clock: in place of columns, the order of rows.
        form: how times are written (strptime), where it is not ISO 8601.
        plus: added, such as `30d`.
        plus_column: a column of numbers that is added, counted in `plus_unit`.
        plus_unit: what one of them is.
    """

    columns: tuple[Name, ...] = ()
    clock: Clock | None = None
    form: str | None = None
    plus: Length = 0
    plus_column: Name | None = None
    plus_unit: Length = 0

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if bool(self.columns) == (self.clock is not None):
            raise ValueError("expected either 'columns' or 'clock', and not both")
        if (self.plus_column is None) != (self.plus_unit == 0):
            raise ValueError("expected 'plus_column' and 'plus_unit' together")
        return self


class Known(Spec):
    """When a row could first be seen.

    Attributes:
        rule: `recorded` takes it from columns; `same` assumes that it was seen when it happened (a
            date by the end of that day); `end_of_day` that it was seen by the end of that day;
            `lag` some time after; `undeclared` leaves it open, and the contract must say.
        columns: for `recorded`, the best first; else from when it is counted, where that is not
            when it happened. A static fact needs them.
        form: how these columns write times (strptime), where it is not ISO 8601.
        lag: for `lag`.
    """

    rule: Literal["recorded", "same", "end_of_day", "lag", "undeclared"]
    columns: tuple[Name, ...] = ()
    form: str | None = None
    lag: Length = 0

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.rule == "recorded" and not self.columns:
            raise ValueError("expected the columns that known_at is recorded in")
        if self.rule == "lag" and self.lag <= 0:
            raise ValueError("expected a lag above zero")
        if self.rule != "lag" and self.lag:
            raise ValueError(f"rule '{self.rule}' takes no lag")
        if self.rule == "undeclared" and self.columns:
            raise ValueError("rule 'undeclared' takes no columns")
        return self

    @property
    def assumed(self) -> bool:
        """Return whether nobody recorded when the row was first seen."""
        return self.rule != "recorded"


class Lookup(Spec):
    """Columns that are taken from another file of the source, by a key.

    Attributes:
        file: the other file.
        on: the column of this table.
        key: the column of the other file.
        take: name here -> column there.
    """

    file: File
    on: Name
    key: Name
    take: dict[Name, Name] = Field(min_length=1)


class Where(Spec):
    """Only rows in which a column has one of some texts, or none of them."""

    column: Name
    among: tuple[str, ...] = ()
    besides: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if bool(self.among) == bool(self.besides):
            raise ValueError("expected either 'among' or 'besides', and not both")
        return self


class EventMap(Spec):
    """One event of a row.

    Attributes:
        code: templates, the best first.
        time: when it happened; a static fact has none.
        known_at: when it could first be seen; as the table says when absent.
        value: the column of the number; text that is no number is kept as text.
        text: the column of the text.
        unit: the column of the unit.
        fixed_unit: the unit of all rows, UCUM.
        into: the unit that numbers are converted into, UCUM; a number that cannot be converted,
            or has no unit, is set aside.
        molar_mass: grams per mole, where that goes from a mass to an amount of substance.
        where: only these rows.
        static: a fact that has no time.
    """

    code: tuple[Template, ...] = Field(min_length=1)
    time: Moment | None = None
    known_at: Known | None = None
    value: Name | None = None
    text: Name | None = None
    unit: Name | None = None
    fixed_unit: str | None = None
    into: str | None = None
    molar_mass: Annotated[float, Field(gt=0)] | None = None
    where: tuple[Where, ...] = ()
    static: bool = False

    @model_validator(mode="after")
    def _time_or_static(self) -> Self:
        if self.static == (self.time is not None):
            raise ValueError("expected a time, or 'static: true', and not both")
        if self.unit is not None and self.fixed_unit is not None:
            raise ValueError("expected 'unit' or 'fixed_unit', and not both")
        if self.into is not None and self.unit is None and self.fixed_unit is None:
            raise ValueError("'into' needs the unit that there is: 'unit' or 'fixed_unit'")
        if self.molar_mass is not None and self.into is None:
            raise ValueError("'molar_mass' needs 'into'")
        return self


class FileMap(Spec):
    """A file of the source, and how it is written.

    Attributes:
        name: what the account calls it.
        file: in the source's folder; `.csv`, `.csv.gz`, `.parquet`.
        archive: a zip file in the folder in which `file` lies.
        delimiter: of a text file.
        nulls: texts that stand for nothing.
    """

    name: Name
    file: File
    archive: File | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    nulls: tuple[str, ...] = ()


class MergeMap(FileMap):
    """A table that says which patients were merged: two records of one person.

    Attributes:
        gone: the column of the patient whose record was merged into another.
        kept: the column of the patient whose record was kept.
        at: since when that was known.
        undone_at: since when it was known to be undone, where a row says both.
        undone: which rows say that a merge is undone, since `at`.
    """

    name: Name = "merges"
    gone: Name
    kept: Name
    at: Moment
    undone_at: Moment | None = None
    undone: Where | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.gone == self.kept:
            raise ValueError("'gone' and 'kept' are one column; expected two")
        if self.undone is not None and self.undone_at is not None:
            raise ValueError("expected 'undone' or 'undone_at', and not both")
        if any(one.clock is not None for one in (self.at, self.undone_at) if one is not None):
            raise ValueError("a merge is known at a time: expected 'columns', not 'clock'")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns that are read, each once, in the order of their mention."""
        named = [self.gone, self.kept]
        for moment in filter(None, (self.at, self.undone_at)):
            named += [*moment.columns, *filter(None, [moment.plus_column])]
        named += [self.undone.column] if self.undone else []
        return tuple(dict.fromkeys(named))


class TableMap(FileMap):
    """One table of the source.

    Attributes:
        decimal: the mark before fractions; what is written otherwise is set aside, not guessed.
        row_id: columns that name a row for ever; its place in the file when empty.
        versioned: whether the last of them is the version of a record.
        subject: the column of the patient.
        encounter: the column of the stay.
        site: the column of the facility.
        replace: column -> text -> our text; what is not listed stays.
        only_listed: columns of `replace` in which what is not listed becomes nothing.
        upper: columns that are written in capitals.
        plain: columns that lose their dots, as codes of ICD do.
        lookups: columns that come from other files.
        known_at: for all events that say nothing else.
        events: what a row gives.
    """

    decimal: Literal[".", ","] = "."
    row_id: tuple[Name, ...] = ()
    versioned: bool = False
    subject: Name
    encounter: Name | None = None
    site: Name | None = None
    replace: dict[Name, dict[str, str]] = Field(default_factory=dict)
    only_listed: tuple[Name, ...] = ()
    upper: tuple[Name, ...] = ()
    plain: tuple[Name, ...] = ()
    lookups: tuple[Lookup, ...] = ()
    known_at: Known
    events: tuple[EventMap, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _version_is_named(self) -> Self:
        if self.versioned and len(self.row_id) < 2:
            raise ValueError("a versioned table needs a name and a version in row_id")
        return self

    @property
    def looked_up(self) -> frozenset[str]:
        """Return the columns that come from other files."""
        return frozenset(name for one in self.lookups for name in one.take)

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns that are read, each once, in the order of their mention."""
        named = [self.subject, self.encounter, self.site, *self.row_id]
        named += [one.on for one in self.lookups]
        named += [*self.replace, *self.upper, *self.plain]
        for event in self.events:
            named += [slot for template in event.code for slot in slots(template)]
            named += [event.value, event.text, event.unit]
            named += [where.column for where in event.where]
            for moment in filter(None, (event.time,)):
                named += [*moment.columns, moment.plus_column]
                named += [moment.clock.order_by] if moment.clock else []
            for known in (event.known_at or self.known_at,):
                named += known.columns
        found = dict.fromkeys(name for name in named if name is not None)
        return tuple(name for name in found if name not in self.looked_up)


class Totals(Spec):
    """The file in which the source says how many rows each file has that it sent.

    Attributes:
        file: a CSV file in the source's folder, one line a file.
        name: the column of the file's name, as the tables of the mapping name it.
        rows: the column of its number of rows, its first line left out.
        sha256: the column of the SHA-256 of its bytes, in hexadecimal.
    """

    file: File
    name: Name
    rows: Name
    sha256: Name | None = None


class MappingSpec(Spec):
    """`mapping.yaml`: a source, its clock, its tables, and what it says of merged patients.

    >>> slots("ICD10CM//{diag}")
    ('diag',)
    """

    system: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    version: Name
    time_zone: Annotated[str, AfterValidator(_zone)]
    synthetic: bool = False
    published_ids: bool = False
    totals: Totals | None = None
    tables: tuple[TableMap, ...] = Field(min_length=1)
    merges: tuple[MergeMap, ...] = ()

    @model_validator(mode="after")
    def _tables_once(self) -> Self:
        names = [table.name for table in (*self.tables, *self.merges)]
        if len(set(names)) != len(names):
            raise ValueError("two tables have one name")
        return self
