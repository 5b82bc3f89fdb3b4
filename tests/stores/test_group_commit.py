"""Writes that share a transaction: one that is refused takes no other with it."""

from __future__ import annotations

import threading

from attending.errors import Refused
from attending.records.ledger import Subject
from attending.stores.chain import Act
from attending.stores.group_commit import GroupCommit
from attending.stores.home import Home
from attending.times import parse_instant

AT = parse_instant("2026-01-05T08:00:00Z")


def test_one_that_is_refused_is_told_so_and_the_others_are_kept_once(tmp_path):
    home = Home.create(tmp_path / "home", at=AT, seed=1)
    door, told, kept = GroupCommit(home.database), [], []
    first = home.ledger.size

    def write(number):
        def work(unit):
            if number % 5 == 0:
                raise Refused("not this one", code="trial.refused")
            subject = Subject(kind="trial", digest=f"{number}")
            unit.append(Act(at=AT, actor="system", action="trial.write", subject=subject))
            return number

        try:
            kept.append(door.run(work))
        except Refused as error:
            told.append(error.code)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == ["trial.refused"] * 8
    written = [int(entry.subject) for entry in home.ledger.entries(first)]
    assert sorted(written) == sorted(kept) == [n for n in range(40) if n % 5]
    home.close()
