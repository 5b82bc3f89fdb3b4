"""Someone with the database file edits, deletes, reorders, inserts, rewrites or rolls back."""

from __future__ import annotations

import json
import shutil
import sqlite3

import pytest

from attending.errors import IntegrityBroken
from attending.govern import standalone_verifier
from attending.records.ledger import GENESIS
from attending.stores.home import Home
from attending.stores.merkle import CompactRange, leaf_hash
from attending.stores.witnesses import Witness
from tests.stores.homes import fill, filled_home, naive_check, tamper


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    root = tmp_path_factory.mktemp("ledger") / "home"
    filled_home(root).close()
    return root


@pytest.fixture
def root(pristine, tmp_path):
    return shutil.copytree(pristine, tmp_path / "home")


def audit(root):
    """Return both verifiers' answers: the store's report, and what the second one found."""
    home = Home.open(root)
    report = home.ledger.verify()
    export = home.ledger.export(root.parent / "export")
    wrong, _, _ = standalone_verifier.verify(export)
    home.close()
    shutil.rmtree(export)
    return report, wrong


def assert_found(root, *, code: str = "", seq: int | None = None):
    """Assert that the plain check sees nothing and that the audit refuses with exit 4."""
    assert naive_check(root)
    report, wrong = audit(root)
    with pytest.raises(IntegrityBroken) as refusal:
        report.require()
    assert refusal.value.exit_code == 4
    assert wrong
    if code:
        assert report.findings[0].code == code
    if seq is not None:
        assert report.findings[0].seq == seq


def test_the_pristine_ledger_is_sound_by_both_verifiers(root):
    report, wrong = audit(root)
    assert report.ok
    assert wrong == []


@pytest.mark.fault("G01")
@pytest.mark.parametrize(
    ("column", "value", "seq"),
    [
        ("seq", "99", 10),
        ("at", "'2020-01-01T00:00:00Z'", 9),
        ("actor", "'bob'", 9),
        ("action", "'run.replay'", 9),
        ("subject_kind", "'run'", 9),
        ("subject", "'other'", 9),
        ("content", "CAST(replace(content, ':8', ':7') AS BLOB)", 9),
    ],
)
def test_a_row_edited_in_any_column_is_found(root, column, value, seq):
    tamper(root, f"UPDATE ledger SET {column} = {value} WHERE seq = 9")  # noqa: S608 - our own
    assert_found(root, seq=seq)


def test_an_edit_of_every_byte_of_an_entry_is_found(root):
    connection = sqlite3.connect(root / "store.db")
    (content,) = connection.execute("SELECT content FROM ledger WHERE seq = 5").fetchone()
    home = Home.open(root)
    missed = 0
    for at in range(len(content)):
        changed = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
        connection.execute("UPDATE ledger SET content = ? WHERE seq = 5", (changed,))
        connection.commit()
        missed += home.ledger.verify().ok
    assert missed == 0


@pytest.mark.fault("G02")
@pytest.mark.parametrize(
    ("where", "code"),
    [
        ("seq = 12", "ledger.sequence"),
        ("seq = 0", "ledger.sequence"),
        ("seq = 35", "ledger.truncated"),
        ("seq > 31", "ledger.truncated"),
        ("seq >= 0", "ledger.truncated"),
    ],
)
def test_a_row_deleted_anywhere_is_found(root, where, code):
    tamper(root, f"DELETE FROM ledger WHERE {where}")  # noqa: S608 - our own
    assert_found(root, code=code)


@pytest.mark.fault("G02")
def test_a_tail_cut_off_with_the_end_mended_is_found_by_the_witness(root):
    _rewrite(root, keep=20)
    report, wrong = audit(root)
    assert {finding.code for finding in report.findings} == {"ledger.rolled_back"}
    assert len(wrong) == 2
    # Control: without the checkpoints outside the database nothing is seen.
    for note in (root / "witness").glob("*.note"):
        note.unlink()
    alone, _ = audit(root)
    assert alone.ok
    assert "internally consistent only" in alone.statement


SWAP = (
    "CREATE TEMP TABLE a AS SELECT * FROM ledger WHERE seq IN (8, 9)",
    "DELETE FROM ledger WHERE seq IN (8, 9)",
    "UPDATE a SET seq = 17 - seq",
    "INSERT INTO ledger SELECT * FROM a",
)
DUPLICATE = (
    """INSERT INTO ledger SELECT 36, at, actor, action, subject_kind, subject, content
    FROM ledger WHERE seq = 35""",
)
INSERT = (
    "UPDATE ledger SET seq = -seq - 1 WHERE seq > 20",
    "UPDATE ledger SET seq = -seq WHERE seq < 0",
    """INSERT INTO ledger SELECT 21, at, actor, action, subject_kind, subject, content
    FROM ledger WHERE seq = 20""",
)


@pytest.mark.fault("G03")
@pytest.mark.parametrize("statements", [SWAP, DUPLICATE, INSERT])
def test_rows_reordered_duplicated_or_inserted_are_found(root, statements):
    tamper(root, *statements)
    assert_found(root)


@pytest.mark.fault("G03")
@pytest.mark.parametrize("start", [0, 20])
def test_another_installations_rows_and_a_joined_fork_are_found(root, tmp_path, start):
    other = tmp_path / "other"
    filled_home(other, seed=8).close()
    tamper(
        root,
        f"ATTACH '{other / 'store.db'}' AS other",
        f"DELETE FROM ledger WHERE seq >= {start}",  # noqa: S608 - our own
        f"INSERT INTO ledger SELECT * FROM other.ledger WHERE seq >= {start}",  # noqa: S608 - our own
    )
    assert_found(root)
    report, _ = audit(root)
    assert "ledger.foreign" in {finding.code for finding in report.findings}


