"""Read files of any shape as a mapping says: piece by piece, with bounded memory.

Each piece of a table is one batch; the account adds them up. Exact repetitions count once over the
whole file. A source row goes in with all its events or into quarantine with the first reason.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from attending.digests import digest_file
from attending.errors import BadInput, NotFound
from attending.ingest.batch import Origin
from attending.ingest.builtin import builtin_path
from attending.ingest.chunks import find, pieces
from attending.ingest.lookups import Cells, read_lookups
from attending.ingest.mapped_events import Draft, Place, availability_of, draft_of
from attending.ingest.rows import Rows
from attending.ingest.seen import Seen
from attending.ingest.source import Source
from attending.records.snapshot import SourceFile
from attending.specs.mapping import MappingSpec
from attending.specs.read_yaml import read_spec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from attending.ingest.batch import Batch
    from attending.ingest.chunks import Found, Piece
    from attending.ingest.lookups import Entries
    from attending.ingest.pseudonyms import Pseudonyms
    from attending.specs.mapping import TableMap
    from attending.types import Mask


def mapped(spec: MappingSpec) -> Source:
    """Return the source that a mapping describes.

    Raises:
        BadInput: the mapping has questions that nobody has answered.
    """
    if spec.questions:
        raise BadInput(
            f"the mapping has {len(spec.questions)} unanswered questions",
            code="mapping.unanswered",
            hint="Answer them in the file and take them out of 'questions'.",
            where="questions",
        )
    return Source(partial(_describe, spec), partial(_read, spec), spec.published_ids)


def builtin(name: str, *, published_ids: bool = False) -> Source:
    """Return a source whose mapping comes with the package; it is read when it is used."""

    def spec() -> MappingSpec:
        return read_spec(builtin_path(name), MappingSpec)

    def describe(folder: Path) -> Origin:
        return _describe(spec(), folder)

    def read(folder: Path, *, keys: Pseudonyms) -> Iterator[Batch]:
        return _read(spec(), folder, keys=keys)

    return Source(describe, read, published_ids)


def _describe(spec: MappingSpec, folder: Path) -> Origin:
    found = {one.path for _, one in _files(spec, folder)}
    files = [SourceFile(name=one.name, digest=digest_file(one)) for one in sorted(found)]
    files.append(SourceFile(name="mapping", digest=spec.digest))
    return Origin(
        system=spec.source,
        version=spec.version,
        time_zone=spec.time_zone,
        synthetic=spec.synthetic,
        files=tuple(files),
    )


def _read(spec: MappingSpec, folder: Path, *, keys: Pseudonyms) -> Iterator[Batch]:
    lookups = read_lookups(spec, folder)
    for table, found in _files(spec, folder):
        read_in = pieces(found, needed(table), delimiter=table.delimiter, empty=table.empty)
        yield from batches(spec, table, read_in, lookups=lookups, keys=keys)


def needed(table: TableMap) -> list[str]:
    """Return the columns that a table must have, each once."""
    return list(dict.fromkeys(ref.column for ref in table.refs()))


def _files(spec: MappingSpec, folder: Path) -> Iterator[tuple[TableMap, Found]]:
    for table in spec.tables:
        found = find(folder, table.file, inside=table.inside)
        if found is None and not table.optional:
            raise NotFound(
                f"the table '{table.name}' needs the file {table.file}, which is not there",
                code="ingest.missing_file",
                hint="Put it into the folder, or write 'optional: true' at the table.",
                where=table.file,
            )
        if found is not None:
            yield table, found


class Context(NamedTuple):
    """What all pieces of a table share."""

    spec: MappingSpec
    table: TableMap
    lookups: Mapping[str, Entries]
    keys: Pseudonyms
    rows: Seen
    ids: Seen


def batches(
    spec: MappingSpec,
    table: TableMap,
    read_in: Iterable[Piece],
    *,
    lookups: Mapping[str, Entries],
    keys: Pseudonyms,
) -> Iterator[Batch]:
    """Iterate over the batches that the pieces of one table give; an empty table gives one."""
    shared = Context(spec, table, lookups, keys, Seen(), Seen())
    none = True
    for piece in read_in:
        none = False
        yield _batch(piece, shared)
    if none:
        empty = {name: pa.array([], pa.string()) for name in needed(table)}
        yield Rows(spec.source, table.name, pa.table(empty)).batch([])


def _batch(piece: Piece, shared: Context) -> Batch:
    table = shared.table
    rows = Rows(
        shared.spec.source,
        table.name,
        piece.table,
        odd_lines=piece.odd_lines,
        named_by=table.row_id,
        first_row=piece.first,
    )
    if table.nothing:
        rows.reject(np.ones(rows.left, dtype=np.bool_), table.nothing)
        return rows.batch([])
    again = shared.rows.again(piece.table)
    rows.duplicate += int(again.sum())
    rows.keep(~again)
    if table.row_id:
        rows.quarantine(shared.ids.again(rows.table.select(list(table.row_id))), "id_reused")
    return _events(rows, shared)


def _events(rows: Rows, shared: Context) -> Batch:
    table = shared.table
    cells = Cells(rows.table, shared.lookups)
    whose = Place(
        subject=shared.keys.subject(cells.cell(table.patient or "")),
        encounter=shared.keys.encounter(cells.cell(table.encounter)) if table.encounter else None,
        site=cells.template(table.site) if table.site else None,
        zone=shared.spec.time_zone,
    )
    drafts = [draft_of(event, cells, place=whose) for event in table.events]
    clean = _set_aside(rows, drafts, whose)
    made = []
    for draft in drafts:
        columns = {name: column.filter(pa.array(clean)) for name, column in draft.columns.items()}
        made.append(rows.events(keep=draft.here[clean], **columns))
    rules = [
        one
        for event, draft in zip(table.events, drafts, strict=True)
        for one in availability_of(event, draft, table=table.name, clean=clean)
    ]
    return rows.batch(made, rules)


def _set_aside(rows: Rows, drafts: list[Draft], whose: Place) -> Mask:
    """Return which rows are clean, after taking the others out under their first reason."""
    unknown = np.asarray(whose.subject.is_null().to_numpy(), dtype=np.bool_)
    reasons = {"unknown_patient": unknown}
    for draft in drafts:
        for reason, where in draft.reasons.items():
            reasons[reason] = reasons.get(reason, np.zeros_like(where)) | where
    clean = np.ones(rows.left, dtype=np.bool_)
    for reason, where in reasons.items():
        rows.quarantine(where[clean], reason)
        clean &= ~where
    silent = ~np.logical_or.reduce([draft.here for draft in drafts])
    rows.reject(silent[clean], "no_event")
    return np.asarray(clean & ~silent, dtype=np.bool_)
