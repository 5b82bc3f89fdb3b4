"""Pull what is new from a hospital's database into a folder that `ingest mapped` reads.

A folder is whole or not there. `pull.json` in it says how far each query came; the next pull
goes on from there. Rows at the last watermark are read again, as more of them may have come since.
"""

from __future__ import annotations

import json
import shutil
import stat
import tempfile
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from attending.digests import digest_file
from attending.errors import BadInput, NotFound, Refused
from attending.specs.database import DatabaseSpec
from attending.specs.read_yaml import read_spec
from attending.stores.source_database import open_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from attending.specs.database import Query
    from attending.stores.source_database import SourceDatabase

STATE = "pull.json"
_KINDS = {"whole": int, "text": str, "instant": datetime}


@dataclass(frozen=True)
class Pulled:
    """What one query gave.

    Attributes:
        kind: of the watermark: `whole`, `text`, `instant`, or `none` before the first row.
        watermark: how far it came, as text.
    """

    file: str
    rows: int
    kind: str
    watermark: str
    digest: str


def pull(
    queries: Path,
    *,
    address_file: Path,
    into: Path,
    after: Path | None = None,
    each: Callable[[], None] | None = None,
) -> tuple[Pulled, ...]:
    """Return what each query gave, after writing it into a folder of its own.

    Args:
        queries: `database.yaml`.
        address_file: one line, the database's address; readable by its owner only.
        into: a folder that is not there yet.
        after: the folder of the last pull, to go on from.
        each: called after every query.

    Raises:
        BadInput: the folder is there, the address file is open to others, or a query is wrong.
        Refused: rows have no watermark, so they could be missed for ever.
        DependencyDown: the database cannot be reached.
    """
    spec = read_spec(queries, DatabaseSpec)
    address = _address(address_file)
    before = {} if after is None else _state(after)
    if into.exists():
        raise BadInput(
            f"{into.name} is there already",
            code="source.exists",
            hint="Name a folder that is not there yet, such as one with today's date.",
        )
    into.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".pull-", dir=into.parent))
    try:
        with open_source(address) as source:
            found = tuple(_each(source, spec, scratch, before=before, each=each))
        content = {"queries": spec.digest, "tables": [asdict(one) for one in found]}
        (scratch / STATE).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        scratch.rename(into)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return found


def _each(
    source: SourceDatabase,
    spec: DatabaseSpec,
    folder: Path,
    *,
    before: Mapping[str, Pulled],
    each: Callable[[], None] | None,
) -> Iterator[Pulled]:
    for query in spec.tables:
        yield _one(source, query, folder, before=before.get(query.file))
        if each:
            each()


def _one(source: SourceDatabase, query: Query, folder: Path, *, before: Pulled | None) -> Pulled:
    missing = source.without_watermark(query.query, watermark=query.watermark)
    if missing:
        raise Refused(
            f"{missing} rows have no '{query.watermark}', so a later pull could miss them",
            code="source.no_watermark",
            hint="Choose a column that is always filled, or coalesce it in the query.",
            where=query.file,
        )
    last = source.last(query.query, watermark=query.watermark)
    since = None if before is None else _since(before, query)
    path = folder / f"{query.file}.parquet"
    rows = 0
    tables = source.rows(query.query, watermark=query.watermark, since=since)
    first = next(tables)
    with pq.ParquetWriter(path, first.schema, compression="zstd") as writer:
        writer.write_table(first)
        for table in tables:
            writer.write_table(table)
            rows += table.num_rows
    kind, mark = _marked(last) if last is not None else _came(before)
    return Pulled(query.file, rows, kind, mark, digest_file(path))


def _came(before: Pulled | None) -> tuple[str, str]:
    return ("none", "") if before is None else (before.kind, before.watermark)


def _marked(value: Any) -> tuple[str, str]:  # noqa: ANN401 - what the database gave
    for kind, wanted in _KINDS.items():
        if isinstance(value, wanted) and not isinstance(value, bool):
            return kind, value.isoformat() if isinstance(value, datetime) else str(value)
    raise BadInput(
        f"the watermark is of the type {type(value).__name__}, expected whole numbers, instants "
        "or text that sorts like them",
        code="source.watermark",
        hint="Cast it in the query.",
    )


def _since(before: Pulled, query: Query) -> Any:  # noqa: ANN401 - as the database compares it
    if before.kind == "none":
        return None
    if before.kind == "whole":
        return int(before.watermark)
    if before.kind == "instant":
        return datetime.fromisoformat(before.watermark) - timedelta(microseconds=query.overlap)
    return _text_since(before.watermark, query)


def _text_since(mark: str, query: Query) -> str:
    """Return where to go on in text; text that is an instant can be looked back in."""
    if not query.overlap:
        return mark
    try:
        moment = datetime.fromisoformat(mark)
    except ValueError:
        raise BadInput(
            "an overlap needs a watermark that is an instant",
            code="source.overlap",
            hint="Take the overlap out, or choose another watermark.",
            where=query.file,
        ) from None
    earlier = (moment - timedelta(microseconds=query.overlap)).isoformat()
    return earlier if "T" in mark else earlier.replace("T", " ")


def _address(path: Path) -> str:
    if not path.is_file():
        raise NotFound(f"there is no file {path.name}", code="source.address_file")
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise BadInput(
            "the file with the database's address can be read by others",
            code="source.address_open",
            hint=f"chmod 600 {path.name}",
            where=str(path),
        )
    return path.read_text(encoding="utf-8").strip()


def _state(folder: Path) -> Mapping[str, Pulled]:
    try:
        content = json.loads((folder / STATE).read_bytes())
        found = [Pulled(**one) for one in content["tables"]]
    except OSError:
        raise NotFound(
            f"{folder.name} is no folder of a pull", code="source.no_pull", where=STATE
        ) from None
    except (ValueError, KeyError, TypeError):
        raise BadInput("this is not what a pull wrote", code="source.state", where=STATE) from None
    return {one.file: one for one in found}
