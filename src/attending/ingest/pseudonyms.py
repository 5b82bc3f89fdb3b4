"""Pseudonyms of patients and stays: one keyed hash per id, and a refusal when two ids meet."""

from __future__ import annotations

from threading import Lock

import numpy as np
import pyarrow as pa

from attending.engines.texts import TextNumbers
from attending.errors import BadInput, Refused
from attending.keys import KEY_BYTES, pseudonym

#: What software writes for an id that is not there; taken for ids, all of these were one patient.
NOBODY = frozenset(
    {"", "nan", "+nan", "-nan", "inf", "+inf", "-inf", "infinity", "-infinity", "null", "none",
     "nil", "na", "n/a", "#n/a", "<na>", "nat", "undefined", "unknown", "\\n"}
)  # fmt: skip
#: Characters; no system names a patient or a stay with more.
_LONGEST = 256
#: In place of a pseudonym, of which none is below nought.
_NOT_AN_ID = -1


class Pseudonyms:
    """Turns a source's ids into 53-bit pseudonyms; the key never leaves this object.

    >>> names = Pseudonyms(b"k" * 32)
    >>> one, other, none = names.subject(pa.array(["10001", "10002", None])).to_pylist()
    >>> one == names.subject(pa.array(["10001"]))[0].as_py(), one == other, none
    (True, False, None)
    >>> names.subject(pa.array(["NaN", " ", "<NA>"])).to_pylist()  # nobody has such an id
    [None, None, None]

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
        self._spaces = {name: _Space(name) for name in ("subject", "encounter")}

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
        chunks = ids.chunks if isinstance(ids, pa.ChunkedArray) else [ids]
        with self._alone:
            made = [self._spaces[space].names(chunk, self._key) for chunk in chunks]
        return pa.chunked_array(made, type=pa.int64())


class _Space:
    """The ids of one kind that were met, and their pseudonyms."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._texts = TextNumbers()
        self._values = np.empty(0, np.int64)
        self._taken: set[int] = set()

    def names(self, ids: pa.Array, key: bytes) -> pa.Array:
        places = self._texts.number(ids)
        fresh = self._texts.since(len(self._values))
        if fresh:
            values = [_NOT_AN_ID if _nobody(one) else self._one(one, key) for one in fresh]
            self._values = np.concatenate([self._values, np.array(values, dtype=np.int64)])
        if not len(self._values):
            return pa.nulls(len(ids), pa.int64())
        made = self._values[places]
        return pa.array(made, mask=(places < 0) | (made == _NOT_AN_ID))

    def _one(self, source_id: str, key: bytes) -> int:
        made = pseudonym(key, self._name, source_id)
        if made in self._taken:
            raise Refused(
                f"two {self._name} ids of the source have the same pseudonym",
                code="ingest.collision",
                hint="Take another pseudonym key and ingest again from the start.",
            )
        self._taken.add(made)
        return made


def _nobody(source_id: str) -> bool:
    return len(source_id) > _LONGEST or source_id.strip().lower() in NOBODY
