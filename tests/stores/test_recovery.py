"""A home comes back from its backup whole, on both databases, or says by name why it does not."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from contextlib import ExitStack, closing
from datetime import timedelta
from types import SimpleNamespace

import pytest

from attending import keys
from attending.errors import BadInput, IntegrityBroken, Refused
from attending.lifecycle import recovery
from attending.lifecycle.desk import Desk, create_home, open_desk
from attending.lifecycle.recovery import Wanted
from attending.records.ledger import Checkpoint, Subject
from attending.stores.backups import listed, read_backup
from attending.stores.checkpoints import note_body, origin_of
from attending.stores.home import Home
from attending.stores.predictions import Scored
from attending.stores.restores import restored
from attending.stores.witnesses import Witness
from tests.stores.homes import AT, fill, write_address

LATER = AT + timedelta(hours=2)
SECRET = "a long sentence"  # noqa: S105 - of a test


def score(home, number):
    """Keep a prediction with its ledger entry."""
    with home.database.transaction() as unit:
        home.predictions.add(
            unit,
            [Scored(f"r{number}", "m", "v1", "silent", number + 1, None, AT, 0.5, b"{}")],
        )
        home.ledger.append(
            unit, at=AT, actor="ann", action="score.batch", subject=Subject(kind="m", digest="m")
        )


@pytest.fixture
def made(tmp_path, store_kind):
    """A home with rows, files and one backup."""
    desk = create_home(tmp_path / "home", at=AT)
    fill(desk.home, 12)
    desk.home.artifacts.put(b"a report")
    for number in range(5):
        score(desk.home, number)
    folder = tmp_path / "backups"
    first = recovery.make(desk, folder, region="north")
    yield SimpleNamespace(desk=desk, folder=folder, first=first, kind=store_kind, tmp=tmp_path)
    desk.home.close()


def wanted(made, request, **said):
    """Return what to restore: on PostgreSQL into another database of the server."""
    if made.kind == "postgresql":
        server = request.getfixturevalue("postgres_server")
        stack = request.getfixturevalue("databases")
        address = server.address(stack.enter_context(server.database()))
        said["database_file"] = write_address(made.tmp / "second.url", address)
    return Wanted(**said)


@pytest.fixture
def databases():
    """Databases of a test, dropped at its end."""

    with ExitStack() as stack:
        yield stack


@pytest.mark.fault("P14")
@pytest.mark.requirement("J11")
def test_p14_a_home_comes_back_verified_and_says_that_it_did(made, request):
    before = made.desk.home.ledger.verify()
    # Control: the bare file without its log, as a copying program takes it, has not the rows.
    if made.kind == "sqlite":
        shutil.copy(made.desk.home.root / "store.db", made.tmp / "bare.db")
        with closing(sqlite3.connect(made.tmp / "bare.db")) as bare:
            assert bare.execute("SELECT count(*) FROM ledger").fetchone()[0] < before.entries
    shutil.rmtree(made.desk.home.root / "artifacts")
    root = made.tmp / "again"
    asked = wanted(made, request)
    backup, lost, _ = recovery.restore(made.folder, root, asked, at=LATER, region="north")
    assert (lost, backup.database) == (0, made.kind)
    assert backup.way == ("online" if made.kind == "sqlite" else "logical")
    home = Home.open(root)
    assert home.database.kind == made.kind
    report = home.ledger.verify()
    assert report.ok
    assert report.checkpoints == before.checkpoints > 0
    assert home.check_rows() == ()
    assert home.artifacts.read(next(iter(home.artifacts.names()))) == b"a report"
    assert home.predictions.get("r3").subject_id == 4
    restore, change = list(home.ledger.entries(backup.entries))
    assert (restore.action, restore.subject) == ("backup.restore", backup.digest)
    assert (restore.details["signing_key"], change.action) == ("new", "key.rotate")
    home.close()
    # Refused: nothing is written over.
    with pytest.raises(BadInput) as refusal:
        recovery.restore(made.folder, root, Wanted(), at=LATER, region="north")
    assert refusal.value.code == "home.exists"


@pytest.mark.fault("P14")
def test_p14_a_home_that_was_rolled_back_is_seen_by_the_witness(made, request):
    fill(made.desk.home, 4, start=12)
    made.desk.home.make_checkpoint(at=AT)
    witness = made.desk.home.folder("witness")
    root = made.tmp / "again"
    # Control: without the witness, nothing tells that entries are gone.
    asked = wanted(made, request)
    recovery.restore(made.folder, root, asked, at=LATER, region="north")
    home = Home.open(root)
    assert home.ledger.verify().ok
    # Against the witness every audit of that home finds it.
    found = home.ledger.verify(brought=[Witness(witness, name="kept")])
    assert {one.code for one in found.findings} & {"ledger.rolled_back", "ledger.rewritten"}
    home.close()
    with pytest.raises(IntegrityBroken) as refusal:
        recovery.restore(
            made.folder, made.tmp / "third", Wanted(witness=witness), at=LATER, region="north"
        )
    assert refusal.value.code == "backup.rolled_back"
    assert not (made.tmp / "third").exists()
    agreed = Wanted(witness=witness, accept_loss=True)
    _, lost, _ = recovery.restore(made.folder, made.tmp / "third", agreed, at=LATER, region="north")
    home = Home.open(made.tmp / "third")
    (entry,) = home.ledger.search(action="backup.restore")
    assert entry.details["lost_entries"] == lost == 5  # four, and the entry of the backup itself
    home.close()


@pytest.mark.sqlite
def test_a_witness_whose_key_came_after_the_backup_still_shows_the_loss(made):
    private = b"n" * keys.KEY_BYTES
    witness = Witness(made.tmp / "elsewhere")
    origin, root = origin_of(made.desk.home.database.ledger_id), bytes(32)
    later = made.first.backup.entries + 7
    body = note_body(origin, later, root=root, at=LATER)
    told = Checkpoint(
        origin=origin, size=later, root=root.hex(), at=LATER,
        public_key=keys.public_key(private).hex(),
        signature=keys.sign(private, body.encode()).hex(),
    )  # fmt: skip
    witness.keep(told)
    asked = Wanted(witness=witness.place)
    with pytest.raises(IntegrityBroken) as refusal:
        recovery.restore(made.folder, made.tmp / "again", asked, at=LATER, region="north")
    assert (refusal.value.code, "7 later" in refusal.value.message) == ("backup.rolled_back", True)
    # One of a size that came back must be signed by a key that the home had.
    witness.keep(told.model_copy(update={"size": 1}))
    asked = Wanted(witness=witness.place, accept_loss=True)
    with pytest.raises(IntegrityBroken) as refusal:
        recovery.restore(made.folder, made.tmp / "again", asked, at=LATER, region="north")
    assert refusal.value.code == "checkpoint.unknown_key"


def test_a_second_backup_copies_only_what_is_new(made):
    made.desk.home.artifacts.put(b"another report")
    second = recovery.make(made.desk, made.folder, region="north")
    assert second.new_files < made.first.new_files
    names = {one.path for one in second.backup.files}
    assert {one.path for one in made.first.backup.files} <= names
    # An older one comes back to its own point in time, by name.
    older = listed(made.folder)[0].stem
    assert read_backup(made.folder, older).digest == made.first.backup.digest
    assert read_backup(made.folder).digest == second.backup.digest


def test_one_changed_byte_in_any_file_of_a_backup_is_found(made):
    files = [path for path in made.folder.rglob("*") if path.is_file()]
    held = {path: path.read_bytes() for path in files}
    for path, content in held.items():
        if path.name == "region.txt":
            continue
        path.chmod(0o600)
        for place in (0, len(content) // 2, len(content) - 2):
            path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
            with (
                pytest.raises((IntegrityBroken, BadInput)),
                restored(made.folder, made.tmp / "never", Wanted()),
            ):
                pass
        path.write_bytes(content)
    assert not (made.tmp / "never").exists()
    assert [path for path in made.tmp.iterdir() if "restoring" in path.name] == []


@pytest.mark.fault("X24")
def test_x24_a_backup_with_a_private_key_in_it_is_refused(made):
    home = made.desk.home
    key = (home.root / "keys" / "signing.key").read_bytes().strip()
    # No byte of any backup holds a key, as text or as bytes.
    for path in made.folder.rglob("*"):
        if path.is_file():
            assert key not in path.read_bytes()
            assert bytes.fromhex(key.decode()) not in path.read_bytes()
    # Control: a plain copy of the home takes the key along.
    stray = home.folder("policy") / "notes.txt"
    stray.write_bytes(b"do not lose: " + key + b"\n")
    copy = made.tmp / "copy"
    shutil.copytree(home.root, copy)
    assert key in (copy / "policy" / "notes.txt").read_bytes()
    with pytest.raises(BadInput) as refusal:
        recovery.make(made.desk, made.folder, region="north")
    assert refusal.value.code == "backup.key"
    stray.unlink()
    with pytest.raises(BadInput):
        recovery.keep_keys(
            made.desk, made.folder / "keys.sealed", folder=made.folder, passphrase=SECRET
        )


@pytest.mark.sqlite
def test_keys_kept_apart_bring_the_same_home_back_and_others_do_not(made):
    path = made.tmp / "safe" / "keys.sealed"
    recovery.keep_keys(made.desk, path, folder=made.folder, passphrase=SECRET)
    key = (made.desk.home.root / "keys" / "signing.key").read_text().strip()
    assert bytes.fromhex(key) not in path.read_bytes()
    with pytest.raises(BadInput) as refusal:
        recovery.read_keys(path, passphrase=SECRET[1:])
    assert refusal.value.code == "backup.passphrase"
    held = recovery.read_keys(path, passphrase=SECRET)
    recovery.restore(made.folder, made.tmp / "b", Wanted(held=held), at=LATER, region="north")
    home = Home.open(made.tmp / "b")
    assert home.public_keys() == made.desk.home.public_keys()
    assert home.pseudonym_key() == made.desk.home.pseudonym_key()
    home.close()
    # Without them the home opens, and whoever asks for the key of pseudonyms is refused.
    recovery.restore(made.folder, made.tmp / "c", Wanted(), at=LATER, region="north")
    home = Home.open(made.tmp / "c")
    with pytest.raises(BadInput) as refusal:
        home.pseudonym_key()
    assert refusal.value.code == "home.key_missing"
    assert home.public_keys()[1] == made.desk.home.public_keys()[0]
    home.close()
    other = type(held)(signing=b"k" * keys.KEY_BYTES, pseudonym=held.pseudonym)
    with pytest.raises(BadInput) as refusal:
        recovery.restore(made.folder, made.tmp / "d", Wanted(held=other), at=LATER, region="north")
    assert refusal.value.code == "backup.other_keys"


def test_a_backup_taken_while_others_write_is_one_state(made):
    stop = threading.Event()
    written = threading.Event()

    def write():
        number = 100
        home = Home.open(made.desk.home.root)
        try:
            while not stop.is_set():
                score(home, number)
                written.set()
                number += 1
        finally:
            home.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert written.wait(60)
        recovery.make(made.desk, made.folder, region="north")
    finally:
        stop.set()
        writer.join()
    with restored(made.folder, made.tmp / "again", Wanted()) as back:
        assert back.home.predictions.count("m") >= 6
        assert back.home.check_rows() == ()


@pytest.mark.requirement("J11")
def test_a_drill_restores_in_a_second_region_and_measures(made):
    desk = Desk(home=made.desk.home, at=LATER)
    fill(made.desk.home, 3, start=12)
    drill = recovery.drill(
        desk,
        made.folder,
        made.tmp / "second",
        region="south",
        rpo_seconds=7200,
        rto_seconds=900,
    )
    recovery.require_held(drill)
    assert (drill.rpo_seconds, drill.lost_entries) == (7200, 3)
    assert drill.rto_seconds > 0
    assert (drill.region, drill.second_region, drill.artifacts) == ("north", "south", 1)
    (entry,) = desk.home.ledger.search(action="backup.drill")
    assert entry.subject == drill.digest
    (page,) = desk.home.ledger.search(action="document.write")
    assert b"second region" in desk.home.artifacts.read(page.subject).replace(b"_", b" ")
    # The trial home stands there, and says that it is one.
    home = Home.open(made.tmp / "second")
    assert home.ledger.search(action="backup.restore")[0].details["drill"] is True
    home.close()
    late = Desk(home=made.desk.home, at=LATER + timedelta(days=2))
    missed = recovery.drill(
        late, made.folder, made.tmp / "third", region="south", rpo_seconds=7200, rto_seconds=900
    )
    with pytest.raises(Refused) as refusal:
        recovery.require_held(missed)
    assert refusal.value.code == "backup.drill"


def test_a_folder_of_another_region_or_inside_the_home_is_refused(made):
    with pytest.raises(BadInput) as refusal:
        recovery.make(made.desk, made.folder, region="south")
    assert refusal.value.code == "backup.region"
    with pytest.raises(BadInput) as refusal:
        recovery.make(made.desk, made.desk.home.root / "b", region="north")
    assert refusal.value.code == "backup.inside"


def test_an_entry_of_the_ledger_says_that_a_backup_was_made(made):
    with open_desk(made.desk.home.root, at=LATER) as desk:
        (entry,) = desk.home.ledger.search(action="backup.make")
    assert entry.subject == made.first.backup.digest
    assert entry.details["region"] == "north"
