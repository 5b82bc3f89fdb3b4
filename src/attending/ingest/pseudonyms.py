"""Pseudonyms of patients and stays: one keyed hash per id, and a refusal when two ids meet."""

from __future__ import annotations

from threading import Lock

import numpy as np
import pyarrow as pa

from attending.errors import BadInput, Refused
from attending.keys import KEY_BYTES, pseudonym


class Pseudonyms:
    """Turns a source's ids into 53-bit pseudonyms; the key never leaves this object.

    >>> names = Pseudonyms(b"k" * 32)
    >>> one, other, none = names.subject(pa.array(["10001", "10002", None])).to_pylist()
    >>> one == names.subject(pa.array(["10001"]))[0].as_py(), one == other, none
    (True, False, None)

    Raises:
        BadInput: the key is not 32 bytes.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise BadInput(
                f"got a pseudonym key of {len(key)} bytes, expected {KEY_BYTES}",
                code="ingest.key",
                hint="Make one with `attending key make`.",
            )
        self._key = key
        self._alone = Lock()
        self._known: dict[str, dict[str, int]] = {"subject": {}, "encounter": {}}
        self._taken: dict[str, set[int]] = {"subject": set(), "encounter": set()}

    def subject(self, ids: pa.Array | pa.ChunkedArray) -> pa.ChunkedArray:
        """Return the pseudonyms of patients, null where the id is null.

        Raises:
            Refused: two ids have one pseudonym.
        """
        return self._many("subject", ids)

    def encounter(self, ids: pa.Array | pa.ChunkedArray) -> pa.ChunkedArray:
        """Return the pseudonyms of stays, null where the id is null.

        Raises:
            Refused: two ids have one pseudonym.
        """
        return self._many("encounter", ids)

    def _many(self, space: str, ids: pa.Array | pa.ChunkedArray) -> pa.ChunkedArray:
        coded = ids.dictionary_encode()
        chunks = coded.chunks if isinstance(coded, pa.ChunkedArray) else [coded]
        return pa.chunked_array([self._chunk(space, chunk) for chunk in chunks], type=pa.int64())

    def _chunk(self, space: str, chunk: pa.DictionaryArray) -> pa.Array:
        names = chunk.dictionary.to_pylist()
        with self._alone:
            found = list(map(self._known[space].get, names))
            if None in found:
                found = [self._one(space, name) for name in names]
        values = np.array(found, dtype=np.int64)
        return pa.array(values, type=pa.int64()).take(chunk.indices)

    def _one(self, space: str, source_id: str) -> int:
        known = self._known[space]
        if source_id in known:
            return known[source_id]
        made = pseudonym(self._key, space, source_id)
        if made in self._taken[space]:
            raise Refused(
                f"two {space} ids of the source have the same pseudonym",
                code="ingest.collision",
                hint="Take another pseudonym key and ingest again from the start.",
            )
        self._taken[space].add(made)
        known[source_id] = made
        return made
