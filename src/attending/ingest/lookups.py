"""Resolve a mapping's cells on the rows of one piece: columns, lookups, alternatives, templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from attending.errors import NotFound
from attending.ingest.chunks import find, pieces
from attending.specs.cells import parts_of, refs, refs_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from attending.ingest.cells import Column
    from attending.specs.cells import Ref
    from attending.specs.mapping import Lookup, MappingSpec

_TEXT = pa.string()


class Entries:
    """The entries of one lookup; of two with one key the first counts."""

    def __init__(self, keys: pa.Array, values: pa.Array) -> None:
        self._keys = keys
        self._values = pa.chunked_array([values])

    def of(self, column: Column) -> Column:
        """Return each text's entry, null where it has none."""
        return self._values.take(pc.index_in(column, value_set=self._keys))


class Cells:
    """The cells of one piece of a table.

    >>> table = pa.table({"sex": ["F", None], "was": [None, "M"]})
    >>> words = Entries(pa.array(["F"]), pa.array(["FEMALE"]))
    >>> cells = Cells(table, {"words": words})
    >>> cells.cell("sex|was").to_pylist(), cells.template("GENDER//{sex@words}").to_pylist()
    (['F', 'M'], ['GENDER//FEMALE', None])
    """

    def __init__(self, table: pa.Table, lookups: Mapping[str, Entries]) -> None:
        self._table = table
        self._lookups = lookups

    def cell(self, cell: str) -> Column:
        """Return a cell's text, null where none of its columns has any."""
        found = [self._one(ref) for ref in refs(cell)]
        return found[0] if len(found) == 1 else pc.coalesce(*found)

    def _one(self, ref: Ref) -> Column:
        column = self._table[ref.column]
        return self._lookups[ref.lookup].of(column) if ref.lookup else column

    def text(self, text: str) -> Column:
        """Return a cell's text or, where it has braces, a template's."""
        return self.template(text) if "{" in text else self.cell(text)

    def template(self, template: str) -> Column:
        """Return a template's text, null where a cell of it has none."""
        parts = [self.cell(piece) if is_cell else piece for piece, is_cell in parts_of(template)]
        if not any(is_cell for _, is_cell in parts_of(template)):
            return pa.chunked_array([pa.repeat(pa.scalar(template), self._table.num_rows)])
        return pc.binary_join_element_wise(*parts, "")


def read_lookups(spec: MappingSpec, folder: Path) -> dict[str, Entries]:
    """Return the lookups of a mapping.

    Raises:
        BadInput: a file has no such column.
        NotFound: a file is missing.
    """
    return {name: _entries(lookup, folder) for name, lookup in spec.lookups.items()}


def _entries(lookup: Lookup, folder: Path) -> Entries:
    if lookup.values:
        written = lookup.values
        return Entries(pa.array(written.keys(), _TEXT), pa.array(written.values(), _TEXT))
    found = find(folder, lookup.file)
    if found is None:
        raise NotFound(
            f"the lookup file {lookup.file} is not there",
            code="ingest.missing_file",
            hint="Put it beside the other files of the source.",
            where=lookup.file,
        )
    entry = lookup.value or ""
    needed = [lookup.key, *(ref.column for ref in refs_of(entry))]
    keys: list[pa.Array] = []
    values: list[pa.Array] = []
    for piece in pieces(found, needed):
        cells = Cells(piece.table, {})
        found_keys = cells.cell(lookup.key)
        kept = pc.invert(pc.is_in(found_keys, value_set=pa.array(lookup.leave_out, _TEXT)))
        keys.extend(found_keys.filter(kept).chunks)
        values.extend(cells.template(entry).filter(kept).chunks)
    return Entries(
        pa.chunked_array(keys, _TEXT).combine_chunks(),
        pa.chunked_array(values, _TEXT).combine_chunks(),
    )
