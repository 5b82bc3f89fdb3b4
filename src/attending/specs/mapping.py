"""How files of any shape become events: `mapping.yaml`.

One table of a mapping is one file; each of its rows may give several events. Every event says when
it happened and when it was known. Where a source recorded no such time the mapping says what is
assumed, and the snapshot is marked so. Unanswered questions stop the ingest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from attending.errors import did_you_mean
from attending.specs.base import Length, Spec, Unit
from attending.specs.cells import Cell, Ref, Template, Text, literal_start, refs, refs_in, refs_of
from attending.times import format_length

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Clocks that are not real UTC; what is built on them cannot pass *validated*.
UNREAL_ZONES = ("floating", "relative")


def _zone(text: str) -> str:
    if text not in UNREAL_ZONES and text not in available_timezones():
        near = did_you_mean(text, [*UNREAL_ZONES, *available_timezones()])
        near = near if near.startswith("Did") else "Write one such as 'Europe/Berlin' or 'UTC'."
        raise ValueError(f"got the time zone '{text}', which is not known. {near}")
    return text


def _one_column(value: object) -> object:
    return {"column": value} if isinstance(value, str) else value


def _named_rule(value: object) -> object:
    return {"rule": value} if isinstance(value, str) else value


class When(Spec):
    """An event is made only where a cell has text, and one of these words if any are named."""

    column: Cell
    present: bool = True
    one_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()


class Counted(Spec):
    """A number of lengths, such as whole days, in a column."""

    column: Cell
    counts: Length


class Time(Spec):
    """Where an instant stands and how it is written.

    Attributes:
        format: `iso` (2026-01-31, with or without a time or an offset), or a pattern of
            %Y %y %m %d %b %H %I %p %M %S %f and %z.
        counts: the column is a number of such lengths since 2000-01-01 (a relative clock).
        plus: further lengths in another column.
    """

    column: Text
    format: str = "iso"
    counts: Length | None = None
    plus: Counted | None = None


class Known(Spec):
    """When a row could first be seen.

    Attributes:
        rule: `recorded` in a column; `same` as it happened; `end_of_day` of that day; `lag` after
            it; `encounter_end`, a lag after the instant in a column. All but `recorded` assume.
        otherwise: the lag where the column is empty; without it such rows are quarantined.
    """

    rule: Literal["recorded", "same", "end_of_day", "lag", "encounter_end"] = "recorded"
    column: Cell | None = None
    format: str = "iso"
    lag: Length = 0
    otherwise: Length | None = None

    @model_validator(mode="after")
    def _says_enough(self) -> Known:
        if (self.rule in {"recorded", "encounter_end"}) != (self.column is not None):
            raise ValueError(
                "'column' goes with the rules 'recorded' and 'encounter_end', and only with them"
            )
        return self

    @property
    def assumed(self) -> bool:
        """Return whether the source recorded no such time."""
        return self.rule != "recorded"

    @property
    def title(self) -> str:
        """Return the rule as a snapshot states it."""
        if self.rule == "lag":
            return f"lag:{format_length(self.lag)}"
        if self.rule == "encounter_end" and self.lag:
            return f"encounter_end+{format_length(self.lag)}"
        return self.rule


WhenColumn: TypeAlias = Annotated[When, BeforeValidator(_one_column)]
TimeColumn: TypeAlias = Annotated[Time, BeforeValidator(_one_column)]
KnownRule: TypeAlias = Annotated[Known, BeforeValidator(_named_rule)]


class EventMap(Spec):
    """One event that a row gives. No `time` makes a static fact.

    Attributes:
        code: such as `LOINC//{loinc}`; where a cell of it is empty, `otherwise` is taken.
        number: a cell that is a number; text that is none is quarantined unless `text` is mapped.
        unit: one UCUM code for all rows; `unit_column` where each row says its own.
    """

    code: Template
    otherwise: Template | None = None
    time: TimeColumn | None = None
    known_at: KnownRule
    number: Cell | None = None
    text: Template | None = None
    unit: Unit | None = None
    unit_column: Cell | None = None
    when: tuple[WhenColumn, ...] = ()

    @model_validator(mode="after")
    def _one_unit(self) -> EventMap:
        if self.unit and self.unit_column:
            raise ValueError("write 'unit' or 'unit_column', not both")
        return self

    @property
    def prefix(self) -> str:
        """Return the words that all codes of this event begin with."""
        return literal_start(self.code)

    def refs(self) -> Iterator[Ref]:
        """Iterate over all columns that the event reads."""
        cells = [self.number, self.unit_column, self.known_at.column]
        cells += [condition.column for condition in self.when]
        if self.time is not None:
            yield from refs_in(self.time.column)
            cells.append(self.time.plus.column if self.time.plus else None)
        for cell in cells:
            yield from refs(cell) if cell else ()
        for template in (self.code, self.otherwise, self.text):
            yield from refs_of(template) if template else ()


class Lookup(Spec):
    """A small table by key: written out in `values`, or read from a file.

    Attributes:
        file: as a table's; read whole, so it must fit into memory.
        value: what an entry says, such as `{vocabulary_id}//{concept_code}`.
        leave_out: keys that stand for nothing.
    """

    values: dict[str, str] = Field(default_factory=dict)
    file: str = ""
    key: str = ""
    value: Template | None = None
    leave_out: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_way(self) -> Lookup:
        whole = bool(self.file and self.key and self.value)
        if whole == bool(self.values) or bool(self.file or self.key or self.value) != whole:
            raise ValueError("a lookup is either 'values', or 'file' with 'key' and 'value'")
        return self


class TableMap(Spec):
    """One file and the events that each of its rows gives.

    Attributes:
        file: its name, without folder; `LABS` also finds labs.csv, labs.csv.gz and labs.parquet.
        inside: the zip archive that holds it, if any.
        row_id: columns that name a row in its source; its place in the file when none.
        nothing: a reason why rows of this file give no events; they are counted as rejected.
        optional: whether the file may be absent.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,60}$")
    file: str
    inside: str = ""
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    empty: tuple[str, ...] = ("",)
    row_id: tuple[str, ...] = ()
    patient: Cell | None = None
    encounter: Cell | None = None
    site: Template | None = None
    events: tuple[EventMap, ...] = ()
    nothing: str = Field(default="", pattern=r"^[a-z_]{0,40}$")
    optional: bool = False

    @model_validator(mode="after")
    def _events_have_patients(self) -> TableMap:
        if bool(self.nothing) == bool(self.events):
            raise ValueError("write 'events', or 'nothing' with the reason why there are none")
        if self.events and self.patient is None:
            raise ValueError("'patient' is missing: the column with the patient's id")
        if any("/" in name or "\\" in name for name in (self.file, self.inside)):
            raise ValueError("'file' and 'inside' are names, not paths")
        return self

    def refs(self) -> Iterator[Ref]:
        """Iterate over all columns that the table reads."""
        yield from (Ref(name) for name in self.row_id)
        for cell in (self.patient, self.encounter):
            yield from refs(cell) if cell else ()
        yield from refs_of(self.site) if self.site else ()
        for event in self.events:
            yield from event.refs()


