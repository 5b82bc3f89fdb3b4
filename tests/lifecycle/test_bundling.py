"""A bundle about one model is whole, or the changed byte is found: by us and by Python alone."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from attending.errors import AttendingError, BadInput, IntegrityBroken, NotFound
from attending.govern import bundle_verifier as second
from attending.govern import standalone_verifier
from attending.lifecycle.bundling import export_bundle, verify_bundle
from attending.stores import bundle_files
from attending.stores.bundle_files import packed, unpacked
from tests.lifecycle.desks import MODEL, papers

VERIFIERS = (Path(second.__file__), Path(standalone_verifier.__file__))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A home, its bundle, and the keys as an auditor holds them."""
    folder = tmp_path_factory.mktemp("bundle")
    found = papers(folder / "home")
    found.path = folder / "bundle.tar"
    found.list = export_bundle(found.desk, found.path, model=MODEL)
    found.files = unpacked(found.path.read_bytes())
    found.keys = folder / "keys.txt"
    found.keys.write_bytes(found.files["keys.txt"])
    yield found
    found.desk.home.close()


def alone(folder: Path, *args: Path) -> subprocess.CompletedProcess[str]:
    """Run the verifiers as they stand in a folder, with Python alone and nothing else."""
    for path in VERIFIERS:
        shutil.copy(path, folder)
    command = [sys.executable, "-I", "-S", "bundle_verifier.py", *map(str, args)]
    return subprocess.run(command, cwd=folder, env={}, check=False, capture_output=True, text=True)


@pytest.mark.requirement("J12")
def test_a_bundle_holds_one_model_and_verifies_without_attending(made, tmp_path):
    report = verify_bundle(made.path, held=made.keys)
    report.require()
    assert (report.model, report.approvals, report.sealed, report.documents) == (MODEL, 1, 1, 1)
    assert report.shown < report.entries
    names = made.files.keys()
    assert {f"records/{made.run}.json", f"records/{made.report}.json"} <= names
    assert f"records/{made.approval.digest}.json" in names
    assert f"documents/{made.page}" in names
    held = b"".join(data for name, data in made.files.items() if name.startswith("records/"))
    assert b"stale_feature" in held
    assert b'"model":"other"' not in held
    done = alone(tmp_path, made.path, made.keys)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith(f"verified: {MODEL}, {report.shown} of {report.entries} entries")
    assert alone(tmp_path, tmp_path / "none.tar").returncode == 2
    # What is said without a key from elsewhere says so.
    assert "have not compared" in verify_bundle(made.path).statement
    assert "NOT compared" in alone(tmp_path, made.path).stdout
    # A model that is not here, and a file that is there.
    with pytest.raises(NotFound):
        export_bundle(made.desk, tmp_path / "b.tar", model="nobody")
    with pytest.raises(BadInput):
        export_bundle(made.desk, made.path, model=MODEL)


def test_the_verifier_of_bundles_stands_alone_and_is_short():
    text = VERIFIERS[0].read_text()
    assert len(text.splitlines()) <= 200
    assert "import attending" not in text
    assert "from attending" not in text


def broken(path: Path) -> bool:
    """Return whether both verifiers find the bundle broken; they must agree."""
    try:
        ours = bool(verify_bundle(path).findings)
    except IntegrityBroken:
        ours = True
    try:
        second.verify(path, None)
        theirs = False
    except second.Broken:
        theirs = True
    assert ours == theirs
    return ours


