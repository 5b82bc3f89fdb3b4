"""Look through the texts of events for identifiers: each different text once, counts alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.contract.identifier_forms import FORMS
from attending.digests import digest_of
from attending.records.identifiers import IdentifierFinding, IdentifierScan

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Columns in which a source can write what it likes.
COLUMNS = ("code", "text_value", "unit", "source_row", "site")
#: One row a column, vocabulary and kind of a shard; counts of shards add up.
PARTIAL = pa.schema(
    [
        pa.field("column", pa.string()),
        pa.field("vocabulary", pa.string()),
        pa.field("kind", pa.string()),
        pa.field("rows", pa.int64()),
    ]
)
_LOOKED_AT = ""
#: Kinds that a column is not searched for: rows, places and codes are named by such words, people
#: are not.
_NOT_IN = {
    "source_row": frozenset({"other_number", "date", "telephone"}),
    "site": frozenset({"other_number"}),
    "code": frozenset({"postcode"}),
}


def forms_digest() -> str:
    """Return the digest of all forms: a scan says by which ones it looked."""
    return digest_of({name: list(form) for name, form in FORMS.items()})


def partial_identifiers(events: pa.Table) -> pa.Table:
    """Return how many rows of one shard hold each kind of identifier, by column and vocabulary.

    A row of kind `""` says how many rows of a column had a text.

    >>> row = {name: None for name in COLUMNS} | {"code": "NOTE//x", "text_value": "a@b.org"}
    >>> found = partial_identifiers(pa.Table.from_pylist([row, row])).to_pylist()
    >>> [(one["column"], one["kind"], one["rows"]) for one in found if one["kind"]]
    [('text_value', 'email', 2)]
    """
    words = _vocabularies(events["code"].cast(pa.string()))
    parts = [_of_column(name, events[name], words) for name in COLUMNS]
    return pa.concat_tables([PARTIAL.empty_table(), *(one for part in parts for one in part)])


def _vocabularies(codes: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the vocabulary of each code; none where it names none: it may say anything."""
    first = pc.list_element(pc.split_pattern(codes, "//", max_splits=1), 0)
    return pc.if_else(pc.match_substring(codes, "//"), first, "")


def _of_column(
    name: str, column: pa.ChunkedArray, vocabularies: pa.ChunkedArray
) -> Iterator[pa.Table]:
    coded = column.cast(pa.large_string()).combine_chunks().dictionary_encode()
    coded = coded.combine_chunks() if isinstance(coded, pa.ChunkedArray) else coded
    places = np.asarray(pc.fill_null(coded.indices, -1), dtype=np.int64)
    rows = int((places >= 0).sum())
    yield _counted(name, _LOOKED_AT, vocabularies=pa.array([""]), rows=pa.array([rows]))
    words = coded.dictionary
    for kind, form in FORMS.items():
        if kind in _NOT_IN.get(name, ()):
            continue
        hit = np.asarray(pc.match_substring_regex(words, form.pattern), dtype=np.bool_)
        if hit.any():
            where = (places >= 0) & hit[places]
            found = pc.value_counts(vocabularies.filter(pa.array(where)))
            values, counts = found.field("values"), found.field("counts")
            yield _counted(name, kind, vocabularies=values, rows=counts)


def _counted(name: str, kind: str, *, vocabularies: pa.Array, rows: pa.Array) -> pa.Table:
    words = [pa.repeat(pa.scalar(word), len(vocabularies)) for word in (name, kind)]
    return pa.Table.from_arrays([words[0], vocabularies, words[1], rows], schema=PARTIAL)


def finish(partials: pa.Table, *, snapshot: str) -> IdentifierScan:
    """Return the record of a scan.

    Args:
        partials: of all shards.
        snapshot: its digest.
    """
    keys = ["column", "kind", "vocabulary"]
    whole = partials.group_by(keys).aggregate([("rows", "sum")])
    lines = whole.sort_by([(name, "ascending") for name in keys]).to_pylist()
    return IdentifierScan(
        snapshot=snapshot,
        forms=forms_digest(),
        looked_at={one["column"]: one["rows_sum"] for one in lines if one["kind"] == _LOOKED_AT},
        findings=tuple(
            IdentifierFinding(
                column=one["column"],
                kind=one["kind"],
                item=FORMS[one["kind"]].item,
                vocabulary=one["vocabulary"],
                rows=one["rows_sum"],
            )
            for one in lines
            if one["kind"] != _LOOKED_AT
        ),
    )
