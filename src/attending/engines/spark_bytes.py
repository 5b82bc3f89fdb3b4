"""Bytes through Spark as they are: nothing that a worker sends is unpickled by the driver."""

from __future__ import annotations

import struct
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: Spark's framing: a length of four bytes, then the bytes; a negative length ends the section.
_LENGTH = struct.Struct(">i")


class OneByOne:
    """A serializer of Spark for elements that are bytes, in batches of one.

    >>> from io import BytesIO
    >>> stream = BytesIO()
    >>> OneByOne().dump_stream([[b"one"], [b""]], stream)
    >>> list(OneByOne().load_stream(BytesIO(stream.getvalue())))
    [[b'one'], [b'']]
    """

    def dump_stream(self, batches: Iterable[list[bytes]], stream: IO[bytes]) -> None:
        """Write every batch, which is one element, with its length before it."""
        for (element,) in batches:
            stream.write(_LENGTH.pack(len(element)))
            stream.write(element)

    def load_stream(self, stream: IO[bytes]) -> Iterator[list[bytes]]:
        """Yield the elements, each as a batch of one.

        Raises:
            EOFError: the stream broke off inside an element.
        """
        while head := stream.read(_LENGTH.size):
            (length,) = _LENGTH.unpack(head) if len(head) == _LENGTH.size else (None,)
            if length is not None and length < 0:
                return
            element = b"" if length is None else stream.read(length)
            if length is None or len(element) < length:
                raise EOFError("the stream broke off inside an element")
            yield [element]
