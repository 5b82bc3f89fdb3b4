"""A disk that is watched and fails on demand: every write and sync below a folder passes here.

SQLite's own calls are met in its file system layer (`sqlite3_vfs`), ours in `os`. Nothing needs
rights, a tracer or a file system of its own. SQLite's calls are those of the library that Python's
`sqlite3` has loaded; its shared memory is not watched, for it is no promise to anybody.

References:
    sqlite.org/c3ref/vfs.html and sqlite.org/c3ref/io_methods.html.
"""

from __future__ import annotations

import _sqlite3
import ctypes
import errno
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What SQLite's layer answers, by kind of operation, when the disk is full or broken.
_FULL = {"write": 13, "truncate": 13, "sync": 13, "create": 14}
_BROKEN = {"write": 778, "truncate": 1546, "sync": 1034, "read": 266, "create": 14}
#: Operations that a full disk refuses; a broken one refuses reads too.
TAKES_SPACE = ("write", "create", "mkdir", "sync", "syncdir")
_CREATES = 0x4  # SQLITE_OPEN_CREATE
_DELETES_WITH_FOLDER = 1


@dataclass(frozen=True)
class Step:
    """One operation on the disk.

    Attributes:
        kind: create, write, truncate, sync, rename, unlink, mkdir, syncdir, read; or `ack`, which
            is no operation: what stood acknowledged then.
        to: the new name, for a rename.
    """

    kind: str
    path: str
    offset: int = 0
    data: bytes = b""
    to: str = ""


@dataclass
class Disk:
    """What happens below one folder, and what shall fail there.

    Attributes:
        fault: `full` or `broken`.
        from_step: the number of the operation that fails first, counted from 1; 0 for none.
        lasting: whether all later ones fail too.
        counted: how many operations there were that can fail so.
        failed: how many did.
        kinds: which can fail.
    """

    folder: Path
    steps: list[Step] = field(default_factory=list)
    fault: str = "full"
    from_step: int = 0
    lasting: bool = True
    counted: int = 0
    failed: int = 0
    kinds: tuple[str, ...] = TAKES_SPACE

    def holds(self, path: str) -> bool:
        """Return whether a path lies below the folder."""
        return path.startswith(f"{self.folder}/") and not path.endswith("-shm")

    def refuses(self, kind: str) -> bool:
        """Return whether the next operation of a kind fails."""
        if kind not in self.kinds:
            return False
        self.counted += 1
        due = self.counted >= self.from_step if self.lasting else self.counted == self.from_step
        self.failed += (refused := bool(self.from_step and due))
        return refused

    def note(self, kind: str, path: str, **more: Any) -> None:
        """Write down what was done."""
        self.steps.append(Step(kind, path, **more))

    def error(self) -> OSError:
        """Return what the system says of this fault."""
        number = errno.ENOSPC if self.fault == "full" else errno.EIO
        return OSError(number, os.strerror(number))

    def answer(self, kind: str) -> int:
        """Return what SQLite's layer says of this fault."""
        return (_FULL if self.fault == "full" else _BROKEN).get(kind, 10)

    def lift(self) -> None:
        """Let everything work again."""
        self.from_step = 0


@contextmanager
def watched(folder: Path) -> Iterator[Disk]:
    """Give the disk below a folder; connections are opened and closed inside the block."""
    disk = Disk(folder.resolve())
    _LAYER.disk = disk
    _LAYER.install()
    try:
        with _ours(disk):
            yield disk
    finally:
        _LAYER.remove()
        _LAYER.disk = None


