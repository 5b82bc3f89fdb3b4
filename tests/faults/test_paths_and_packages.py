"""Paths beside the root, planted links, shared folders, changed packages, plugins that load."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from hashlib import sha256
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from attending.digests import digest_bytes
from attending.errors import BadInput, DependencyDown, IntegrityBroken, Refused
from attending.ingest.files import ordinary
from attending.lifecycle import recovery
from attending.lifecycle.desk import Desk, create_home
from attending.stores.artifacts import Artifacts
from attending.stores.files import write_once
from attending.stores.home import Home
from attending.stores.pool import Pool
from attending.times import parse_instant

ROOT = Path(__file__).parents[2]
AT = parse_instant("2026-03-02T06:00:00Z")


@pytest.mark.fault("X02")
def test_x02_a_folder_beside_the_root_with_its_name_as_prefix_is_outside(tmp_path):
    inside, beside = tmp_path / "data", tmp_path / "data-secret"
    inside.mkdir()
    beside.mkdir()
    (beside / "rows.csv").write_text("patient\n")
    (inside / "own.csv").write_text("mine\n")
    link = inside / "rows.csv"
    link.symlink_to(beside / "rows.csv")
    # Control: a check by prefix lets it in.
    assert os.path.realpath(link).startswith(str(inside))
    with pytest.raises(Refused) as refusal:
        ordinary(inside, link)
    assert refusal.value.code == "ingest.outside_folder"
    assert ordinary(inside, inside / "own.csv").read_text() == "mine\n"
    (inside / "folder").symlink_to(beside)
    with pytest.raises(Refused):
        ordinary(inside, inside / "folder" / "rows.csv")


@pytest.mark.fault("X02")
def test_x02_what_a_store_opens_is_never_a_link(tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    digest = digest_bytes(b"secret")
    shelf = Artifacts(tmp_path / "artifacts")
    shelf.path(digest).parent.mkdir(parents=True)
    shelf.path(digest).symlink_to(secret)
    # Control: the plain way reads through the link, and the bytes even have the right digest.
    assert shelf.path(digest).read_bytes() == b"secret"
    with pytest.raises(IntegrityBroken) as refusal:
        shelf.read(digest)
    assert refusal.value.code == "artifact.link"
    (tmp_path / "planted").symlink_to(secret)
    with pytest.raises(IntegrityBroken) as refusal:
        Pool(tmp_path / "objects").put(tmp_path / "planted")
    assert refusal.value.code == "backup.link"
    desk = create_home(tmp_path / "home", at=AT)
    (desk.home.folder("policy") / "stray.yaml").symlink_to(secret)
    with pytest.raises(IntegrityBroken):
        recovery.make(desk, tmp_path / "backups", region="")
    desk.home.close()


@pytest.mark.fault("X27")
def test_x27_a_link_planted_where_a_scratch_file_comes_is_refused(tmp_path, monkeypatch):
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    # The attacker knows the name beforehand; with random names that alone is out of reach.
    monkeypatch.setattr("attending.stores.files.secrets.token_hex", lambda _: "known")
    place = tmp_path / "store" / "file"
    place.parent.mkdir()
    scratch = place.with_name(".file.known")
    scratch.symlink_to(victim)
    # Control: a plain write goes through the link.
    other = tmp_path / "other"
    other.symlink_to(victim)
    other.write_bytes(b"lost")
    assert victim.read_bytes() == b"lost"
    victim.write_bytes(b"precious")
    with pytest.raises(DependencyDown):
        write_once(place, b"ours")
    assert victim.read_bytes() == b"precious"
    assert not place.exists()


@pytest.mark.fault("X27")
def test_x27_folders_are_their_owners_alone_and_a_shared_one_is_refused(tmp_path):
    before = os.umask(0)
    try:
        create_home(tmp_path / "home", at=AT).home.close()
        home = Home.open(tmp_path / "home")
        desk = Desk(home=home, at=AT)
        recovery.make(desk, tmp_path / "backups", region="")
        home.close()
        # Control: with such a mask, a plain folder is open to everybody.
        (tmp_path / "plain").mkdir()
        assert (tmp_path / "plain").stat().st_mode & 0o777 == 0o777
    finally:
        os.umask(before)
    for root in (tmp_path / "home", tmp_path / "backups"):
        for path in (root, *(one for one in root.rglob("*") if one.is_dir())):
            assert path.stat().st_mode & 0o022 == 0, path
        assert root.stat().st_mode & 0o777 == 0o700
    for name in ("artifacts", ""):
        shared = tmp_path / "home" / name
        shared.chmod(0o777)
        with pytest.raises(BadInput) as refusal:
            Home.open(tmp_path / "home")
        assert refusal.value.code == "home.shared"
        shared.chmod(0o700)
    Home.open(tmp_path / "home").close()


def wheel(folder: Path) -> Path:
    """Return a small package as a wheel, with a plugin that says when it is loaded."""
    path = folder / "innocent-1.0-py3-none-any.whl"
    about = "innocent-1.0.dist-info"
    says = "import os\nopen(os.environ['TOLD'], 'w').close()\n\ndef plug():\n    return 1\n"
    groups = (
        "[attending.measures]\nevil = innocent:plug\n[attending.plugins]\nevil = innocent:plug\n"
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("innocent.py", says)
        archive.writestr(
            f"{about}/METADATA", "Metadata-Version: 2.1\nName: innocent\nVersion: 1.0\n"
        )
        archive.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{about}/entry_points.txt", groups)
        archive.writestr(f"{about}/RECORD", "")
    return path


def install(folder: Path, lock: Path, *extra: str) -> int:
    """Install what a lock names from a folder, as the set-up does, and return the exit code."""
    uv = Path(sys.executable).with_name("uv")
    command = [
        str(uv), "pip", "install", "--quiet", "--offline", "--no-index", "--no-cache", *extra,
        "--find-links", str(folder), "--target", str(folder / "site"), "-r", str(lock),
    ]  # fmt: skip
    return subprocess.run(command, check=False, capture_output=True).returncode


@pytest.mark.fault("X26")
def test_x26_a_package_with_another_hash_than_the_lock_is_not_installed(tmp_path):
    made = wheel(tmp_path)
    lock = tmp_path / "lock.txt"
    lock.write_text(f"innocent==1.0 --hash=sha256:{sha256(made.read_bytes()).hexdigest()}\n")
    assert install(tmp_path, lock, "--require-hashes") == 0
    with zipfile.ZipFile(made, "a") as archive:
        archive.writestr("innocent_more.py", "# tampered\n")
    assert install(tmp_path, lock, "--require-hashes", "--reinstall") != 0
    assert not (tmp_path / "site" / "innocent_more.py").exists()
    # Control: by name and version alone, the changed one is installed.
    lock.write_text("innocent==1.0\n")
    assert install(tmp_path, lock, "--reinstall") == 0
    assert (tmp_path / "site" / "innocent_more.py").exists()
    # Without a hash the set-up's way refuses, and every line of our locks has one.
    assert install(tmp_path, lock, "--require-hashes", "--reinstall") != 0
    for path in sorted((ROOT / "requirements").glob("*.txt")):
        text = path.read_text().replace("\\\n", " ")
        lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
        assert lines
        assert [line for line in lines if "--hash=sha256:" not in line] == []
    setup = (ROOT / "Makefile").read_text()
    assert setup.count("pip sync") == setup.count(
        "pip sync --quiet --require-hashes"
    ) + setup.count("pip sync --quiet --compile-bytecode --require-hashes")


@pytest.mark.fault("X26")
def test_x26_no_plugin_of_another_package_is_loaded_by_itself(tmp_path):
    site, told = tmp_path / "site", tmp_path / "told"
    with zipfile.ZipFile(wheel(tmp_path)) as archive:
        archive.extractall(site)
    env = {**os.environ, "PYTHONPATH": str(site), "TOLD": str(told), "COLUMNS": "200"}
    loads = (
        "from importlib.metadata import entry_points\n"
        "[one.load() for one in entry_points(group='attending.plugins')]\n"
    )
    # Control: a program that loads what offers itself runs the stranger's code.
    subprocess.run([sys.executable, "-c", loads], env=env, check=True)
    assert told.exists()
    told.unlink()
    command = [sys.executable, "-m", "attending", "codelist", "ls"]
    assert subprocess.run(command, env=env, check=False, capture_output=True).returncode == 0
    assert not told.exists()
    # Nor does attending offer a door for them.
    assert not [one for one in entry_points().groups if one.startswith("attending")]
    source = ROOT / "src" / "attending"
    asked = [path for path in source.rglob("*.py") if "entry_points" in path.read_text()]
    assert asked == []
