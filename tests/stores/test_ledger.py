"""The ledger: chain, transactions, canonical bytes, checkpoints, search."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from attending import keys
from attending.digests import canonical
from attending.errors import IntegrityBroken
from attending.records.ledger import GENESIS, Subject
from attending.stores import merkle
from attending.stores.chain import Act, Chain
from attending.stores.home import Home
from attending.stores.tables import RECORDS
from tests.stores.homes import AT, Note, act, fill, filled_home, naive_check, replace_bytes, tamper

pytestmark = pytest.mark.usefixtures("store_kind")

plain = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**53) + 1, 2**53 - 1), st.text(max_size=40)
)
details = st.dictionaries(
    st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True).filter(
        lambda name: name not in {"rows", "rows_digest"}
    ),
    st.one_of(plain, st.lists(plain, max_size=3)),
    max_size=4,
)


@settings(max_examples=150, deadline=None)
@given(
    details=details,
    at=st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - the bounds are naive by hypothesis' rule
)
def test_stored_bytes_are_the_canonical_json_of_the_entry(details, at):
    chain = Chain("ward", GENESIS, merkle.CompactRange())
    subject = Subject(kind="model", digest="readmission")
    entry, leaf = chain.add(Act(at=at, actor="ann", action="run.fit", subject=subject), details)
    assert leaf == entry.as_bytes() == canonical(entry.content())
    assert chain.head == merkle.leaf_hash(leaf).hex()


def test_entries_follow_each_other(tmp_path):
    home = filled_home(tmp_path / "home", entries=9)
    entries = list(home.ledger.entries())
    assert [entry.seq for entry in entries] == list(range(15))
    assert entries[0].previous == GENESIS
    assert entries[0].action == "home.create"
    leaves = [merkle.leaf_hash(leaf) for leaf in home.ledger.leaves()]
    assert [entry.previous for entry in entries[1:]] == [leaf.hex() for leaf in leaves[:-1]]
    assert home.ledger.head == leaves[-1].hex()
    assert home.ledger.root == merkle.root_of(leaves).hex()
    assert home.ledger.verify().ok
    assert home.check_rows() == ()


def test_rows_without_an_entry_are_refused_and_nothing_is_kept(tmp_path):
    home = Home.create(tmp_path / "home", at=AT, seed=7)
    with (
        pytest.raises(IntegrityBroken, match="without a ledger entry") as refusal,
        home.database.transaction() as unit,
    ):
        home.catalog.put(unit, Note(number=1), at=AT, by="ann")
    assert refusal.value.code == "ledger.missing_entry"
    assert home.catalog.list("note") == ()
    assert home.ledger.size == 1


def test_rows_after_the_last_entry_get_one_of_their_own(tmp_path):
    home = Home.create(tmp_path / "home", at=AT, seed=7)
    with home.database.transaction() as unit:
        unit.append(act())
        home.catalog.put(unit, Note(number=1), at=AT, by="ann")
    assert [entry.action for entry in home.ledger.entries(1)] == ["run.fit", "store.rows"]
    assert home.check_rows() == ()


@pytest.mark.parametrize(
    "bad",
    [
        {"rows": 1},
        {"Upper": 1},
        {"value": 1.5},
        {"value": {"nested": 1}},
        {"value": "x" * 1001},
        {"value": 2**53},
        {f"k{number}": "x" * 999 for number in range(20)},
    ],
)
def test_details_that_are_not_small_and_plain_are_refused(tmp_path, bad):
    home = Home.create(tmp_path / "home", at=AT, seed=7)
    with pytest.raises(ValueError), home.database.transaction() as unit:
        unit.append(act(), bad)
    assert home.ledger.size == 1


@pytest.mark.parametrize("actor", ['a"b', "a\\b", "a\nb", "", " x"])
def test_an_actor_that_could_break_out_of_its_field_is_refused(tmp_path, actor):
    home = Home.create(tmp_path / "home", at=AT, seed=7)
    with pytest.raises(ValueError), home.database.transaction() as unit:
        unit.append(act(actor=actor))


@pytest.mark.fault("G21")
def test_a_signature_is_recorded_whole_or_not_at_all_when_the_process_dies(tmp_path):
    root = tmp_path / "home"
    Home.create(root, at=AT, seed=7).close()
    program = textwrap.dedent("""
        import os, sys
        from pathlib import Path
        from attending.stores.home import Home
        from tests.stores.homes import AT, Note, act
        home = Home.open(Path(sys.argv[1]))
        if sys.argv[2] == "two":  # control: the record and its entry in two transactions
            with home.database.transaction() as unit:
                home.catalog.put(unit, Note(number=1), at=AT, by="ann")
                unit.append(act("store.rows"))
            os._exit(9)
        with home.database.transaction() as unit:
            home.catalog.put(unit, Note(number=2), at=AT, by="ann")
            unit.append(act("approval.sign"))
            unit.finish()
            os._exit(9)
    """)
    for how in ("two", "one"):
        command = [sys.executable, "-c", program, str(root), how]
        done = subprocess.run(command, check=False, env={**os.environ, "PYTHONPATH": "."})
        assert done.returncode == 9
    home = Home.open(root)
    # Control: a record stands there and no signature was recorded.
    assert len(home.catalog.list("note")) == 1
    assert home.ledger.search(action="approval.sign") == ()
    with home.database.transaction() as unit:
        home.catalog.put(unit, Note(number=2), at=AT, by="ann")
        unit.append(act("approval.sign"))
    assert len(home.catalog.list("note")) == 2
    assert len(home.ledger.search(action="approval.sign")) == 1
    assert home.ledger.verify().ok


def test_an_error_inside_a_unit_leaves_nothing(tmp_path):
    home = Home.create(tmp_path / "home", at=AT, seed=7)
    with pytest.raises(RuntimeError), home.database.transaction() as unit:
        home.catalog.put(unit, Note(number=1), at=AT, by="ann")
        unit.append(act())
        raise RuntimeError("power")
    assert home.ledger.size == 1
    assert home.database.rows(select(RECORDS)) == []


def test_entries_come_newest_first_page_by_page_between_two_numbers_and_among_some(tmp_path):
    home = filled_home(tmp_path / "home", entries=40)
    size = home.ledger.size
    every = [entry.seq for entry in home.ledger.newest_first(stop=size, limit=1000)]
    assert every == list(range(size))[::-1]
    page = [entry.seq for entry in home.ledger.newest_first(stop=every[9], limit=5)]
    assert page == every[10:15]
    some = {3, 5, 20, 39, size + 7}
    found = home.ledger.newest_first(among=some, start=4, stop=size, limit=2)
    assert [entry.seq for entry in found] == [39, 20]
    assert home.ledger.newest_first(among=set(), stop=size, limit=5) == ()
    assert home.ledger.newest_first(action="no.such", stop=size, limit=5) == ()
    assert home.ledger.number_at(AT) == 0
    assert home.ledger.number_at(AT + timedelta(days=1)) == size
    home.close()


def test_search_finds_by_verb_actor_and_subject(tmp_path):
    home = Home.create(tmp_path / "home", at=AT, seed=7)
    with home.database.transaction() as unit:
        unit.append(act("approval.sign", name="a"))
        unit.append(act("approval.withdraw", name="b", actor="bob"))
        unit.append(act("run.fit", name="a"))
    seqs = [entry.seq for entry in home.ledger.search(action="approval.")]
    assert seqs == [1, 2]
    assert [entry.seq for entry in home.ledger.search(actor="bob")] == [2]
    assert [entry.seq for entry in home.ledger.search(subject="a")] == [1, 3]
    assert [entry.seq for entry in home.ledger.search(limit=1)] == [3]
    assert home.ledger.search(action="approval") == ()


def test_a_checkpoint_is_signed_once_for_a_size_and_never_against_an_older_one(tmp_path):
    root = tmp_path / "home"
    home = filled_home(root, entries=6)
    again = home.make_checkpoint(at=AT)
    assert len(home.ledger.witness.paths()) == 2
    body = f"{again.origin}\n{again.size}\n"
    assert home.ledger.witness.paths()[-1].read_text().startswith(body)
    assert keys.verify(
        home.public_keys()[0],
        home.ledger.witness.paths()[-1].read_text().split("\n\n")[0].encode() + b"\n",
        bytes.fromhex(again.signature),
    )
    home.close()
    replace_bytes(root, "ledger", "seq = 3", old=b"true", new=b"false")
    with pytest.raises(IntegrityBroken) as refusal:
        Home.open(root).make_checkpoint(at=AT)
    assert refusal.value.code == "ledger.contradiction"


def test_a_former_key_still_verifies_what_it_signed(tmp_path):
    root = tmp_path / "home"
    home = filled_home(root, entries=3)
    old = home.public_keys()[0]
    (root / "keys" / "signing.key").write_text("11" * 32)
    rotated = Home.open(root)
    report = rotated.ledger.verify()
    assert [finding.code for finding in report.findings] == ["checkpoint.unknown_key"] * 2
    (root / "keys" / "former-1.pub").write_text(old.hex())
    kept = Home.open(root)
    assert kept.ledger.verify().ok
    fill(kept, 1, start=50)
    kept.make_checkpoint(at=AT)
    assert kept.ledger.verify().checkpoints == 3


@pytest.mark.requirement("J13")
def test_history_is_tamper_evident(tmp_path):
    root = tmp_path / "home"
    home = filled_home(root)
    report = home.ledger.verify()
    assert report.ok
    assert (report.entries, report.checkpoints, report.witnessed) == (36, 2, 36)
    home.close()
    tamper(root, "UPDATE ledger SET actor = 'bob' WHERE seq = 7")
    assert naive_check(root)
    found = Home.open(root).ledger.verify()
    assert found.findings[0].seq == 7
    with pytest.raises(IntegrityBroken) as refusal:
        found.require()
    assert refusal.value.exit_code == 4


@pytest.mark.requirement("C7")
def test_a_stored_record_cannot_be_changed_unseen(tmp_path):
    root = tmp_path / "home"
    home = filled_home(root)
    digest = home.catalog.list("note")[0].digest
    assert home.catalog.get(digest[:8], Note).number == 0
    with home.database.transaction() as unit:
        assert not hasattr(unit, "update")
        # The same content again is the same record: only that it was made again is written.
        assert home.catalog.put(unit, Note(number=0), at=AT, by="bob") == digest
        unit.append(act("note.keep"))
    assert home.catalog.latest(Note).number == 0
    assert home.catalog.makers(digest) == {"ann", "bob"}
    home.close()
    replace_bytes(root, "records", "nth = 0 AND seq = 1", old=b":0", new=b":9")
    with pytest.raises(IntegrityBroken) as refusal:
        Home.open(root).catalog.get(digest, Note)
    assert refusal.value.code == "record.changed"


def test_verify_of_20_000_entries_is_right(tmp_path):
    home = Home.create(tmp_path / "home", at=AT, seed=7)
    with home.database.transaction() as unit:
        for _ in range(20_000):
            unit.append(act("prediction.serve"), {"version": "v3"})
    home.make_checkpoint(at=AT)
    report = home.ledger.verify()
    assert report.ok
    assert report.entries == report.witnessed == 20_001


def test_entries_are_read_by_their_numbers_in_order_and_by_any_count(tmp_path):
    home = filled_home(tmp_path / "home", entries=30)
    every = tuple(home.ledger.entries())
    assert home.ledger.numbered([7, 3, 3, 11]) == (every[3], every[7], every[11])
    assert home.ledger.numbered(range(2_000)) == every  # what is no number of an entry has none
    assert home.ledger.numbered([]) == ()
