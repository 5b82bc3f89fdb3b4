"""A thousand ways to change a ledger behind its back, drawn with a seed, on a real home.

Each is tried on the store's own database and held against a copy of the checkpoints that was kept
elsewhere; the standalone verifier reads an export of the same store. Run alone
(`python -m tests.attacks.ledger_mutations`) it keeps its figures in docs/evidence/.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import numpy as np
from sqlalchemy import select

from attending.digests import canonical
from attending.govern import standalone_verifier
from attending.records.ledger import GENESIS, Checkpoint
from attending.stores.audit import audit
from attending.stores.checkpoints import note_body, origin_of, to_note
from attending.stores.home import Home
from attending.stores.merkle import CompactRange, leaf_hash
from attending.stores.tables import LEDGER_STATE
from attending.stores.witnesses import Witness, store_user
from tests.stores.homes import AT, fill, filled_home

if TYPE_CHECKING:
    from collections.abc import Callable

SEED = 20_261
COLUMNS = ("seq", "at", "actor", "action", "subject_kind", "subject", "content")
Row = tuple[Any, ...]
_CONTENT = len(COLUMNS) - 1
_ASKED = select(LEDGER_STATE.c.size)


@dataclass
class Books:
    """A ledger as who holds the database sees it: its rows, and what it says of its end."""

    rows: list[Row]
    end: tuple[int, str, bytes]
    resigned: bool = False
    replaced_by: Path | None = None


@dataclass(frozen=True)
class Bench:
    """A home, and what an attacker has beside it: yesterday's copy, a fork, another home."""

    home: Home
    elsewhere: Path
    today: Path
    yesterday: Path
    fork: list[Row]
    other: list[Row]

    @property
    def store(self) -> Path:
        """Return the database file."""
        return self.home.root / "store.db"


@dataclass
class Tally:
    """How many were tried and found, by kind of mutation."""

    tried: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    agreed: Counter[str] = field(default_factory=Counter)
    found_alone: Counter[str] = field(default_factory=Counter)
    seen_by_the_naive: int = 0
    missed_in_words: Counter[str] = field(default_factory=Counter)


def make_bench(folder: Path, *, entries: int = 30) -> Bench:
    """Return a bench whose every entry is witnessed."""
    root = folder / "home"
    home = filled_home(root, entries=entries)
    yesterday, fork_root = folder / "yesterday.db", folder / "fork"
    _copy(root / "store.db", yesterday)
    home.close()
    shutil.copytree(root, fork_root)
    home, fork = Home.open(root), Home.open(fork_root)
    fill(home, 6, start=500)
    fill(fork, 6, start=900)
    home.make_checkpoint(at=AT)
    fork_rows = _read(fork_root / "store.db").rows
    fork.close()
    other = filled_home(folder / "other", entries=entries, seed=8)
    other.close()
    elsewhere = shutil.copytree(root / "witness", folder / "elsewhere")
    today = folder / "today.db"
    _copy(root / "store.db", today)
    rows_of_other = _read(folder / "other" / "store.db").rows
    return Bench(home, elsewhere, today, yesterday, fork_rows, rows_of_other)


def _copy(source: Path, target: Path) -> None:
    one, two = sqlite3.connect(source), sqlite3.connect(target)
    one.backup(two)
    one.close()
    two.close()


def _read(store: Path) -> Books:
    connection = sqlite3.connect(store)
    rows = connection.execute(f"SELECT {', '.join(COLUMNS)} FROM ledger ORDER BY seq").fetchall()  # noqa: S608
    end = connection.execute("SELECT size, head, peaks FROM ledger_state").fetchone()
    connection.close()
    return Books(rows, end)


# What somebody with the database can do; each takes a draw and the books, and changes the books.


def _edit_column(column: str, draw: np.random.Generator, books: Books, _: Bench) -> None:
    at, where = int(draw.integers(len(books.rows))), COLUMNS.index(column)
    row = list(books.rows[at])
    row[where] = row[where] + "x" if isinstance(row[where], str) else -1 - int(draw.integers(9))
    books.rows[at] = tuple(row)


