"""What a Spark task hands back: frames of bytes, put together whole whatever was lost on the way.

A frame says which shard and which piece it is of. A shard is whole when its last frame and every
piece before it are there; a frame that comes twice counts once. Nothing is unpickled on the way
back: tables come as Arrow streams, refusals as JSON.
"""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from attending import errors
from attending.errors import AttendingError, DependencyDown, IntegrityBroken

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Shard, piece, kind; the payload follows.
_HEAD = struct.Struct(">IIB")
#: A piece's result; the end of a shard, its number the count of pieces; a refusal.
TABLE, END, REFUSAL = range(3)
_FAMILY = {
    kind.__name__: kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, AttendingError)
}


class Frame(NamedTuple):
    """One message of a task."""

    shard: int
    piece: int
    kind: int
    payload: bytes = b""

    def pack(self) -> bytes:
        """Return the frame as bytes.

        >>> Frame.unpack(Frame(3, 1, TABLE, b"rows").pack())
        Frame(shard=3, piece=1, kind=0, payload=b'rows')
        """
        return _HEAD.pack(self.shard, self.piece, self.kind) + self.payload

    @classmethod
    def unpack(cls, data: bytes) -> Frame:
        """Return the frame that the bytes hold."""
        shard, piece, kind = _HEAD.unpack_from(data)
        return cls(shard, piece, kind, data[_HEAD.size :])


def table_bytes(table: pa.Table) -> bytes:
    """Return a table as an Arrow stream: exact types, bits and dictionaries."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def refusal_bytes(error: AttendingError) -> bytes:
    """Return a refusal as JSON: its kind in the family of errors, and its four fields."""
    kinds = (kind.__name__ for kind in type(error).__mro__)
    kind = next(name for name in kinds if name in _FAMILY)
    return json.dumps({"kind": kind, **error.as_problem()}).encode()


def refusal_of(data: bytes) -> AttendingError:
    """Return the refusal that a task met.

    >>> refusal_of(refusal_bytes(errors.BadInput("got 3", code="spec.type", where="a.yaml")))
    BadInput('got 3')
    """
    told = json.loads(data)
    kind = _FAMILY[told.pop("kind")]
    return kind(told.pop("message"), **told)


def put_together(messages: Iterable[bytes], *, shards: int) -> list[list[pa.Table]]:
    """Return the tables of every shard, in order of shards and pieces.

    Args:
        messages: frames in any order; one may come more than once.
        shards: how many there must be.

    Raises:
        refusal: what the first shard that refused said.
        IntegrityBroken: the same piece came twice and was not the same.
        DependencyDown: a shard or a piece did not come.
    """
    found: dict[tuple[int, int, int], bytes] = {}
    for frame in map(Frame.unpack, messages):
        if found.setdefault(frame[:3], frame.payload) != frame.payload:
            raise IntegrityBroken(
                f"piece {frame.piece} of shard {frame.shard} was worked twice, not the same",
                code="spark.differs",
                hint="The work is not a pure function of its rows: report it as a defect.",
            )
    refused = sorted(place for place in found if place[2] == REFUSAL)
    if refused:
        refusal = refusal_of(found[refused[0]])
        raise refusal
    ends = {shard: piece for shard, piece, kind in found if kind == END}
    return [_pieces(found, shard, ends.get(shard)) for shard in range(shards)]


def _pieces(
    found: dict[tuple[int, int, int], bytes], shard: int, count: int | None
) -> list[pa.Table]:
    places = [(shard, piece, TABLE) for piece in range(count or 0)]
    if count is None or any(place not in found for place in places):
        raise DependencyDown(
            f"shard {shard} came back from the cluster in part only",
            code="spark.incomplete",
            hint="Nothing was kept. Run the same command again.",
        )
    return [pa.ipc.open_stream(pa.py_buffer(found.pop(place))).read_all() for place in places]
