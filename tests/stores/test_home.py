"""A home: its folders, its keys, and what it refuses to open."""

from __future__ import annotations

import pytest

from attending.errors import BadInput, IntegrityBroken, NotFound
from attending.stores.home import FOLDERS, Home
from tests.stores.homes import AT, filled_home, tamper

pytestmark = pytest.mark.usefixtures("store_kind")


def test_two_simulated_homes_of_one_seed_are_the_same_to_the_bit(tmp_path):
    first = filled_home(tmp_path / "a", entries=6)
    second = filled_home(tmp_path / "b", entries=6)
    assert first.synthetic
    assert first.ledger.root == second.ledger.root
    assert first.pseudonym_key() == second.pseudonym_key()
    notes = [path.read_bytes() for path in first.ledger.witness.paths()]
    assert notes == [path.read_bytes() for path in second.ledger.witness.paths()]
    assert Home.create(tmp_path / "c", at=AT, seed=8).pseudonym_key() != first.pseudonym_key()


@pytest.mark.sqlite
def test_a_real_home_has_keys_of_its_own_apart_from_the_database(tmp_path):
    homes = [Home.create(tmp_path / name, at=AT) for name in "ab"]
    assert not homes[0].synthetic
    assert homes[0].pseudonym_key() != homes[1].pseudonym_key()
    assert homes[0].settings.home_id != homes[1].settings.home_id
    assert {path.name for path in (tmp_path / "a").iterdir()} >= {*FOLDERS, "store.db"}
    assert (tmp_path / "a" / "keys").stat().st_mode & 0o777 == 0o700
    homes[0].close()
    whole = b"".join(path.read_bytes() for path in (tmp_path / "a").glob("store.db*"))
    for name in ("pseudonym", "signing"):
        key = (tmp_path / "a" / "keys" / f"{name}.key").read_bytes().strip()
        assert key not in whole
        assert bytes.fromhex(key.decode()) not in whole


@pytest.mark.fault("X24")
@pytest.mark.parametrize("name", ["pseudonym.key", "signing.key", "."])
def test_a_key_that_others_can_reach_is_refused(tmp_path, name):
    root = tmp_path / "home"
    Home.create(root, at=AT).close()
    path = root / "keys" / name
    path.chmod(0o755 if path.is_dir() else 0o644)
    # Control: without the check the key is read as if nothing were wrong.
    assert len((root / "keys" / "signing.key").read_bytes()) == 65
    with pytest.raises(BadInput) as refusal:
        Home.open(root)
    assert refusal.value.exit_code == 2
    assert refusal.value.code == "home.key_rights"
    path.chmod(0o700 if path.is_dir() else 0o600)
    assert Home.open(root).ledger.size == 1


def test_a_linked_missing_or_broken_key_is_refused(tmp_path):
    root = tmp_path / "home"
    home = Home.create(root, at=AT)
    path = root / "keys" / "signing.key"
    text = path.read_text()
    path.write_text("short")
    with pytest.raises(BadInput, match="not a key"):
        home.sign(b"x")
    path.unlink()
    with pytest.raises(BadInput, match="missing"):
        home.sign(b"x")
    (tmp_path / "elsewhere").write_text(text)
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BadInput):
        Home.open(root)


def test_a_synthetic_home_stays_synthetic(tmp_path):
    root = tmp_path / "home"
    Home.create(root, at=AT, seed=7).close()
    settings = root / "settings.yaml"
    settings.chmod(0o644)
    settings.write_text(settings.read_text().replace("synthetic: true", "synthetic: false"))
    with pytest.raises(IntegrityBroken) as refusal:
        Home.open(root)
    assert refusal.value.code == "home.settings"


def test_what_is_no_home_is_said_to_be_none(tmp_path):
    with pytest.raises(NotFound):
        Home.open(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("x")
    with pytest.raises(BadInput) as refusal:
        Home.create(tmp_path / "full", at=AT)
    assert refusal.value.code == "home.exists"
    with pytest.raises(BadInput):
        Home.create(tmp_path / "home", at=AT).folder("../other")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE records SET made_by = 'bob' WHERE nth = 0",
        "DELETE FROM records WHERE nth = 0",
        "INSERT INTO record_keys VALUES ('00', 'k', 'v', 1, 7)",
        "INSERT INTO deployments VALUES ('00', 'm', 'v1', 'live', 9, 0)",
        "UPDATE record_keys SET value = 'z' WHERE seq = 1",
        "INSERT INTO accounts VALUES ('eve', 'ann', 99, 0)",
    ],
)
def test_a_row_written_behind_the_ledger_is_found(tmp_path, statement):
    root = tmp_path / "home"
    filled_home(root, entries=6).close()
    tamper(root, statement)
    home = Home.open(root)
    assert home.ledger.verify().ok
    findings = home.check_rows()
    assert findings
    assert findings[0].code == "store.rows"
