"""Mappings of sources that nobody has described yet: proposed, then tried."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from attending.errors import BadInput, NotFound
from attending.ingest.blocks import blocks
from attending.ingest.build import build_snapshot
from attending.ingest.cells import INSTANT
from attending.ingest.mapped import mapped_source
from attending.ingest.propose import look, propose
from attending.specs.mapping import EventMap, Known, MappingSpec, Moment, TableMap
from attending.specs.read_yaml import read_spec
from attending.specs.write_yaml import write_yaml

if TYPE_CHECKING:
    from attending.ingest.propose import Proposal
    from attending.records.snapshot import Snapshot
    from attending.types import Instant

_LOOKED_AT = 50_000
#: How a line of a proposed mapping begins that asks something.
_QUESTION = "# QUESTION"
_KEY = b"a mapping is tried, nothing kept"


@dataclass(frozen=True)
class Tried:
    """What a mapping makes of a source, by trying.

    Attributes:
        snapshot: that it would make.
        codes: the most frequent ones, with their counts.
        questions: how many of its proposal are open.
        ahead: how many events are later than now; none where dates are not the real ones.
    """

    snapshot: Snapshot
    codes: tuple[tuple[str, int], ...]
    questions: int
    ahead: int


def propose_mapping(file: Path) -> tuple[Proposal, str]:
    """Return a proposal for a file and its YAML, the questions in it as comments.

    Raises:
        NotFound: there is no such file.
        BadInput: it is not a table, or no column can be the patient.
    """
    if not file.is_file():
        raise NotFound(f"there is no file {file.name}", code="mapping.file", where=str(file))
    name = file.name.split(".")[0]
    columns = _header(file)
    looks = TableMap(
        name=name,
        file=file.name,
        subject=columns[0],
        known_at=Known(rule="same"),
        delimiter=_delimiter(file),
        events=(EventMap(code=("X",), time=Moment(columns=(columns[0],))),),
    )
    block = next(blocks(file.parent, looks, columns=columns), None)
    if block is None or not block.cells.num_rows:
        raise BadInput("the file has no rows", code="mapping.empty", where=file.name)
    proposal = propose(name, look(block.cells.slice(0, _LOOKED_AT)), file=file.name)
    if looks.delimiter != ",":
        proposal.mapping["tables"][0]["delimiter"] = looks.delimiter
    lines = [f"{_QUESTION} {n}: {one}" for n, one in enumerate(proposal.questions, 1)]
    head = ["# A proposal: answer every question, then try it with `attending mapping check`."]
    text = StringIO()
    write_yaml(proposal.mapping, text)
    return proposal, "\n".join([*head, *lines, text.getvalue()])


def _header(file: Path) -> list[str]:
    if file.suffix == ".parquet":
        return list(pq.read_schema(file).names)
    try:
        options = pa_csv.ParseOptions(delimiter=_delimiter(file))
        with pa_csv.open_csv(file, parse_options=options) as reader:
            return list(reader.schema.names)
    except (OSError, ValueError) as error:
        raise BadInput(
            "the file is not a table of UTF-8 text", code="ingest.not_a_table", where=file.name
        ) from error


def _delimiter(file: Path) -> str:
    """Return which of the usual characters parts the cells of the first line."""
    if file.suffix in {".parquet", ".gz"}:
        return ","
    with file.open("rb") as stream:
        line = stream.readline(1 << 16).decode("utf-8-sig", errors="replace")
    return max(",;\t|", key=line.count)


def open_questions(mapping: Path) -> int:
    """Return how many questions of its proposal a mapping still asks."""
    lines = mapping.read_text(encoding="utf-8").splitlines()
    return sum(line.startswith(_QUESTION) for line in lines)


def answered(mapping: Path) -> MappingSpec:
    """Return a mapping that asks nothing more.

    Raises:
        BadInput: it is none, or a question is open.
    """
    spec = read_spec(mapping, MappingSpec)
    count = open_questions(mapping)
    if count:
        raise BadInput(
            f"{count} questions of the proposal are open: a guess would stand in every row",
            code="mapping.open_questions",
            hint=f"Answer each in the file, then take its `{_QUESTION}` line out.",
            where=mapping.name,
        )
    return spec


def try_mapping(mapping: Path, folder: Path, *, now: Instant) -> Tried:
    """Return what a mapping makes of a source; nothing is kept.

    Raises:
        BadInput: the mapping is not one, or a column is missing.
        NotFound: a file is missing.
        Refused: a file is cut short.
    """
    spec = read_spec(mapping, MappingSpec)
    with tempfile.TemporaryDirectory(prefix="mapping-") as scratch:
        out = Path(scratch)
        snapshot = build_snapshot("mapped", folder, key=_KEY, out=out, source=mapped_source(spec))
        tables = [
            pq.read_table(out / one.name, columns=["code", "time"]) for one in snapshot.shards
        ]
    counts: dict[str, int] = {}
    ahead = 0
    for table in tables:
        if snapshot.real_clock:
            later = pc.greater(table["time"], pa.scalar(now.replace(tzinfo=None), INSTANT))
            ahead += pc.sum(later).as_py() or 0
        for one in pc.value_counts(table["code"]).to_pylist():
            counts[one["values"]] = counts.get(one["values"], 0) + one["counts"]
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return Tried(snapshot, tuple(ranked[:20]), open_questions(mapping), ahead)