def _edit_byte(draw: np.random.Generator, books: Books, _: Bench) -> None:
    at = int(draw.integers(len(books.rows)))
    content = bytearray(books.rows[at][_CONTENT])
    content[int(draw.integers(len(content)))] ^= 1 << int(draw.integers(8))
    books.rows[at] = (*books.rows[at][:_CONTENT], bytes(content))


def _edit_value(draw: np.random.Generator, books: Books, _: Bench) -> None:
    at = int(draw.integers(len(books.rows)))
    books.rows[at] = _as_row(_entry(books.rows[at]) | {"actor": f"m{draw.integers(99)}"})


def _edit_end(draw: np.random.Generator, books: Books, _: Bench) -> None:
    size, head, peaks = books.end
    moved = (size + 1, head, peaks), (size, "f" * 64, peaks), (size, head, peaks[::-1])
    books.end = moved[int(draw.integers(3))]


def _delete(draw: np.random.Generator, books: Books, _: Bench) -> None:
    start = int(draw.integers(len(books.rows)))
    del books.rows[start : start + int(draw.integers(1, 4))]


def _delete_renumbered(draw: np.random.Generator, books: Books, bench: Bench) -> None:
    _delete(draw, books, bench)
    books.rows = [(at, *row[1:]) for at, row in enumerate(books.rows)]


def _swap(draw: np.random.Generator, books: Books, _: Bench) -> None:
    first, second = (int(at) for at in draw.choice(len(books.rows), 2, replace=False))
    rows = books.rows
    one, two = rows[first], rows[second]
    rows[first], rows[second] = (one[0], *two[1:]), (two[0], *one[1:])


def _insert(draw: np.random.Generator, books: Books, _: Bench) -> None:
    # Among what was witnessed: one that is added after it is an entry that no witness has seen yet,
    # and `verify` says how many of those there are.
    at = int(draw.integers(len(books.rows)))
    forged = _entry(books.rows[0]) | {"action": "approval.sign", "actor": "mallory", "seq": at}
    books.rows.insert(at, _as_row(forged))
    books.rows = [(seq, *row[1:]) for seq, row in enumerate(books.rows)]


def _duplicate(draw: np.random.Generator, books: Books, _: Bench) -> None:
    copied = books.rows[int(draw.integers(len(books.rows)))]
    books.rows.insert(int(draw.integers(len(books.rows))), copied)
    books.rows = [(seq, *row[1:]) for seq, row in enumerate(books.rows)]


def _truncate(draw: np.random.Generator, books: Books, _: Bench) -> None:
    del books.rows[int(draw.integers(len(books.rows))) :]


def _roll_back(_draw: np.random.Generator, books: Books, bench: Bench) -> None:
    books.replaced_by = bench.yesterday


def _join_fork(draw: np.random.Generator, books: Books, bench: Bench) -> None:
    first = next(at for at, row in enumerate(books.rows) if row != bench.fork[at])
    start = int(draw.integers(first, len(books.rows)))
    books.rows[start:] = bench.fork[start : len(bench.fork) - int(draw.integers(3))]


def _join_foreign(draw: np.random.Generator, books: Books, bench: Bench) -> None:
    start = int(draw.integers(len(books.rows)))
    stop = start + 1 + int(draw.integers(len(books.rows)))
    books.rows[start:stop] = bench.other[start:stop]


def _rename_foreign(draw: np.random.Generator, books: Books, bench: Bench) -> None:
    ours = _entry(books.rows[0])["ledger_id"]
    _join_foreign(draw, books, bench)
    books.rows = [_as_row(_entry(row) | {"ledger_id": ours}) for row in books.rows]


def _mended(
    change: Callable[[np.random.Generator, Books, Bench], None],
    draw: np.random.Generator,
    books: Books,
    bench: Bench,
) -> None:
    """Make a change, then give every entry its number and link again, and move the end."""
    change(draw, books, bench)
    tree, head, rows = CompactRange(), GENESIS, []
    for seq, row in enumerate(books.rows):
        rows.append(_as_row(_entry(row) | {"seq": seq, "previous": head}))
        head = leaf_hash(rows[-1][_CONTENT]).hex()
        tree.append(leaf_hash(rows[-1][_CONTENT]))
    books.rows, books.end = rows, (tree.size, head, tree.pack())