def test_a_fork_of_the_same_ledger_is_found(root, pristine, tmp_path):
    fork = shutil.copytree(pristine, tmp_path / "fork")
    for where, start in ((root, 100), (fork, 200)):
        home = Home.open(where)
        fill(home, 4, start=start)
        home.close()
    tamper(
        root,
        f"ATTACH '{fork / 'store.db'}' AS other",
        "DELETE FROM ledger WHERE seq >= 38",
        "INSERT INTO ledger SELECT * FROM other.ledger WHERE seq >= 38",
    )
    assert_found(root, code="ledger.chain")


@pytest.mark.fault("G04")
def test_a_full_rewrite_with_new_hashes_is_found_only_against_the_witness(root):
    kept_elsewhere = shutil.copytree(root / "witness", root.parent / "elsewhere")
    _rewrite(root, actor="mallory")
    report, wrong = audit(root)
    assert {finding.code for finding in report.findings} == {"ledger.rewritten"}
    assert len(wrong) == 2
    with pytest.raises(IntegrityBroken):
        report.require()
    # Control: the one who rewrites also empties the witness's folder.
    for path in (root / "witness").iterdir():
        path.unlink()
    alone, _ = audit(root)
    assert alone.ok
    assert "internally consistent only" in alone.statement
    home = Home.open(root)
    brought = [Witness(kept_elsewhere, name="elsewhere")]
    assert not home.ledger.verify(brought=brought).ok


@pytest.mark.fault("G05")
def test_a_database_put_back_to_yesterday_is_found(root):
    yesterday = (root / "store.db").read_bytes()
    home = Home.open(root)
    fill(home, 6, start=200)
    home.make_checkpoint(at=home.settings.created)
    home.close()
    (root / "store.db").write_bytes(yesterday)
    for path in root.glob("store.db-*"):
        path.unlink()
    assert naive_check(root)
    report, wrong = audit(root)
    assert report.findings[0].code == "ledger.rolled_back"
    assert "42" in report.findings[0].message
    assert len(wrong) == 1
    with pytest.raises(IntegrityBroken):
        Home.open(root).make_checkpoint(at=home.settings.created)


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (lambda text: text.replace("at 2026", "at 2027"), "checkpoint.signature"),
        (lambda text: text.replace("\n31\n", "\n30\n"), "checkpoint.signature"),
        (lambda text: text[:-30] + "\n", "checkpoint.shape"),
        (lambda text: "", "checkpoint.shape"),
        (lambda text: text.replace("attending/", "attending/x"), "checkpoint.unknown_key"),
    ],
)
def test_a_forged_checkpoint_is_found(root, edit, code):
    path = min((root / "witness").iterdir())
    path.chmod(0o644)
    path.write_text(edit(path.read_text()))
    report, wrong = audit(root)
    assert [finding.code for finding in report.findings] == [code]
    assert len(wrong) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_state SET size = size + 1",
        "UPDATE ledger_state SET head = 'ff'",
        "UPDATE ledger_state SET peaks = CAST('x' AS BLOB)",
        "UPDATE ledger_state SET peaks = 'text'",
        "UPDATE ledger_state SET size = 'text'",
        "DELETE FROM ledger_state",
        "UPDATE ledger SET content = '[' WHERE seq = 4",
        "UPDATE ledger SET content = '[]' WHERE seq = 4",
        "UPDATE ledger SET actor = CAST('ann' AS BLOB) WHERE seq = 4",
        "UPDATE ledger SET content = CAST(content || ' ' AS BLOB) WHERE seq = 4",
    ],
)
def test_a_broken_end_or_content_is_a_finding_and_never_a_crash(root, statement):
    tamper(root, statement)
    report = Home.open(root).ledger.verify()
    assert not report.ok


def test_a_column_cannot_be_shifted_into_its_neighbour(root):
    """Text that looks like the next field, put into a column, does not hide the edit."""
    tamper(
        root,
        """UPDATE ledger SET action = 'run.fit","actor":"ann', actor = 'x' WHERE seq = 4""",
    )
    assert not Home.open(root).ledger.verify().ok


def _rewrite(root, *, keep: int | None = None, actor: str = "") -> None:
    """Rewrite the ledger from its first entry on, with good numbers, links and end."""
    connection = sqlite3.connect(root / "store.db")
    rows = connection.execute("SELECT seq, content FROM ledger ORDER BY seq").fetchall()
    tree, head = CompactRange(), GENESIS
    connection.execute("DELETE FROM ledger")
    for seq, content in rows[:keep]:
        entry = json.loads(content)
        entry |= {"previous": head} | ({"actor": actor} if actor and seq > 2 else {})
        leaf = json.dumps(entry, sort_keys=True, separators=(",", ":")).encode()
        head = leaf_hash(leaf).hex()
        tree.append(leaf_hash(leaf))
        names = ("seq", "at", "actor", "action", "subject_kind", "subject")
        values = (*(entry[name] for name in names), leaf)
        connection.execute("INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?)", values)
    state = (tree.size, head, tree.pack())
    connection.execute("UPDATE ledger_state SET size = ?, head = ?, peaks = ?", state)
    connection.commit()
    connection.close()
