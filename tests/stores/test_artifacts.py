"""Artifacts and snapshots: named by their bytes, read only with a check, never through a link."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from attending.digests import canonical, digest_bytes
from attending.errors import AttendingError, BadInput, DependencyDown, IntegrityBroken, NotFound
from attending.stores.artifacts import Artifacts
from attending.stores.snapshots import Snapshots

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: What an id must never be able to say.
HOSTILE = [
    "../../etc/passwd",
    "..\\..\\secret",
    "%2e%2e%2f",
    "%252e%252e",
    "//proc/self/root",
    "file:///etc/passwd",
    "x#/../",
    "/etc/passwd",
    "a" * 63 + "\0",
    "a" * 64 + "\n",
    "A" * 64,
    "a" * 300,
    "CON",
    "aaaaaa.",
    "aaaaaa ",
    "a/b",
    "\u2044etc",
    "",
]


def _snapshot(folder, *, shards: int = 2, salt: bytes = b"") -> str:
    folder.mkdir(parents=True)
    files = []
    for number in range(shards):
        data = b"PAR1" + salt + bytes([number]) * 50 + b"PAR1"
        name = f"shard-{number:05d}.parquet"
        (folder / name).write_bytes(data)
        files.append({"name": name, "digest": digest_bytes(data), "rows": 1})
    kept = {"name": "quarantine.parquet", "digest": digest_bytes(b"PAR1PAR1"), "rows": 0}
    (folder / "quarantine.parquet").write_bytes(b"PAR1PAR1")
    # A file of the source is named in the manifest and does not rest in the snapshot.
    source = [{"name": "labs.parquet", "digest": "ab" * 32}]
    manifest = canonical({"kind": "snapshot", "shards": files, "quarantine": kept, "files": source})
    (folder / "manifest.json").write_bytes(manifest)
    return digest_bytes(manifest)


def test_put_is_by_content_and_leaves_a_read_only_file(tmp_path):
    shelf = Artifacts(tmp_path / "artifacts")
    (tmp_path / "model.json").write_bytes(b"coefficients")
    digest = shelf.put(b"coefficients")
    assert shelf.put(tmp_path / "model.json") == digest == digest_bytes(b"coefficients")
    assert shelf.read(digest) == b"coefficients"
    assert shelf.path(digest).stat().st_mode & 0o777 == 0o444
    assert shelf.names() == (digest,)
    assert digest in shelf
    with pytest.raises(NotFound):
        shelf.read("0" * 64)


@pytest.mark.parametrize("name", HOSTILE)
def test_an_id_that_is_not_a_digest_never_becomes_a_path(tmp_path, name):
    for ask in (Artifacts(tmp_path).read, Artifacts(tmp_path).path, Snapshots(tmp_path).path):
        with pytest.raises(BadInput) as refusal:
            ask(name)
        assert refusal.value.code == "store.digest"
    with pytest.raises(BadInput):
        Snapshots(tmp_path).adopt(tmp_path / "scratch", name)


def test_a_link_in_the_store_is_refused(tmp_path):
    shelf = Artifacts(tmp_path / "artifacts")
    digest = shelf.put(b"real")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"real")
    shelf.path(digest).unlink()
    shelf.path(digest).symlink_to(elsewhere)
    with pytest.raises(IntegrityBroken) as refusal:
        shelf.read(digest)
    assert refusal.value.code == "artifact.link"


def test_a_folder_that_cannot_be_made_is_a_typed_refusal(tmp_path):
    (tmp_path / "artifacts").write_bytes(b"a file, not a folder")
    with pytest.raises(DependencyDown):
        Artifacts(tmp_path / "artifacts").put(b"x")


@pytest.mark.fault("P06")
def test_one_flipped_byte_in_any_stored_file_is_found(tmp_path):
    shelf = Artifacts(tmp_path / "artifacts")
    names = [shelf.put(bytes([number]) * (number + 1)) for number in range(12)]
    snapshots = Snapshots(tmp_path / "snapshots")
    digest = _snapshot(tmp_path / "scratch", shards=3)
    folder = snapshots.adopt(tmp_path / "scratch", digest)
    found = checked = unseen = 0
    for name in names:
        unseen += _flip(shelf.path(name))
        found += _refused(lambda name=name: shelf.read(name))
        checked += 1
        assert shelf.broken() == (name,)
        _flip(shelf.path(name))
    for path in sorted(folder.iterdir()):
        unseen += _flip(path)
        found += _refused(lambda: snapshots.verify(digest[:8]))
        checked += 1
        _flip(path)
    # Control: reading the plain file says nothing of any flip.
    assert unseen == checked == 17
    assert found == checked
    assert snapshots.verify(digest[:8]) == 4
    assert shelf.broken() == ()
    torn = shelf.path(names[-1])
    torn.chmod(0o644)
    torn.write_bytes(torn.read_bytes()[:-1])
    assert _refused(lambda: shelf.read(names[-1]))


@pytest.mark.fault("P06")
def test_p06_every_bit_of_every_class_of_stored_file_is_found_ten_thousand_of_ten_thousand(
    tmp_path,
):
    shelf = Artifacts(tmp_path / "artifacts")
    name = shelf.put(bytes(range(256)) * 4)
    snapshots = Snapshots(tmp_path / "snapshots")
    digest = _snapshot(tmp_path / "scratch", shards=1)
    folder = snapshots.adopt(tmp_path / "scratch", digest)
    asked: dict[Path, tuple[Callable[[], object], str]] = {
        shelf.path(name): (lambda: shelf.read(name), name)
    }
    asked |= {
        path: (lambda: snapshots.verify(digest), path.name) for path in sorted(folder.iterdir())
    }
    assert {path.name for path in folder.iterdir()} == {
        "manifest.json", "quarantine.parquet", "shard-00000.parquet"
    }  # fmt: skip
    flips = found = 0
    for path, (ask, named) in asked.items():
        whole = path.read_bytes()
        path.chmod(0o644)
        for at in range(8 * len(whole)):
            data = bytearray(whole)
            data[at // 8] ^= 1 << at % 8
            path.write_bytes(data)
            flips += 1
            with pytest.raises(IntegrityBroken) as refusal:
                ask()
            told = f"{refusal.value.message} {refusal.value.where}"
            found += refusal.value.exit_code == 4 and named[:12] in told
        path.write_bytes(whole)
        ask()  # control: with every bit as it was, nothing is said
    assert found == flips >= 10_000


def _flip(path) -> bool:
    """Flip one byte in the middle and return whether the file can still be read."""
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    path.chmod(0o444)
    return len(path.read_bytes()) == len(data)


def _refused(ask) -> bool:
    with pytest.raises(IntegrityBroken) as refusal:
        ask()
    return refusal.value.exit_code == 4


@pytest.mark.fault("G14")
def test_what_was_hashed_is_what_is_used_whoever_swaps_the_file(tmp_path):
    shelf = Artifacts(tmp_path / "artifacts")
    digest = shelf.put(b"good")
    path = shelf.path(digest)
    path.chmod(0o644)

    # Control: verify the file, then open it again: the swap in between wins.
    assert digest_bytes(path.read_bytes()) == digest
    path.write_bytes(b"evil")
    assert path.read_bytes() == b"evil"

    stop = threading.Event()

    def swap() -> None:
        other = path.with_name("other")
        while not stop.is_set():
            for content in (b"evil", b"good"):
                other.write_bytes(content)
                other.replace(path)

    thread = threading.Thread(target=swap)
    thread.start()
    wins = good = reads = 0
    until = time.monotonic() + 60
    while reads < 1000 or (not good and time.monotonic() < until):
        reads += 1
        try:
            content = shelf.read(digest)
        except AttendingError:
            continue
        good += content == b"good"
        wins += content != b"good"
    stop.set()
    thread.join()
    assert wins == 0
    assert good > 0


def test_a_snapshot_is_adopted_whole_or_not_at_all(tmp_path):
    snapshots = Snapshots(tmp_path / "snapshots")
    digest = _snapshot(tmp_path / "scratch")
    (tmp_path / "scratch" / "shard-00001.parquet").write_bytes(b"torn")
    with pytest.raises(IntegrityBroken):
        snapshots.adopt(tmp_path / "scratch", digest)
    assert snapshots.list() == ()
    whole = _snapshot(tmp_path / "again")
    folder = snapshots.adopt(tmp_path / "again", whole)
    assert snapshots.list() == (whole,)
    assert snapshots.path(whole[:6]) == folder
    assert not (tmp_path / "again").exists()
    with pytest.raises(NotFound):
        snapshots.path("0" * 8)


def test_a_shard_that_no_manifest_names_is_found(tmp_path):
    snapshots = Snapshots(tmp_path / "snapshots")
    digest = _snapshot(tmp_path / "scratch")
    folder = snapshots.adopt(tmp_path / "scratch", digest)
    (folder / "shard-00009.parquet").write_bytes(b"PAR1")
    with pytest.raises(IntegrityBroken) as refusal:
        snapshots.verify(digest)
    assert refusal.value.where == "shard-00009.parquet"


def test_a_manifest_that_is_none_is_refused(tmp_path):
    for text in (b"{}", b"[]", b"no json"):
        folder = tmp_path / digest_bytes(text)
        folder.mkdir()
        (folder / "manifest.json").write_bytes(text)
        with pytest.raises(IntegrityBroken):
            Snapshots(tmp_path).verify(folder.name)
    with pytest.raises(NotFound):
        (tmp_path / "empty").mkdir()
        Snapshots(tmp_path).adopt(tmp_path / "empty", "ab" * 32)


def test_a_prefix_of_two_snapshots_is_ambiguous(tmp_path):
    (tmp_path / ("ab" * 32)).mkdir()
    (tmp_path / ("ab" * 31 + "cd")).mkdir()
    with pytest.raises(BadInput) as refusal:
        Snapshots(tmp_path).path("ababab")
    assert refusal.value.code == "store.ambiguous"
