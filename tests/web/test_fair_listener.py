"""Workers behind one socket share its connections, and nobody waits for one that does not come."""

import socket

import pytest

from attending.web.cells import Cells
from attending.web.fair_listener import PATIENCE, FairListener


class Held:
    """What one worker holds, and the clock of both."""

    def __init__(self):
        self.count = 0

    def told(self):
        return self.count


@pytest.fixture
def two(tmp_path):
    """Two workers on one socket, a clock that stands, and how to knock."""
    Cells.lay_out(tmp_path / "cells", workers=2)
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        bound.listen()
        bound.setblocking(False)
        now, workers, opened = [100.0], [], []
        for place in range(2):
            cells = Cells.shared(tmp_path / "cells", workers=2, place=place, key=b"k" * 16)
            held = Held()
            listener = FairListener(
                bound.dup().detach(), cells=cells, held=held.told, clock=lambda: now[0]
            )
            listener.setblocking(False)
            listener.tell()
            workers.append((listener, held))

        def knock():
            opened.append(socket.create_connection(bound.getsockname()))

        yield workers, now, knock
        for one in [*opened, *(listener for listener, _ in workers)]:
            one.close()


def taken(worker):
    listener, held = worker
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    held.count += 1
    return True


def test_who_holds_more_lets_the_other_go_first(two):
    (one, other), now, knock = two
    for _ in range(8):
        knock()
    order = []
    for _ in range(40):  # the system wakes the first worker first, every time
        now[0] += 0.002
        order += [worker for worker in (one, other) if taken(worker)]
    assert [one[1].count, other[1].count] == [4, 4]
    assert order[:4] in ([one, other] * 2, [one, other, other, one])


def test_a_worker_takes_one_connection_and_then_pauses(two):
    (one, _), now, knock = two
    knock()
    knock()
    assert taken(one)
    assert not taken(one)
    # The control: the system's own socket would have given it both.
    now[0] += 2 * PATIENCE
    one[1].count = 0
    one[0].tell()
    assert taken(one)


def test_a_worker_that_does_not_come_costs_its_connection_a_moment(two):
    (one, other), now, knock = two
    one[1].count = 5
    one[0].tell()
    assert other[1].count == 0
    knock()
    assert not taken(one)
    now[0] += PATIENCE / 2
    assert not taken(one)
    now[0] += PATIENCE
    assert taken(one)


def test_who_was_refused_long_ago_waits_anew_for_the_next(two):
    (one, _), now, knock = two
    one[1].count = 5
    one[0].tell()
    knock()
    assert not taken(one)
    now[0] += 60.0
    assert not taken(one)
