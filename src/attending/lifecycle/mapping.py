"""Mappings: proposed from a file, checked on its first rows, and read for an ingest."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from attending.errors import BadInput, NotFound
from attending.ingest.chunks import delimiter_of, find, pieces
from attending.ingest.lookups import read_lookups
from attending.ingest.mapped import batches, mapped, needed
from attending.ingest.propose import Proposal, propose
from attending.ingest.pseudonyms import Pseudonyms
from attending.ingest.settle import settle
from attending.specs.mapping import MappingSpec
from attending.specs.read_yaml import read_spec
from attending.specs.write_yaml import to_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from attending.ingest.chunks import Piece
    from attending.ingest.source import Source
    from attending.records.snapshot import TableAccount

#: Rows of each table that a proposal or a check looks at.
LOOKED_AT = 20_000
#: Pseudonyms of a check are thrown away with it.
_THROWN_AWAY = bytes(32)


@dataclass
class Trial:
    """What the first rows of each table would become.

    Attributes:
        open: questions that nobody has answered yet.
        assumed: events whose availability the mapping assumes.
    """

    tables: dict[str, TableAccount] = field(default_factory=dict)
    quarantined: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    open: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()

    @property
    def events(self) -> int:
        """Return how many events came of the rows."""
        return sum(table.events for table in self.tables.values())

    def content(self) -> dict[str, Any]:  # a JSON object
        """Return the trial for machines."""
        return {
            "tables": {name: one.model_dump(mode="json") for name, one in self.tables.items()},
            "quarantined_by_reason": dict(sorted(self.quarantined.items())),
            "rejected_by_reason": dict(sorted(self.rejected.items())),
            "events": self.events,
            "questions": list(self.open),
            "availability_assumed": list(self.assumed),
        }


def read_mapping(path: Path) -> MappingSpec:
    """Return a mapping's spec.

    Raises:
        BadInput: it is not what the schema says; `where` is file, line and field.
    """
    return read_spec(path, MappingSpec)


def mapped_source(path: Path) -> tuple[str, Source]:
    """Return the name and the source of a mapping file.

    Raises:
        BadInput: it is not what the schema says, or has unanswered questions.
    """
    spec = read_mapping(path)
    return spec.source, mapped(spec)


def propose_for(path: Path) -> Proposal:
    """Return a proposed mapping of a file that nobody has described.

    Raises:
        NotFound: there is no such file.
        BadInput: it is not a table of text.
    """
    found = find(path, path.name) if path.is_file() else None
    if found is None:
        raise NotFound(
            f"there is no file {path.name}",
            code="ingest.missing_file",
            hint="Name one CSV or Parquet file; take it out of its archive first.",
        )
    delimiter = delimiter_of(found)
    first = next(pieces(found, delimiter=delimiter), None)
    if first is None or not first.table.num_rows:
        raise NotFound(
            "the file has no rows", code="mapping.no_rows", hint="Name one with rows in it."
        )
    sample = first.table.slice(0, LOOKED_AT)
    return propose(sample, file=path.name, delimiter=delimiter)


def as_yaml(proposal: Proposal) -> str:
    """Return a proposal as the text of a `mapping.yaml`, what was left out as comments."""
    lines = ["# Proposed from the first rows. Answer the questions at the end, take them out,"]
    lines.append("# and try it with `attending mapping check`.")
    lines += [f"# left out: {name}: {why}" for name, why in proposal.left_out.items()]
    return "\n".join(lines) + "\n" + to_yaml(proposal.mapping)


def write_new(text: str, path: Path) -> None:
    """Write a proposal where nothing is yet.

    Raises:
        BadInput: there is a file; answers are never overwritten.
    """
    if path.exists():
        raise BadInput(
            f"{path.name} is there already",
            code="mapping.exists",
            hint="Name another file with --out; answers are never overwritten.",
        )
    path.write_text(text, encoding="utf-8")


def require_answers(trial: Trial, *, where: str) -> None:
    """Pass when no question is open.

    Raises:
        BadInput: there is one.
    """
    if trial.open:
        raise BadInput(
            f"the mapping has {len(trial.open)} unanswered questions",
            code="mapping.unanswered",
            hint="Answer them in the file and take them out of 'questions'.",
            where=where,
        )


def check(path: Path, folder: Path) -> Trial:
    """Return what the first rows of each table would become under a mapping.

    Raises:
        BadInput: the mapping or a column is wrong.
        NotFound: a file is missing.
    """
    spec = read_mapping(path)
    trial = Trial(open=spec.questions, assumed=spec.assumed)
    lookups, keys = read_lookups(spec, folder), Pseudonyms(_THROWN_AWAY)
    for table in spec.tables:
        found = find(folder, table.file, inside=table.inside)
        if found is None and table.optional:
            continue
        if found is None:
            raise NotFound(
                f"the table '{table.name}' needs the file {table.file}, which is not there",
                code="ingest.missing_file",
                hint="Name the folder it lies in, or the file itself.",
                where=table.file,
            )
        read_in = pieces(found, needed(table), delimiter=table.delimiter, empty=table.empty)
        few = _first_rows(read_in)
        for batch in batches(spec, table, few, lookups=lookups, keys=keys):
            settled = settle(batch, lags={})
            before = trial.tables.get(table.name)
            account = settled.account
            trial.tables[table.name] = account if before is None else before.plus(account)
            trial.quarantined += settled.quarantined
            trial.rejected += settled.rejected
    return trial


def _first_rows(read_in: Iterator[Piece]) -> Iterator[Piece]:
    left = LOOKED_AT
    for piece in read_in:
        yield piece.first_rows(left)
        left -= piece.table.num_rows
        if left <= 0:
            return
