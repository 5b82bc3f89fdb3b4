"""Read any source that a mapping describes: columns become events, block by block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.digests import digest_file
from attending.engines.row_hash import Numbers, row_hashes
from attending.errors import BadInput
from attending.ingest.ahead import ahead
from attending.ingest.batch import Origin
from attending.ingest.blocks import Block, blocks, place_of
from attending.ingest.cells import (
    INSTANT,
    end_of_day,
    is_true,
    looked_up,
    numbers,
    numbers_with_a_word,
    shifted,
    strange_numbers,
)
from attending.ingest.control_totals import check_bytes, check_rows, read_totals
from attending.ingest.conversion import converted
from attending.ingest.files import require
from attending.ingest.mapped_merges import mapped_merges
from attending.ingest.mapped_times import Times, by_then, clock_values, read_moment, read_times
from attending.ingest.rows import Rows
from attending.ingest.source import Source
from attending.ingest.spellings import ucum, unit_column
from attending.ingest.tables import read_text_table
from attending.records.snapshot import Availability, SourceFile
from attending.specs.mapping import slots
from attending.times import format_length

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from attending.ingest.batch import Batch
    from attending.ingest.cells import Column
    from attending.ingest.control_totals import Total
    from attending.ingest.pseudonyms import Pseudonyms
    from attending.specs.mapping import EventMap, Known, Lookup, MappingSpec, TableMap
    from attending.types import Ints, Mask

MAPPING_FILE = "mapping.yaml"
#: What a set of names says of a row: it says the same as before, or something else.
_SAME, _OTHER = 1, 2
#: Why a row is set aside, by what was wrong with its times.
_TIME_REASONS = (("unreadable", "no_time"), ("gap", "dst_gap"), ("repeated", "dst_repeated"))


def mapped_source(spec: MappingSpec) -> Source:
    """Return the source that a mapping describes."""

    def describe(folder: Path) -> Origin:
        paths = dict.fromkeys(place_of(folder, table) for table in (*spec.tables, *spec.merges))
        totals = _totals(spec, folder)
        names = [str(path.relative_to(folder)) for path in paths]
        digests = [
            digest_file(path) if totals is None else check_bytes(totals, path, name=name)
            for path, name in zip(paths, names, strict=True)
        ]
        files = [
            SourceFile(name=name, digest=digest)
            for name, digest in zip(names, digests, strict=True)
        ]
        said = SourceFile(name=MAPPING_FILE, digest=spec.digest)
        return Origin(
            system=spec.system,
            version=spec.version,
            time_zone=spec.time_zone,
            synthetic=spec.synthetic,
            files=tuple(files),
            besides=(said,),
        )

    def read(folder: Path, *, keys: Pseudonyms) -> Iterator[Batch]:
        totals = _totals(spec, folder)
        for table in spec.tables:
            rows = 0
            for batch in _Reader(spec, table, folder).batches(keys):
                rows += batch.rows_in
                yield batch
            name = table.archive or table.file
            if totals is not None:
                check_rows(totals[name], rows, name=name)
        for merges in spec.merges:
            yield from mapped_merges(spec, merges, folder, keys=keys)

    return Source(describe, read, published_ids=spec.published_ids)


def _totals(spec: MappingSpec, folder: Path) -> dict[str, Total] | None:
    return None if spec.totals is None else read_totals(folder, spec.totals)


@dataclass(frozen=True)
class _Read:
    """What one event of a block's rows says, before rows are taken out."""

    code: Column
    time: Times | None
    known: Column
    value: Column
    text: Column
    unit: Column
    strange: Mask
    unknown_unit: Mask
    no_conversion: Mask
    applies: Mask

    def take(self, places: Ints) -> _Read:
        """Return the same of some rows, in their order."""
        if len(places) == len(self.applies):
            return self
        at = pa.array(places)
        parts = (self.code, self.known, self.value, self.text, self.unit)
        code, known, value, text, unit = (part.take(at) for part in parts)
        time = self.time and Times(self.time.at.take(at), *(mask[places] for mask in self.time[1:]))
        masks = (
            mask[places]
            for mask in (self.strange, self.unknown_unit, self.no_conversion, self.applies)
        )
        return _Read(code, time, known, value, text, unit, *masks)


class _Parsed(NamedTuple):
    """A block whose cells were read: its rows as numbers, and what each event says of them."""

    block: Block
    cells: pa.Table
    hashes: NDArray[np.uint64]
    names: NDArray[np.uint64]
    reads: list[_Read]


