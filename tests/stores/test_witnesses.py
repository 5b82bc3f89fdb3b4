"""Witnesses: a folder, a file, a printed head; and which of them the store's user could change."""

from __future__ import annotations

import os
import stat

import pytest

from attending.errors import BadInput, DependencyDown
from attending.stores import ledger as ledgers
from attending.stores.heads import Head, print_head, read_head
from attending.stores.home import Home
from attending.stores.witnesses import Witness, store_user, writable
from tests.stores.homes import AT, fill, filled_home

#: Neither root nor who runs the tests.
SOMEBODY = 54_321


def _names(root, *places):
    (root / "policy" / "witnesses.yaml").write_text(
        "witnesses:\n"
        + "".join(f"  - {{name: {name}, place: {place}}}\n" for name, place in places)
    )


@pytest.fixture
def apart(monkeypatch):
    """Let the home belong to somebody else than who owns the folders that the test makes."""
    monkeypatch.setattr(ledgers, "store_user", lambda _: SOMEBODY)


def _kept(folder, home):
    """Fetch the checkpoints as the witness's own user would: no file that others may write."""
    folder.mkdir(mode=0o755, exist_ok=True)
    folder.chmod(0o755)
    for path in home.ledger.witness.paths():
        (folder / path.name).write_bytes(path.read_bytes())
        (folder / path.name).chmod(0o444)
    return folder


def test_a_checkpoint_comes_to_a_folder_and_to_a_file_and_each_vouches(tmp_path):
    root = tmp_path / "home"
    filled_home(root, entries=3).close()
    (tmp_path / "share").mkdir()
    (tmp_path / "notes.txt").touch()
    _names(root, ("pharmacy", tmp_path / "share"), ("worm", tmp_path / "notes.txt"))
    home = Home.open(root)
    for start in (50, 60):
        fill(home, 2, start=start)
        delivered = home.ledger.deliver(home.make_checkpoint(at=AT))
        assert delivered == {"pharmacy": "written", "worm": "written"}
    assert home.ledger.deliver(home.make_checkpoint(at=AT)) == delivered  # again is not twice
    report = home.ledger.verify()
    seen = {one.name: (one.kind, one.checkpoints, one.witnessed) for one in report.witnesses}
    assert report.ok
    assert seen == {
        "own": ("own folder", 4, report.entries),
        "pharmacy": ("folder", 2, report.entries),
        "worm": ("file", 2, report.entries),
    }
    (tmp_path / "notes.txt").write_text(
        (tmp_path / "notes.txt").read_text().replace("at 2", "at 3")
    )
    found = home.ledger.verify().findings
    assert [one.code for one in found] == ["checkpoint.signature"] * 2
    assert found[0].message.startswith("worm/notes.txt:1")


def test_a_share_that_is_away_is_said_and_nothing_is_made_in_its_place(tmp_path):
    root = tmp_path / "home"
    filled_home(root, entries=3).close()
    _names(root, ("pharmacy", tmp_path / "away"))
    home = Home.open(root)
    assert home.ledger.deliver(home.make_checkpoint(at=AT)) == {"pharmacy": "not there"}
    assert not (tmp_path / "away").exists()
    assert home.ledger.verify().witnesses[1].kind == "absent"


def test_two_witnesses_of_one_name_are_refused(tmp_path):
    root = tmp_path / "home"
    filled_home(root, entries=1).close()
    for names in (("a", "a"), ("own", "b")):
        _names(root, *((name, tmp_path) for name in names))
        with pytest.raises(BadInput, match="a name of its own"):
            Home.open(root).ledger  # noqa: B018 - it is read when it is used


def test_what_the_stores_own_user_could_change_is_self_witnessed(tmp_path):
    home = filled_home(tmp_path / "home", entries=3)
    kept = _kept(tmp_path / "kept", home)
    report = home.ledger.verify(brought=[Witness(kept, name="kept")])
    # Whoever runs the tests owns both; root owns everything.
    assert report.self_witnessed
    assert all(one.self_witnessed for one in report.witnesses)
    assert "self-witnessed: the store's own user could change every witness" in report.statement


@pytest.mark.usefixtures("apart")
def test_a_folder_and_its_checkpoints_of_another_user_are_independent(tmp_path):
    home = filled_home(tmp_path / "home", entries=3)
    kept = _kept(tmp_path / "kept", home)
    report = home.ledger.verify(brought=[Witness(kept, name="kept")])
    assert [one.name for one in report.witnesses if one.independent] == ["kept"]
    assert "independent of the store: kept" in report.statement
    (kept / home.ledger.witness.paths()[0].name).chmod(0o666)
    seen = home.ledger.verify(brought=[Witness(kept, name="kept")]).witnesses[-1]
    assert seen.self_witnessed == "the store's own user can change a checkpoint in it"
    (kept / home.ledger.witness.paths()[0].name).chmod(0o444)
    kept.chmod(0o775)
    seen = home.ledger.verify(brought=[Witness(kept, name="kept")]).witnesses[-1]
    assert seen.self_witnessed == "the store's own user can change it"


