"""Connections that one worker of a service took up alone go to the others once these are there."""

from __future__ import annotations

import json
import os
import signal

import pytest

from tests.service import make_live, serving, until

CONNECTIONS = 6


@pytest.mark.fault("P12")
def test_p12_a_worker_that_comes_late_takes_its_share_and_nobody_notices(tmp_path):
    with serving(make_live(tmp_path), workers=2) as service:
        until(lambda: service.workers_up() == 2, "both workers are there")
        late = service.children()[0]
        os.kill(late, signal.SIGSTOP)
        wires = [service.connection() for _ in range(CONNECTIONS)]
        moved = [0] * CONNECTIONS
        asked = 0

        def ask(number: int) -> None:
            nonlocal asked
            asked, wire = asked + 1, wires[number]
            moved[number] += wire.sock is None and asked > CONNECTIONS
            body = json.dumps(service.home.asked(asked, 1 + asked))
            wire.request("POST", service.path, body=body, headers=service.headers)
            answer = wire.getresponse()
            assert answer.status == 201, answer.read()
            answer.read()

        for number in range(CONNECTIONS):
            ask(number)
        # The control: whoever came while one was away is with the other, and would stay there.
        assert service.answered() == [CONNECTIONS, 0]
        os.kill(late, signal.SIGCONT)

        def shared() -> bool:
            for number in range(CONNECTIONS):
                ask(number)
            return service.answered()[-1] >= 4 * CONNECTIONS

        until(shared, "the other worker answers too")
        assert CONNECTIONS // 3 <= sum(moved) <= CONNECTIONS, moved
        settled = list(moved)
        for number in [*range(CONNECTIONS)] * 5:
            ask(number)
        assert moved == settled  # each has its place, and keeps it
        for wire in wires:
            wire.close()
