"""What several workers hold together: no asker gets a share of each of them."""

from __future__ import annotations

import asyncio
import json

import pytest
from fastapi import HTTPException

from attending.lifecycle.answered_counts import Seen
from attending.lifecycle.quotas import Quota
from attending.specs.limits import LimitsSpec
from attending.times import parse_instant
from attending.web.board import Board
from attending.web.cells import Cells
from attending.web.fair_share import FairShare
from attending.web.shared import Letters, Shared
from attending.web.throttle import Throttle
from tests.web.test_fair_share import ask, inner, scope

AT = parse_instant("2026-03-01T08:00:00Z")


@pytest.fixture
def pair(tmp_path):
    """Two workers of one service, each with what it shares."""
    letters = Letters(tmp_path, workers=2, listener=0)
    return [Shared.joined(letters.to(place)) for place in range(2)]


@pytest.mark.fault("X25")
def test_x25_a_minute_and_a_share_count_over_all_workers(pair):
    app, _ = inner()
    limits = LimitsSpec(per_minute=3)

    def doors(cells):
        return [FairShare(app, limits=limits, clock=lambda: 0.0, cells=one) for one in cells]

    async def all_of(two):
        return [await ask(two[n % 2], scope(shown="a")) for n in range(6)]

    # Control: each for itself, two workers let twice as many in.
    alone = asyncio.run(all_of(doors([Cells.alone(), Cells.alone()])))
    assert alone == ["answered"] * 6
    both = doors([one.cells for one in pair])
    assert asyncio.run(all_of(both)) == ["answered"] * 3 + ["quota.requests"] * 3
    assert asyncio.run(ask(both[1], scope(shown="b"))) == "answered"  # others are answered
    # What a worker that died was working on is let go by the one in its place.
    pair[0].cells.put("address 10.0.0.1", 1, 5)
    assert both[1].taken("address 10.0.0.1")[0] == 5
    Cells.shared(pair[0].board.folder / "cells", workers=2, place=0, key=pair[0].secret)
    assert both[1].taken("address 10.0.0.1")[0] == 0


@pytest.mark.fault("X12")
def test_x12_wrong_passphrases_count_over_all_workers(pair):
    one, other = (Throttle(cells=shared.cells, clock=lambda: 9.0) for shared in pair)
    for number in range(5):
        (one, other)[number % 2].failed(person="ann", address="::1")
    apart = Throttle(clock=lambda: 9.0)  # the control: it knows of no other worker
    apart.check(person="ann", address="::1")
    for throttle in (one, other):
        with pytest.raises(HTTPException):
            throttle.check(person="ann", address="::1")
        throttle.check(person="ben", address="::1")
    later = Throttle(cells=pair[1].cells, clock=lambda: 310.0)
    later.check(person="ann", address="::1")


class _Ledger:
    """A ledger that counts what the workers were let make, as the real one does."""

    def __init__(self):
        self.made = 0
        self.ledger = self

    def count(self, *_, **__):
        return self.made


@pytest.mark.parametrize(("workers", "most"), [(1, 10), (4, 10)])
def test_what_is_left_of_a_day_is_shared_out_among_the_workers(workers, most):
    home = _Ledger()
    quotas = [Quota(home, most, workers=workers) for _ in range(4)]
    if workers == 1:  # the control: four that think they are alone take too many
        quotas, most = [Quota(home, most) for _ in range(4)], 40
    given = 0
    for _ in range(20):
        for quota in quotas:
            held = quota._taken.get("feed")
            if held is None or quota._old(held, "2026-03-01"):
                held = quota._taken["feed"] = quota._look("feed", "2026-03-01")
            if held.count < held.most:
                quota.take("feed", at=AT)
                given += 1
                home.made = given if workers > 1 else 0
    assert given == most


def test_counts_of_all_workers_are_added_up_and_survive_one_that_died(tmp_path):
    boards = [Board(tmp_path, workers=2, place=place) for place in range(2)]
    content = {"model": "m", "version": "v1", "stage": "live", "kind": "live"}
    for board in boards:
        seen = Seen()
        seen.join(board.told_by(board.place), publish=board.tell)
        seen.count(content, seconds=0.02)
    again = Seen()  # the second died; another takes its place and goes on counting
    again.join(boards[1].told_by(1), publish=boards[1].tell)
    again.count(content, seconds=0.3)
    for board in boards:
        text = "\n".join(Seen.of_all(board.told()).lines())
        assert 'outcome="live"} 3' in text
        assert 'le="0.025"} 2' in text
        assert 'prediction_seconds_sum{model="m"} 0.34' in text
    boards[0].beat()
    Board(tmp_path, workers=2).tell_starts({0: 1, 1: 2})
    lines = boards[1].lines()
    assert 'attending_worker_up{worker="0"} 1' in lines
    assert 'attending_worker_up{worker="1"} 0' in lines
    assert 'attending_worker_starts_total{worker="1"} 2' in lines


def test_counts_that_cannot_be_published_take_no_answer_with_them(caplog):
    def full(_data):
        raise OSError(28, "No space left on device")

    seen = Seen()
    seen.join(b"", publish=full)
    seen.count({"model": "m", "version": "v1", "stage": "live", "kind": "live"}, seconds=0.1)
    assert "not published: No space" in caplog.text
    assert seen.answers.total() == 1


def test_a_letter_says_the_same_to_each_but_its_place(tmp_path):
    letters = Letters(tmp_path, workers=3, listener=7)
    said = [json.loads(letters.to(place)) for place in range(3)]
    assert [one.pop("place") for one in said] == [0, 1, 2]
    assert said[0] == said[1] == said[2]
