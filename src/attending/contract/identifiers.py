"""Look through columns of text for identifiers: counts by column, code and kind, never a value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.contract.identifier_forms import FORMS, FORMS_DIGEST
from attending.records.identifiers import IdentifierCount, IdentifierScan

if TYPE_CHECKING:
    from attending.types import Mask

#: Columns that are looked through.
TEXTS = ("text_value", "code", "unit", "source_row", "site")
READ = (*TEXTS, "source")
WITHHELD = "withheld"
#: The kind that counts what was looked at: `rows` are events, `source_rows` distinct texts.
_LOOKED_AT = ""
_FOUND = pa.schema(
    [
        *(pa.field(name, pa.string()) for name in ("column", "kind", "code", "source")),
        *(pa.field(name, pa.int64()) for name in ("rows", "source_rows")),
    ]
)
_BY = ["column", "kind", "code", "source"]


def look_through(events: pa.Table) -> pa.Table:
    """Return what a piece of whole patients holds: one row a column, kind, code and source.

    Every distinct text of a piece is looked at once.
    """
    whole = {name: _coded(events[name]) for name in READ}
    places = {name: whole[name] for name in ("code", "source")}
    named = pa.table({name: _without_identifiers(one) for name, one in places.items()})
    named = named.append_column("source_row", _plain(whole["source_row"]))
    parts = [_looked_at(name, whole[name]) for name in TEXTS]
    for name in TEXTS:
        for kind, rows in _seen(whole[name]).items():
            if rows.any():
                parts.append(_counted(named.filter(pa.array(rows)), column=name, kind=kind))
    return pa.concat_tables(parts)


def finish(partials: pa.Table, *, snapshot: str, rows: int) -> IdentifierScan:
    """Return the scan of a snapshot from what its pieces hold.

    Args:
        partials: rows of `look_through`.
        snapshot: its digest.
        rows: how many events were looked through.
    """
    summed = partials.group_by(_BY).aggregate([("rows", "sum"), ("source_rows", "sum")])
    summed = summed.sort_by([(name, "ascending") for name in _BY])
    found, texts = [], 0
    for one in summed.to_pylist():
        if one["kind"] == _LOOKED_AT:
            texts += one["source_rows_sum"]
            continue
        found.append(
            IdentifierCount(
                column=one["column"],
                kind_of_identifier=one["kind"],
                code=one["code"],
                source=one["source"],
                rows=one["rows_sum"],
                source_rows=one["source_rows_sum"],
            )
        )
    return IdentifierScan(
        snapshot=snapshot,
        forms=FORMS_DIGEST,
        columns=TEXTS,
        texts=texts,
        rows=rows,
        found=tuple(found),
    )


def _coded(column: pa.ChunkedArray) -> pa.DictionaryArray:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    joined = column.cast(pa.large_string()).combine_chunks()
    if isinstance(joined, pa.ChunkedArray):
        joined = pa.concat_arrays(joined.chunks)
    return joined.dictionary_encode()


def _plain(column: pa.DictionaryArray) -> pa.Array:
    return column.cast(pa.large_string())


def _seen(column: pa.DictionaryArray) -> dict[str, Mask]:
    """Return for every kind in which rows it stands."""
    places = np.asarray(pc.fill_null(column.indices, -1), dtype=np.int64)
    found = {}
    for form in FORMS:
        words = np.append(form.seen(column.dictionary), False)
        if words.any():
            found[form.kind] = words[places]
    return found


def _without_identifiers(column: pa.DictionaryArray) -> pa.Array:
    """Return a column as a place may be told: a name that holds an identifier is withheld."""
    held = np.zeros(len(column), dtype=np.bool_)
    for rows in _seen(column).values():
        held |= rows
    return pc.if_else(pa.array(held), WITHHELD, _plain(column)).cast(pa.string())


def _counted(rows: pa.Table, *, column: str, kind: str) -> pa.Table:
    counted = rows.group_by(["code", "source"], use_threads=False).aggregate(
        [([], "count_all"), ("source_row", "count_distinct")]
    )
    return pa.table(
        {
            "column": pa.repeat(column, counted.num_rows),
            "kind": pa.repeat(kind, counted.num_rows),
            "code": counted["code"],
            "source": counted["source"],
            "rows": counted["count_all"],
            "source_rows": counted["source_row_count_distinct"],
        }
    ).cast(_FOUND)


def _looked_at(column: str, texts: pa.DictionaryArray) -> pa.Table:
    row = (column, _LOOKED_AT, "", "", len(texts), len(texts.dictionary))
    names = _FOUND.names
    return pa.Table.from_pylist([dict(zip(names, row, strict=True))], schema=_FOUND)