@pytest.mark.parametrize(
    ("owner", "mode", "may"),
    [
        (SOMEBODY, 0o400, True),  # an owner may give themselves the right
        (1, 0o644, False),
        (1, 0o755, False),
        (1, 0o664, True),
        (1, 0o646, True),
        (0, 0o444, False),
    ],
)
def test_who_may_write_is_decided_by_owner_and_mode(owner, mode, may):
    found = os.stat_result((stat.S_IFREG | mode, 0, 0, 1, owner, 1, 0, 0, 0, 0))
    assert writable(found, SOMEBODY) is may


def test_a_store_that_belongs_to_root_has_no_independent_folder(tmp_path):
    (tmp_path / "kept").mkdir()
    assert "root" in Witness(tmp_path / "kept", name="kept").self_witnessed(0)
    assert "cannot be told" in Witness(tmp_path / "away", name="away").self_witnessed(SOMEBODY)
    assert store_user(tmp_path) == tmp_path.stat().st_uid


def test_an_access_list_that_the_mode_does_not_show_is_asked_too(tmp_path, monkeypatch):
    (tmp_path / "kept").mkdir(mode=0o755)
    monkeypatch.setattr("attending.stores.witnesses.os.geteuid", lambda: SOMEBODY)
    kept = Witness(tmp_path / "kept", name="kept")
    monkeypatch.setattr("attending.stores.witnesses.os.access", lambda *_: False)
    assert kept.self_witnessed(SOMEBODY) == ""
    monkeypatch.setattr("attending.stores.witnesses.os.access", lambda *_: True)
    assert kept.self_witnessed(SOMEBODY) == "the store's own user can change it"


def test_a_place_that_may_not_be_written_is_fetched_from_by_its_own_user(tmp_path, monkeypatch):
    root = tmp_path / "home"
    filled_home(root, entries=3).close()
    (tmp_path / "share").mkdir()
    _names(root, ("pharmacy", tmp_path / "share"))
    home = Home.open(root)
    made = home.make_checkpoint(at=AT)

    def refuses(*_):
        raise DependencyDown("read-only", code="storage.read_only")

    monkeypatch.setattr(Witness, "keep", refuses)
    assert home.ledger.deliver(made) == {"pharmacy": "to be fetched by its own user"}


def test_entries_after_the_newest_checkpoint_are_named(tmp_path):
    home = filled_home(tmp_path / "home", entries=3)
    assert "no witness has seen" not in home.ledger.verify().statement
    fill(home, 2, start=90)
    said = "the last 2 entries are internally consistent only: no witness has seen them"
    assert said in home.ledger.verify().statement


def test_a_printed_head_vouches_and_one_of_a_changed_ledger_is_found(tmp_path):
    home = filled_home(tmp_path / "home", entries=6)
    ledger = home.ledger
    ledger_id = home.database.ledger_id
    text = print_head(ledger_id, ledger.size, root=ledger.root)
    head = read_head(ledger_id, f"  {text.upper().replace('-', '- ')} ")
    fill(home, 2, start=90)
    report = ledger.verify(heads=[head])
    assert (report.ok, report.witnesses[-1].independent) == (True, True)
    other = read_head(ledger_id, print_head(ledger_id, head.size, root="0" * 64))
    found = ledger.verify(heads=[other]).findings
    assert [one.code for one in found] == ["ledger.rewritten"]
    longer = Head(99, "0" * 32)
    assert ledger.verify(heads=[longer]).findings[0].code == "ledger.rolled_back"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda text: text[:-1] + ("0" if text[-1] != "0" else "1"), "head.mistyped"),
        (lambda text: text.replace("42-", "43-"), "head.mistyped"),
        (lambda text: text[:-5], "head.shape"),
        (lambda text: "the head", "head.shape"),
    ],
)
def test_a_mistyped_head_is_no_alarm(change, code):
    text = print_head("ward", 42, root="0123456789abcdef" * 4)
    with pytest.raises(BadInput) as refusal:
        read_head("ward", change(text))
    assert refusal.value.code == code
    with pytest.raises(BadInput) as foreign:
        read_head("other", text)
    assert foreign.value.code == "head.mistyped"