class _Reader:
    """Reads one table of a mapping."""

    def __init__(self, spec: MappingSpec, table: TableMap, folder: Path) -> None:
        self._spec = spec
        self._table = table
        self._folder = folder
        self._ranks = {
            event.time.clock.order_by: self._clock(event.time.clock.order_by)
            for event in table.events
            if event.time is not None and event.time.clock is not None
        }
        self._lookups = [(one, _looked_up_in(folder, one)) for one in table.lookups]

    def _clock(self, column: str) -> Ints:
        found = [
            clock_values(block.cells[column])
            for block in blocks(self._folder, self._table, columns=(column,))
        ]
        return np.unique(np.concatenate([np.empty(0, np.int64), *found]))

    def batches(self, keys: Pseudonyms) -> Iterator[Batch]:
        """Yield a batch for every block; the next block is read while one is put together."""
        table = self._table
        seen = Numbers(saying=bool(table.row_id))
        for parsed in ahead(self._parsed()):
            block = parsed.block
            rows = self._rows(parsed.cells, odd_lines=block.odd_lines, start=block.start)
            nameless = _nameless(block.cells, table.row_id)
            found = seen.add(parsed.names, parsed.hashes)
            rows.drop(found == _SAME)
            rows.quarantine(nameless[rows.places - block.start], "no_name")
            rows.quarantine(found[rows.places - block.start] == _OTHER, "id_reused")
            rows.quarantine(rows.missing(table.subject), "unknown_patient")
            yield self._batch(rows, parsed, keys)

    def _parsed(self) -> Generator[_Parsed, None, None]:
        table = self._table
        for block in blocks(self._folder, table, columns=table.columns):
            cells = self._prepared(block.cells)
            hashes = row_hashes(block.cells, block.cells.column_names)
            names = row_hashes(block.cells, table.row_id) if table.row_id else hashes
            reads = [self._read(cells, event) for event in table.events]
            yield _Parsed(block, cells, hashes, names, reads)

    def _rows(self, cells: pa.Table, *, odd_lines: int, start: int) -> Rows:
        table = self._table
        return Rows(
            self._spec.system,
            table.name,
            cells,
            odd_lines=odd_lines,
            named_by=table.row_id,
            versioned=table.versioned,
            start=start,
        )

    def _prepared(self, cells: pa.Table) -> pa.Table:
        """Return cells with replaced words, capitals, no dots, and the columns of other files."""
        table = self._table
        for name, words in table.replace.items():
            cells = _set(
                cells, name, _replaced(cells[name], words, listed=name in table.only_listed)
            )
        for name in table.upper:
            cells = _set(cells, name, pc.utf8_upper(cells[name]))
        for name in table.plain:
            cells = _set(cells, name, pc.replace_substring(cells[name], ".", ""))
        for lookup, other in self._lookups:
            place = pc.index_in(cells[lookup.on], value_set=other[lookup.key].combine_chunks())
            for name, there in lookup.take.items():
                cells = cells.append_column(name, other[there].take(place))
        return cells

    def _batch(self, rows: Rows, parsed: _Parsed, keys: Pseudonyms) -> Batch:
        _set_aside(rows, parsed)
        drafts = []
        said = np.zeros(rows.left, dtype=np.bool_)
        whose = self._whose(rows, keys)
        for one in parsed.reads:
            read = one.take(rows.places - parsed.block.start)
            drafts.append(
                rows.events(
                    keep=read.applies,
                    **whose,
                    code=read.code,
                    time=None if read.time is None else read.time.at,
                    known_at=read.known,
                    numeric_value=read.value,
                    text_value=read.text,
                    unit=read.unit,
                )
            )
            said |= read.applies
        rows.reject(~said, "says_nothing")
        return rows.batch(drafts, list(self._availability(drafts)))

    def _whose(self, rows: Rows, keys: Pseudonyms) -> dict[str, Column]:
        table = self._table
        whose = {"subject_id": keys.subject(rows.text(table.subject))}
        if table.encounter is not None:
            whose["encounter_id"] = keys.encounter(rows.text(table.encounter))
        if table.site is not None:
            whose["site"] = rows.text(table.site)
        return whose

    def _read(self, cells: pa.Table, event: EventMap) -> _Read:
        code = _coded(cells, event.code)
        applies = is_true(code.is_valid()) & _fits(cells, event)
        time = None
        if event.time is not None:
            clock = event.time.clock
            ranks = self._ranks[clock.order_by] if clock else None
            time = read_moment(cells, event.time, zone=self._spec.time_zone, ranks=ranks)
            time = Times(time.at, *(mask & applies for mask in time[1:]))
        value = _cells(cells, event.value)
        number = numbers(value, decimal=self._table.decimal)
        strange = strange_numbers(value, number) & applies
        measured = is_true(number.is_valid())
        text = _cells(cells, event.text)
        text = pc.coalesce(text, pc.if_else(number.is_null(), value, pa.scalar(None, pa.string())))
        unit, unknown = unit_column(_cells(cells, event.unit))
        if event.fixed_unit is not None:
            unit = _fixed(event.fixed_unit, len(code), where=self._table.name)
            strange |= numbers_with_a_word(value) & applies
        no_conversion = np.zeros(len(code), dtype=np.bool_)
        if event.into is not None:
            number, unit, no_conversion = converted(
                number, unit, into=event.into, molar_mass=event.molar_mass
            )
        return _Read(
            code=code,
            time=time,
            known=self._known(cells, event, time),
            value=number,
            text=text,
            unit=unit,
            strange=strange,
            unknown_unit=unknown & measured & applies,
            no_conversion=no_conversion & ~unknown & measured & applies,
            applies=applies if time is None else applies & is_true(time.at.is_valid()),
        )

    def _known(self, cells: pa.Table, event: EventMap, time: Times | None) -> Column:
        known = event.known_at or self._table.known_at
        nothing = pa.chunked_array([pa.nulls(cells.num_rows, INSTANT)])
        if known.rule == "undeclared":
            return nothing
        if known.columns:
            zone = self._spec.time_zone
            at = pc.coalesce(
                *(by_then(read_times(cells[c], form=known.form, zone=zone)) for c in known.columns)
            )
        elif time is None:
            at = nothing
        else:
            at = time.at if known.rule == "lag" else by_then(time)
        if known.rule == "end_of_day":
            return end_of_day(at)
        return shifted(at, known.lag) if known.lag else at

    def _availability(self, drafts: list[pa.Table]) -> Iterator[Availability]:
        for event, draft in zip(self._table.events, drafts, strict=True):
            known = event.known_at or self._table.known_at
            if known.rule == "undeclared":
                continue
            prefix = event.code[0].split("{")[0] if event.known_at is not None else None
            yield Availability(
                table=self._table.name,
                rule=_rule(known),
                assumed=known.assumed,
                code=prefix or None,
                rows=draft.num_rows,
            )