class _Layer:
    """SQLite's file system layer, with our functions before its own."""

    def __init__(self) -> None:
        self.disk: Disk | None = None
        self._paths: dict[int, str] = {}
        self._methods: dict[int, Any] = {}
        self._alive: list[Any] = []
        self._library = ctypes.CDLL(_sqlite3.__file__)
        find = self._library.sqlite3_vfs_find
        find.restype = ctypes.c_void_p
        self._library.sqlite3_vfs_register.argtypes = [ctypes.c_void_p, ctypes.c_int]
        self._original = find(None)
        # iVersion and szOsFile share a word, mxPathname has the next; then pointers follow.
        words = ctypes.c_void_p * 22
        self._vfs = words.from_buffer_copy(words.from_address(self._original))
        self._name = ctypes.create_string_buffer(b"watched")
        self._vfs[2] = None
        self._vfs[3] = ctypes.cast(self._name, ctypes.c_void_p)
        self._wrap(self._vfs, 5, "open", _OPEN)
        self._wrap(self._vfs, 6, "delete", _DELETE)

    def install(self) -> None:
        """Open databases through us from now on."""
        self._library.sqlite3_vfs_register(ctypes.addressof(self._vfs), 1)

    def remove(self) -> None:
        """Open databases as ever."""
        self._library.sqlite3_vfs_register(self._original, 1)

    def _wrap(self, table: Any, place: int, name: str, shape: Any) -> None:
        theirs, ours = shape(table[place]), getattr(self, f"_{name}")
        function = shape(lambda *args: ours(theirs, *args))
        self._alive += [theirs, function]
        table[place] = ctypes.cast(function, ctypes.c_void_p)

    def _open(self, theirs: Any, vfs: int, name: int, file: int, flags: int, out: int) -> int:
        # The layer keeps the pointer to the name, so it must be SQLite's own.
        path, disk = _text(name), self.disk
        known = disk is not None and disk.holds(path)
        if disk is not None and known:
            new = flags & _CREATES and not os.path.lexists(path)
            if new and disk.refuses("create"):
                return disk.answer("create")
        answer = int(theirs(self._original, name, file, flags, out))
        if answer == 0 and known and disk is not None:
            if new:
                disk.note("create", path)
            self._take(file, path)
        return answer

    def _take(self, file: int, path: str) -> None:
        self._paths[file] = path
        methods = ctypes.c_void_p.from_address(file)
        where = methods.value or 0
        if where not in self._methods:
            words = ctypes.c_void_p * 19
            table = words.from_buffer_copy(words.from_address(where))
            for place, name in ((2, "read"), (3, "write")):
                self._wrap(table, place, name, _MOVE)
            self._wrap(table, 4, "truncate", _TRUNCATE)
            self._wrap(table, 5, "sync", _SYNC)
            self._methods[where] = table
        methods.value = ctypes.addressof(self._methods[where])

    def _read(self, theirs: Any, file: int, place: int, amount: int, offset: int) -> int:
        if self.disk and self.disk.refuses("read"):
            return self.disk.answer("read")
        return int(theirs(file, place, amount, offset))

    def _write(self, theirs: Any, file: int, place: int, amount: int, offset: int) -> int:
        disk, path = self.disk, self._paths[file]
        refused = disk is not None and disk.refuses("write")
        if refused:  # what a full or broken disk took before it stopped
            amount //= 2
        answer = int(theirs(file, place, amount, offset)) if amount else 0
        if disk is not None:
            disk.note("write", path, offset=offset, data=ctypes.string_at(place, amount))
        return disk.answer("write") if disk is not None and refused else answer

    def _truncate(self, theirs: Any, file: int, size: int) -> int:
        if self.disk:
            if self.disk.refuses("truncate"):
                return self.disk.answer("truncate")
            self.disk.note("truncate", self._paths[file], offset=size)
        return int(theirs(file, size))

    def _sync(self, theirs: Any, file: int, flags: int) -> int:
        if self.disk:
            if self.disk.refuses("sync"):
                self.disk.note("lost", self._paths[file])
                return self.disk.answer("sync")
            self.disk.note("sync", self._paths[file])
            if self._paths[file].endswith(("-wal", "-journal")):
                # SQLite syncs the folder itself with the first sync of a new log.
                self.disk.note("syncdir", str(Path(self._paths[file]).parent))
        return int(theirs(file, flags))

    def _delete(self, theirs: Any, vfs: int, name: int, with_folder: int) -> int:
        path = _text(name)
        if self.disk and self.disk.holds(path):
            self.disk.note("unlink", path)
            if with_folder == _DELETES_WITH_FOLDER:
                self.disk.note("syncdir", str(Path(path).parent))
        return int(theirs(self._original, name, with_folder))


