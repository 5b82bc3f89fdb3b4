"""Read a file's bytes, unpacked, and never far more of them than the file is large."""

from __future__ import annotations

import io
import lzma
import zipfile
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

from attending.errors import BadInput, did_you_mean
from attending.ingest.files import Truncated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: A packed file that grows beyond this many times its size is not read on.
MOST_UNPACKED = 100
#: The same for files that are held whole; clinical tables of text grow five to fifteen times.
MOST_HELD = 25
_LEAST = 1 << 20
_CODECS = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd", ".lz4": "lz4"}
_BUFFER = 1 << 20
_SEALED = 0x1


class _Bytes(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Counted(io.RawIOBase):
    """Bytes of a packed file, counted as they come: what the file says of its size may be a lie.

    >>> Counted(io.BytesIO(b"abc"), most=2, where="a.gz").read(3)
    Traceback (most recent call last):
    ...
    attending.ingest.unpack.UnpacksTooFar: a.gz: the packed file grows to far more than its size
    Unpack it yourself and name the file.
    """

    def __init__(self, stream: _Bytes, *, most: int, where: str) -> None:
        super().__init__()
        self._stream = stream
        self._left = most
        self._where = where

    def readable(self) -> bool:
        """Return that it is."""
        return True

    def readinto(self, buffer: Any, /) -> int:  # noqa: ANN401 - a writable buffer has no older type
        """Return how many bytes came."""
        data = self._stream.read(len(buffer))
        self._left -= len(data)
        if self._left < 0:
            raise UnpacksTooFar(self._where)
        buffer[: len(data)] = data
        return len(data)


class UnpacksTooFar(BadInput):
    """A packed file is a bomb, or looks like one."""

    default_code = "ingest.unpacks_too_far"

    def __init__(self, where: str) -> None:
        super().__init__(
            "the packed file grows to far more than its size",
            hint="Unpack it yourself and name the file.",
            where=where,
        )


class UnfitArchive(BadInput):
    """A zip archive is not one that is read here."""

    default_code = "ingest.archive"

    def __init__(self, message: str, where: str) -> None:
        hint = "Unpack it yourself, look at what is in it, and name the file."
        super().__init__(message, hint=hint, where=where)


def not_the_disk(error: BaseException) -> None:
    """Raise again what the disk said; what an unpacker says of a file has no number."""
    if getattr(error, "errno", None):
        raise error


def most_unpacked(packed_bytes: int, *, times: int = MOST_UNPACKED) -> int:
    """Return how many bytes a packed file may give.

    >>> most_unpacked(10 << 20) == 100 * (10 << 20)
    True
    """
    return times * max(packed_bytes, _LEAST)


@contextmanager
def opened(
    path: Path, *, where: str, times: int = MOST_UNPACKED
) -> Iterator[io.BufferedReader[Any]]:
    """Give the bytes of a file, unpacked where its name says that it is packed.

    Args:
        path: of the file.
        where: its name.
        times: its size, that it may give.

    Raises:
        Truncated: the packed bytes end too early, are altered, or others follow them.
        UnpacksTooFar: it unpacks to far more than its size.
    """
    codec = _CODECS.get(path.suffix)
    try:
        if codec is None:
            with io.BufferedReader(path.open("rb", buffering=0), _BUFFER) as stream:
                yield stream
            return
        most = most_unpacked(path.stat().st_size, times=times)
        with pa.CompressedInputStream(pa.OSFile(str(path)), codec) as packed:
            yield io.BufferedReader(Counted(packed, most=most, where=where), _BUFFER)
    except (OSError, EOFError) as error:
        not_the_disk(error)
        raise Truncated("the file ends too early or is altered", where=where) from error


@contextmanager
def opened_in(path: Path, name: str, *, where: str) -> Iterator[io.BufferedReader[Any]]:
    """Give the bytes of one file in a zip archive.

    Raises:
        Truncated: the archive is cut short or altered.
        BadInput: it has no such file.
        UnfitArchive: it is sealed with a password, or names files outside itself.
        UnpacksTooFar: it unpacks to far more than its size.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            inside = _member(archive, name, where=where)
            most = most_unpacked(path.stat().st_size)
            if inside.file_size > most:
                raise UnpacksTooFar(where)
            with archive.open(inside) as stream:
                yield io.BufferedReader(Counted(stream, most=most, where=where), _BUFFER)
    except (EOFError, zipfile.BadZipFile, zlib.error, lzma.LZMAError) as error:
        raise Truncated("the archive ends too early, or is none", where=where) from error
    except NotImplementedError:
        raise UnfitArchive("the archive is packed in a way that is not read here", where) from None


def _member(archive: zipfile.ZipFile, name: str, *, where: str) -> zipfile.ZipInfo:
    names = archive.namelist()
    if any(one.startswith(("/", "\\")) or ".." in one.split("/") for one in names):
        raise UnfitArchive("the archive names files outside itself", where)
    if names.count(name) > 1:
        raise UnfitArchive(f"the archive has the file {name} more than once", where)
    if name not in names:
        raise BadInput(
            f"the archive has no file {name}",
            code="ingest.missing_file",
            hint=did_you_mean(name, names[:20]),
            where=where,
        )
    found = archive.getinfo(name)
    if found.flag_bits & _SEALED:
        raise UnfitArchive("the archive is sealed with a password", where)
    return found