def _rewritten(draw: np.random.Generator, books: Books, bench: Bench) -> None:
    """Recompute everything, and sign it anew with the home's own key."""
    changes = (_edit_value, _delete, _swap, _insert, _truncate)
    _mended(changes[int(draw.integers(len(changes)))], draw, books, bench)
    books.resigned = True


def _entry(row: Row) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(row[_CONTENT])
    return found


def _as_row(entry: dict[str, Any]) -> Row:
    return (*(entry[name] for name in COLUMNS[:_CONTENT]), canonical(entry))


KINDS: dict[str, Callable[[np.random.Generator, Books, Bench], None]] = {
    **{f"edit {name}": partial(_edit_column, name) for name in COLUMNS[:_CONTENT]},
    "edit content, one bit": _edit_byte,
    "edit content and columns": _edit_value,
    "edit, the rest recomputed": partial(_mended, _edit_value),
    "edit the end": _edit_end,
    "delete": _delete,
    "delete, renumbered": _delete_renumbered,
    "delete, the rest recomputed": partial(_mended, _delete),
    "reorder": _swap,
    "reorder, the rest recomputed": partial(_mended, _swap),
    "insert": _insert,
    "insert, the rest recomputed": partial(_mended, _insert),
    "duplicate": _duplicate,
    "duplicate, the rest recomputed": partial(_mended, _duplicate),
    "truncate": _truncate,
    "truncate, the end moved": partial(_mended, _truncate),
    "roll the database back": _roll_back,
    "join a fork": _join_fork,
    "join a fork, the end moved": partial(_mended, _join_fork),
    "rows of another home": _join_foreign,
    "rows of another home, renamed and recomputed": partial(_mended, _rename_foreign),
    "rewrite all and sign anew": _rewritten,
}


def run(bench: Bench, *, times: int, seed: int = SEED) -> Tally:
    """Return what was found of so many mutations, each kind in its turn."""
    tally, names = Tally(), list(KINDS)
    whole = _read(bench.today)
    # What is tried is whether a change is found, not whether it was durable.
    with mock.patch("os.fsync"), tempfile.TemporaryDirectory() as scratch:
        for number in range(times):
            name = names[number % len(names)]
            draw = np.random.default_rng([seed, number])
            _put(bench, _changed(name, draw, whole, bench))
            _judge(bench, name, tally, Path(scratch) / str(number))
            _copy(bench.today, bench.store)
    return tally


def _changed(name: str, draw: np.random.Generator, whole: Books, bench: Bench) -> Books:
    while True:
        books = Books(list(whole.rows), whole.end)
        KINDS[name](draw, books, bench)
        if (books.rows, books.end, books.replaced_by) != (whole.rows, whole.end, None):
            return books


def _put(bench: Bench, books: Books) -> None:
    own = bench.home.root / "witness"
    for path in own.iterdir():
        path.unlink()
    for path in bench.elsewhere.iterdir():
        shutil.copy(path, own)
    if books.replaced_by:
        _copy(books.replaced_by, bench.store)
        return
    connection = sqlite3.connect(bench.store)
    connection.execute("PRAGMA synchronous = OFF").close()
    connection.execute("DELETE FROM ledger")
    marks = ", ".join("?" * len(COLUMNS))
    connection.executemany(
        f"INSERT INTO ledger ({', '.join(COLUMNS)}) VALUES ({marks})",  # noqa: S608
        books.rows,
    )
    connection.execute("UPDATE ledger_state SET size = ?, head = ?, peaks = ?", books.end)
    connection.commit()
    connection.close()
    if books.resigned:
        _sign_anew(bench.home, books, own)