class MappingSpec(Spec):
    """All of a mapping.

    Attributes:
        source: the system's name, as contracts and events carry it.
        published_ids: whether the ids are printed in a public set, so that no secret hides them.
        synthetic: whether the patients are made up.
        questions: what nobody has answered yet; ingest refuses while there are any.
    """

    source: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,60}$")
    version: str = "1"
    time_zone: Annotated[str, AfterValidator(_zone)]
    published_ids: bool = False
    synthetic: bool = False
    lookups: dict[str, Lookup] = Field(default_factory=dict)
    tables: tuple[TableMap, ...] = Field(min_length=1)
    questions: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _names_are_known(self) -> MappingSpec:
        names = [table.name for table in self.tables]
        if len(set(names)) != len(names):
            raise ValueError("two tables have one name")
        used = {ref.lookup for table in self.tables for ref in table.refs()} - {""}
        for name in sorted(used - set(self.lookups)):
            raise ValueError(f"there is no lookup '{name}'. {did_you_mean(name, self.lookups)}")
        counted = any(e.time and e.time.counts for t in self.tables for e in t.events)
        if counted and self.time_zone != "relative":
            raise ValueError("a time that counts from 2000-01-01 needs 'time_zone: relative'")
        return self

    @property
    def assumed(self) -> tuple[str, ...]:
        """Return `table code: rule` of every event whose availability is assumed."""
        return tuple(
            f"{table.name} {event.code}: {event.known_at.title}"
            for table in self.tables
            for event in table.events
            if event.known_at.assumed or event.known_at.otherwise is not None
        )

    def dumped(self) -> dict[str, Any]:  # a JSON object
        """Return the mapping as plain values without what is left at its default."""
        return self.model_dump(mode="json", exclude_defaults=True)