def _nameless(cells: pa.Table, row_id: tuple[str, ...]) -> Mask:
    """Return where a row that is named by columns has no text in any of them."""
    empty = np.full(cells.num_rows, bool(row_id))
    for name in row_id:
        empty &= is_true(pc.equal(pc.utf8_trim_whitespace(pc.fill_null(cells[name], "")), ""))
    return empty


def _set_aside(rows: Rows, parsed: _Parsed) -> None:
    """Quarantine rows with a time that is none, a strange number, or one in an unknown unit."""
    for read in parsed.reads:
        problems = [
            (read.strange, "not_a_number"),
            (read.unknown_unit, "unknown_unit"),
            (read.no_conversion, "no_conversion"),
        ]
        if read.time is not None:
            problems += [(getattr(read.time, what), why) for what, why in _TIME_REASONS]
        for bad, reason in problems:
            rows.quarantine(bad[rows.places - parsed.block.start], reason)


def _rule(known: Known) -> str:
    return f"lag:{format_length(known.lag)}" if known.rule == "lag" else known.rule


def _looked_up_in(folder: Path, lookup: Lookup) -> pa.Table:
    """Return the columns of another file that are looked up, one row a key.

    Raises:
        BadInput: a key stands there twice.
    """
    wanted = list(dict.fromkeys([lookup.key, *lookup.take.values()]))
    path = require(folder, lookup.file, of="a lookup")
    table, _ = read_text_table(path, wanted, name=lookup.file)
    if len(pc.unique(table[lookup.key])) < table.num_rows:
        raise BadInput(
            f"the key '{lookup.key}' is not unique",
            code="mapping.lookup",
            hint="Look up by a column that names each row once.",
            where=lookup.file,
        )
    return table


def _replaced(column: Column, words: Mapping[str, str], *, listed: bool) -> Column:
    found = looked_up(column, dict(words))
    whole = found if listed else pc.coalesce(found, column)
    return pc.if_else(pc.equal(whole, ""), pa.scalar(None, pa.string()), whole)


def _set(cells: pa.Table, name: str, column: Column) -> pa.Table:
    return cells.set_column(cells.column_names.index(name), name, column)


def _cells(cells: pa.Table, name: str | None) -> Column:
    if name is None:
        return pa.chunked_array([pa.nulls(cells.num_rows, pa.string())])
    return cells[name]


def _coded(cells: pa.Table, templates: tuple[str, ...]) -> Column:
    """Return the first template of each row all of whose columns have a text."""
    return pc.coalesce(*(_filled(cells, template) for template in templates))


def _filled(cells: pa.Table, template: str) -> Column:
    parts: list[Column | pa.Scalar] = []
    rest = template
    for slot in slots(template):
        before, _, rest = rest.partition(f"{{{slot}}}")
        parts += [pa.scalar(before), pc.utf8_trim_whitespace(cells[slot])]
    parts.append(pa.scalar(rest))
    if len(parts) == 1:
        return pa.chunked_array([pa.repeat(pa.scalar(template), cells.num_rows)])
    return pc.binary_join_element_wise(*parts, "")


def _fits(cells: pa.Table, event: EventMap) -> Mask:
    fits = np.ones(cells.num_rows, dtype=np.bool_)
    for where in event.where:
        named = pa.array(list(where.among or where.besides), type=pa.string())
        inside = is_true(pc.is_in(cells[where.column], value_set=named))
        fits &= inside if where.among else ~inside
    return fits


def _fixed(spelled: str, count: int, *, where: str) -> Column:
    code = ucum(spelled)
    if code is None:
        raise BadInput(
            f"got unit '{spelled}', which nobody here knows",
            code="mapping.unit",
            hint="Write the UCUM code, such as mg/dL or mm[Hg].",
            where=f"{MAPPING_FILE}: {where}",
        )
    return pa.chunked_array([pa.repeat(pa.scalar(code), count)])