def _sign_anew(home: Home, books: Books, own: Path) -> None:
    for path in own.iterdir():
        path.unlink()
    size, _, peaks = books.end
    origin, root = origin_of(home.settings.home_id), CompactRange.unpack(size, peaks).root()
    signature = home.sign(note_body(origin, size, root=root, at=AT).encode())
    forged = Checkpoint(
        origin=origin,
        size=size,
        root=root.hex(),
        at=AT,
        public_key=home.public_keys()[0].hex(),
        signature=signature.hex(),
    )
    (own / f"{size:012d}-{forged.root[:12]}.note").write_bytes(to_note(forged).encode())


def _judge(bench: Bench, name: str, tally: Tally, folder: Path) -> None:
    ledger = bench.home.ledger
    report = ledger.verify(brought=[Witness(bench.elsewhere, name="elsewhere")])
    user = store_user(bench.home.root)
    alone = audit(ledger.database, witnesses=(), trusted=ledger.trusted, user=user)
    export = ledger.export(folder)
    second, size, _ = standalone_verifier.verify(export, bench.elsewhere)
    shutil.rmtree(export / "checkpoints")
    second_alone, _, _ = standalone_verifier.verify(export)
    shutil.rmtree(export)
    tally.tried[name] += 1
    tally.found[name] += not report.ok
    tally.agreed[name] += (bool(second), bool(second_alone)) == (not report.ok, not alone.ok)
    tally.found_alone[name] += not alone.ok
    # Control: a log that is only counted.
    tally.seen_by_the_naive += size != ledger.database.rows(_ASKED)[0][0]
    tally.missed_in_words[name] += alone.ok and "internally consistent only" in alone.statement


def evidence(tally: Tally, *, seed: int, machine: str, commit: str, clean: bool) -> dict[str, Any]:
    """Return the figures as the page of evidence reads them."""
    n, found = tally.tried.total(), tally.found.total()
    agrees, alone = tally.agreed.total(), tally.found_alone.total()
    figures = [
        ("mutations not found against a witness", n - found, n, "0", True),
        ("mutations on which the standalone verifier says otherwise", n - agrees, n, "0", True),
        ("found without any witness", alone, n, "", False),
        ("not found without one, and said to be internally consistent only",
         tally.missed_in_words.total(), n - alone, "all", False),
    ]  # fmt: skip
    keys = ("name", "value", "of", "wanted", "failures")
    return {
        "harness": "ledger_mutations",
        "title": "A ledger that was changed",
        "about": "Edits of each column, deletions, reorders, inserts, duplicates, truncation, "
        "rollback of the whole database, joined forks, rows of another home, tails and whole "
        "ledgers rewritten with recomputed hashes and signed anew, on the SQLite store of a home "
        "of which a copy of the checkpoints is kept elsewhere.",
        "command": "make soak S=ledger_mutations",
        "n": n,
        "seed": seed,
        "found": found,
        "small_verifier_agrees": agrees,
        "found_without_a_witness": alone,
        "by_kind": {
            name: {
                "tried": tally.tried[name],
                "found": tally.found[name],
                "small_verifier_agrees": tally.agreed[name],
                "found_without_a_witness": tally.found_alone[name],
            }
            for name in KINDS
        },
        "commit": commit,
        "clean": clean,
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "machine": machine,
        "figures": [dict(zip(keys, one, strict=True)) for one in figures],
    }


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def main() -> int:
    """Try a thousand, keep the figures, and end with 1 when one was missed."""
    commit = _git("rev-parse", "--short=12", "HEAD")
    clean = not _git("status", "--porcelain", "--untracked-files=no")
    with tempfile.TemporaryDirectory() as folder:
        tally = run(make_bench(Path(folder)), times=1000)
    machine = f"{len(os.sched_getaffinity(0))} processors, {platform.system()}, "
    machine += f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    said = evidence(tally, seed=SEED, machine=machine, commit=commit, clean=clean)
    path = Path("docs/evidence/ledger_mutations.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")
    print(f"found {said['found']} of {said['n']}, agreed on {said['small_verifier_agrees']}")
    return 0 if said["found"] == said["n"] == said["small_verifier_agrees"] else 1


if __name__ == "__main__":
    sys.exit(main())