_POINTER, _INT, _LONG = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64
_OPEN = ctypes.CFUNCTYPE(_INT, _POINTER, _POINTER, _POINTER, _INT, _POINTER)
_DELETE = ctypes.CFUNCTYPE(_INT, _POINTER, _POINTER, _INT)
_MOVE = ctypes.CFUNCTYPE(_INT, _POINTER, _POINTER, _INT, _LONG)
_TRUNCATE = ctypes.CFUNCTYPE(_INT, _POINTER, _LONG)
_SYNC = ctypes.CFUNCTYPE(_INT, _POINTER, _INT)
_LAYER = _Layer()


def _text(name: int | None) -> str:
    return os.fsdecode(ctypes.string_at(name)) if name else ""


class _Stream:
    """A file that we write, watched."""

    def __init__(self, disk: Disk, stream: Any, path: str) -> None:
        self._disk, self._stream, self._path = disk, stream, path

    def __enter__(self) -> _Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, data: bytes) -> int:
        """Write, or half of it."""
        if refused := self._disk.refuses("write"):
            data = data[: len(data) // 2]
        offset = self._stream.tell()
        self._stream.write(data)
        self._disk.note("write", self._path, offset=offset, data=data)
        if refused:
            self._stream.flush()
            raise self._disk.error()
        return len(data)


@contextmanager
def _ours(disk: Disk) -> Iterator[None]:
    """Meet our own calls."""
    real = {name: getattr(os, name) for name in ("open", "fdopen", "fsync", "rename", "mkdir")}
    unlink = os.unlink

    def opened(path: Any, flags: int, *args: Any, **kwargs: Any) -> Any:
        new = flags & os.O_CREAT and disk.holds(os.fspath(path)) and not os.path.lexists(path)
        if new and disk.refuses("create"):
            raise disk.error()
        handle = real["open"](path, flags, *args, **kwargs)
        if new:
            disk.note("create", os.fspath(path))
        return handle

    def fdopen(handle: int, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        path, stream = _path_of(handle), real["fdopen"](handle, mode, *args, **kwargs)
        return _Stream(disk, stream, path) if "w" in mode and disk.holds(path) else stream

    def fsync(handle: int) -> None:
        path = _path_of(handle)
        kind = "syncdir" if Path(path).is_dir() else "sync"
        if (disk.holds(path) or path == str(disk.folder)) and disk.refuses(kind):
            disk.note("lost", path)
            raise disk.error()
        disk.note(kind, path)

    def rename(source: Any, target: Any, **kwargs: Any) -> None:
        real["rename"](source, target, **kwargs)
        disk.note("rename", os.fspath(source), to=os.fspath(target))

    def mkdir(path: Any, *args: Any, **kwargs: Any) -> None:
        missing = disk.holds(os.fspath(path)) and not os.path.lexists(path)
        if missing and disk.refuses("mkdir"):
            raise disk.error()
        real["mkdir"](path, *args, **kwargs)
        disk.note("mkdir", os.fspath(path))

    def unlinked(path: Any, **kwargs: Any) -> None:
        unlink(path, **kwargs)
        disk.note("unlink", os.fspath(path))

    with mock.patch.multiple(
        os, open=opened, fdopen=fdopen, fsync=fsync, rename=rename, mkdir=mkdir, unlink=unlinked
    ):
        yield


def _path_of(handle: int) -> str:
    return str(Path(f"/proc/self/fd/{handle}").readlink())
