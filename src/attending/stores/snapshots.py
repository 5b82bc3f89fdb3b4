"""Snapshots: immutable folders of shards, named by the digest of their manifest."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

from attending.digests import digest_file, short
from attending.errors import IntegrityBroken, NotFound, Refused
from attending.stores.files import READ_ONLY, io_refused, sync_folder
from attending.stores.names import check_digest, check_prefix, only_match

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MANIFEST = "manifest.json"
#: Beside the snapshots: what is found again by record, made from their files when it is missing.
INDEX = ".index"


class Snapshots:
    """A folder of snapshots."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def adopt(self, scratch: Path, digest: str) -> Path:
        """Return the folder of a snapshot, moved in whole from where it was written.

        Args:
            scratch: a folder on the same file system, such as one under HOME/snapshots.
            digest: of its manifest; the manifest's bytes are hashed again here.

        Raises:
            BadInput: not a digest.
            IntegrityBroken: the manifest or a file it names is not what it says.
            Refused: `scratch` is a link.
            DependencyDown: the file system refuses.
        """
        target = self.folder / check_digest(digest)
        if scratch.is_symlink():
            raise Refused("the folder to adopt is a link", code="snapshot.link")
        with io_refused():
            check_folder(scratch, digest)
            if target.exists():
                return target
            for path in scratch.iterdir():
                _settle(path)
            sync_folder(scratch)
            self.folder.mkdir(parents=True, exist_ok=True)
            scratch.rename(target)
            sync_folder(self.folder)
        return target

    def delete(self, name: str) -> None:
        """Delete a snapshot's folder; the caller has made sure that nothing needs it.

        Raises:
            NotFound: no such snapshot.
            DependencyDown: the file system refuses.
        """
        path = self.path(name)
        with io_refused():
            aside = self.folder / f".going-{path.name}"
            path.rename(aside)
            shutil.rmtree(aside)
            shutil.rmtree(self.folder / INDEX / path.name, ignore_errors=True)
            sync_folder(self.folder)

    def list(self) -> tuple[str, ...]:
        """Return the ids of all snapshots, in order."""
        if not self.folder.is_dir():
            return ()
        return tuple(sorted(path.name for path in self.folder.iterdir() if len(path.name) == 64))

    def path(self, name: str) -> Path:
        """Return the folder of a snapshot by its id or the start of it.

        Raises:
            BadInput: not the start of a digest, or of more than one.
            NotFound: no such snapshot.
            IntegrityBroken: a link stands in its place.
        """
        path = self.folder / only_match(check_prefix(name), self.list(), what="snapshot")
        if path.is_symlink():
            raise IntegrityBroken("a snapshot's folder is a link", code="snapshot.link")
        return path

    def verify(self, name: str) -> int:
        """Return how many files of a snapshot were hashed again and found as its manifest says.

        Raises:
            BadInput: not the start of a digest, or of more than one.
            NotFound: no such snapshot.
            IntegrityBroken: a file is missing, changed, or a link.
            DependencyDown: the file system refuses.
        """
        folder = self.path(name)
        with io_refused():
            return check_folder(folder, folder.name)


def check_folder(folder: Path, digest: str) -> int:
    """Return how many files the manifest names, all of them as it says.

    Raises:
        NotFound: there is no manifest.
        IntegrityBroken: the manifest or a file is not what it says.
    """
    manifest = folder / MANIFEST
    if not manifest.is_file():
        raise NotFound("there is no manifest", code="snapshot.no_manifest", where=str(folder))
    if manifest.is_symlink() or digest_file(manifest) != digest:
        refusal = _changed(digest, MANIFEST)
        raise refusal
    try:
        named = list(files_of(json.loads(manifest.read_bytes())))
    except (ValueError, KeyError, TypeError, AttributeError):
        refusal = _changed(digest, MANIFEST)
        raise refusal from None
    for file_name, wanted in named:
        path = folder / file_name
        inside = path.parent == folder and not path.is_symlink() and path.is_file()
        if not inside or digest_file(path) != wanted:
            refusal = _changed(digest, file_name)
            raise refusal
    present = {path.name for path in folder.glob("*.parquet")}
    extra = present - {file_name for file_name, _ in named}
    if extra:
        refusal = _changed(digest, min(extra))
        raise refusal
    return len(named)


def files_of(manifest: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Iterate over the names and digests of the files that a manifest has.

    The files of the source are named there too; they do not rest in the snapshot.

    >>> shard = {"name": "shard-00000.parquet", "digest": "ab" * 32}
    >>> [name for name, _ in files_of({"shards": [shard], "files": [{"name": "labs.parquet"}]})]
    ['shard-00000.parquet']
    """
    besides = (manifest.get(name) for name in ("quarantine", "ended", "merges", "moved"))
    for item in (*manifest["shards"], *filter(None, besides)):
        yield item["name"], item["digest"]


def _changed(digest: str, file_name: str) -> IntegrityBroken:
    return IntegrityBroken(
        f"snapshot {short(digest)}: {file_name} is not what the manifest says",
        code="snapshot.changed",
        hint="Do not use it; ingest again or restore it from a backup.",
        where=file_name,
    )


def _settle(path: Path) -> None:
    """Make one file of a snapshot durable and read-only."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        os.fsync(handle)
        os.fchmod(handle, READ_ONLY)
    finally:
        os.close(handle)