def test_one_changed_byte_in_any_file_is_found_by_both(made, tmp_path):
    path = tmp_path / "changed.tar"
    path.write_bytes(packed(made.files))
    assert not broken(path)
    for name, data in made.files.items():
        for place in {0, len(data) // 2, len(data) - 1}:
            changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
            path.write_bytes(packed({**made.files, name: changed}))
            assert broken(path), name
        fewer = {one: held for one, held in made.files.items() if one != name}
        path.write_bytes(packed(fewer))
        assert broken(path), f"{name} left out"
    path.write_bytes(packed({**made.files, "records/" + "a" * 64 + ".json": b"{}"}))
    assert broken(path)


def test_one_changed_byte_of_the_archive_itself_is_found_by_both(made, tmp_path):
    data = made.path.read_bytes()
    path = tmp_path / "changed.tar"
    headers = [at for at in range(0, len(data), 512) if data[at + 257 : at + 262] == b"ustar"]
    places = {at + step for at in headers[:3] for step in (0, 101, 110, 120, 130, 140, 150, 156)}
    places |= {at + step for at in headers[-2:] for step in (157, 258, 270, 330, 400, 511)}
    places |= {len(data) - 1, len(data) - 1024, *range(0, len(data), 1999)}
    for place in sorted(places):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        assert broken(path), place
    for other in (data[:-512], data + bytes(512), data[:700], b""):
        path.write_bytes(other)
        assert broken(path)


def test_another_home_cannot_pass_for_this_one(made, tmp_path):
    other = papers(tmp_path / "other")
    try:
        # The same seed gives the same key; another key is what a forger has.
        (tmp_path / "other" / "keys" / "signing.key").write_text("ab" * 32 + "\n")
        del other.desk.home.__dict__["ledger"]
        path = tmp_path / "forged.tar"
        for note in (tmp_path / "other" / "witness").iterdir():
            note.unlink()
        export_bundle(other.desk, path, model=MODEL)
        # Control: without a key of one's own the forged bundle looks whole, but for its seals.
        codes = {one.code for one in verify_bundle(path).findings}
        assert "bundle.key" not in codes
        assert "bundle.key" in {one.code for one in verify_bundle(path, held=made.keys).findings}
    finally:
        other.desk.home.close()


def hostile(folder: Path) -> dict[str, bytes]:
    """Return archives that harm who unpacks them, by what they do."""
    made = {}
    changes: dict[str, dict[str, object]] = {
        "slip": {"name": "../../outside.txt"},
        "absolute": {"name": str(folder / "outside.txt")},
        "symlink": {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"},
        "hardlink": {"type": tarfile.LNKTYPE, "linkname": "../outside.txt"},
        "device": {"type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 5},
        "fifo": {"type": tarfile.FIFOTYPE},
        "folder": {"type": tarfile.DIRTYPE},
        "sparse": {"type": tarfile.GNUTYPE_SPARSE},
        "setuid": {"mode": 0o4755},
    }
    for name, change in changes.items():
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT) as archive:
            told = tarfile.TarInfo("list.json")
            for field, value in change.items():
                setattr(told, field, value)
            told.size = 4 if told.isreg() else 0
            archive.addfile(told, io.BytesIO(b"evil"))
        made[name] = stream.getvalue()
    one = packed({"a.txt": b"1"})[:-1024]
    made["slow name"] = ("a" * 98 + "!").encode().ljust(124, b"\0") + one[124:]
    made["twice"] = one + one + bytes(1024)
    made["long"] = one[:124] + b"77777777777\0" + one[136:] + bytes(1024)
    made["many"] = packed({f"f{n:07}": b"" for n in range(2000)})
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("list.json", bytes(30_000_000))
    made["zip bomb"] = bomb.getvalue()
    gz = io.BytesIO()
    with tarfile.open(fileobj=gz, mode="w:gz") as archive:
        told = tarfile.TarInfo("list.json")
        told.size = 30_000_000
        archive.addfile(told, io.BytesIO(bytes(told.size)))
    made["packed tar"] = gz.getvalue()
    whole = bomb.getvalue()
    made["overlapping zip"] = whole + whole[-22:]
    return made


@pytest.mark.fault("X07")
def test_x07_no_hostile_archive_is_taken_for_a_bundle(tmp_path, monkeypatch):
    monkeypatch.setattr(bundle_files, "MOST_FILES", 1000)
    monkeypatch.setattr(second, "MOST_FILES", 1000)
    inside = tmp_path / "in" / "deep"
    inside.mkdir(parents=True)
    attacks = hostile(tmp_path)
    # Control: who unpacks without looking writes outside the folder, and grows a thousandfold.
    with tarfile.open(fileobj=io.BytesIO(attacks["slip"])) as archive:
        archive.extractall(inside, filter="fully_trusted")  # noqa: S202 - the control
    assert (tmp_path / "outside.txt").read_bytes() == b"evil"
    (tmp_path / "outside.txt").unlink()
    with zipfile.ZipFile(io.BytesIO(attacks["zip bomb"])) as archive:
        assert archive.getinfo("list.json").file_size > 500 * len(attacks["zip bomb"])
    before = set(tmp_path.rglob("*"))
    for name, data in attacks.items():
        path = tmp_path / "hostile.tar"
        path.write_bytes(data)
        with pytest.raises(AttendingError) as refusal:
            verify_bundle(path)
        assert refusal.value.code == "bundle.archive", name
        with pytest.raises(second.Broken):
            second.members(data)
        path.unlink()
    assert set(tmp_path.rglob("*")) == before


@pytest.mark.fault("X07")
def test_x07_a_file_larger_than_any_bundle_is_never_read(tmp_path):
    path = tmp_path / "huge.tar"
    with path.open("wb") as stream:
        stream.truncate(bundle_files.MOST_BYTES + 1)
    # Control: it is a file like any other, and would be read whole.
    assert path.stat().st_size > bundle_files.MOST_BYTES
    with pytest.raises(BadInput) as refusal:
        verify_bundle(path)
    assert refusal.value.code == "bundle.too_large"
    with pytest.raises(second.Broken):
        second.verify(path, None)
