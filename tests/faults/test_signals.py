"""P21: told to stop, the service answers what it accepted, and a verb ends with a word."""

from __future__ import annotations

import http.client
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from attending.stores.home import Home
from tests.soak.workload import damage
from tests.soak.writing import AT

TOLD = {
    "SIGTERM": (signal.SIGTERM,),
    "SIGHUP": (signal.SIGHUP,),
    "Ctrl-C twice": (signal.SIGINT, signal.SIGINT),
}


def until(holds, what):
    """Wait until something holds, however slow the machine is."""
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def asked(port, got):
    """Ask once, and keep the status and the body, or how it was cut."""
    try:
        wire = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        wire.request("POST", "/", body=b"{}")
        answer = wire.getresponse()
        got.append((answer.status, answer.read()))
        wire.close()
    except (OSError, http.client.HTTPException) as error:
        got.append((type(error).__name__, b""))


def stopped(folder, signals, *how):
    """Return what a request in flight got, and how the service ended, that was told to stop."""
    port, got = free_port(), list[tuple[int | str, bytes]]()
    folder.mkdir()
    command = [sys.executable, "-m", "tests.faults.serving", str(folder), str(port), *how]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            until(lambda: answers(port), "the service listens")
            client = threading.Thread(target=asked, args=(port, got))
            client.start()
            until((folder / "accepted").exists, "the request is accepted")
            for number in signals:
                process.send_signal(number)
                until(lambda: not answers(port), "nothing new is accepted")
            if how:  # the control: cut while it waits
                client.join(60)
            (folder / "go").touch()
            client.join(60)
            return got, process.wait(60)
        finally:
            process.kill()


@pytest.mark.fault("P21")
@pytest.mark.parametrize("told", TOLD)
def test_p21_a_service_told_to_stop_answers_what_it_accepted(tmp_path, told):
    if told != "SIGTERM":
        # Control: the bare server leaves its client without an answer.
        got, _ = stopped(tmp_path / "plain", TOLD[told], "plain")
        assert got[0][0] != 200
    # Guard: nothing new is accepted, what was accepted is answered, and the process ends well.
    got, code = stopped(tmp_path / "drained", TOLD[told])
    assert got == [(200, b"scored")]
    assert code == 0


#: A verb that waits in the middle of a transaction.
WAITS = """
import sys, time
from pathlib import Path
from attending.cli.door import through
from attending.cli.leaving import leave
from attending.cli.stopping import stoppable
from attending.stores.home import Home
from tests.soak.writing import Writer
def verb():
    home = Home.open(Path(sys.argv[1]))
    with home.database.transaction() as unit:
        Writer(home.root, "w0", home.root).work(home, unit, "w0-0", 0)
        print("in", flush=True)
        while True:
            time.sleep(60)
leave(lambda: through({how}, argv=[]))
"""


def told_while_it_writes(root, how, number):
    """Return how a verb ended that was told to stop within a transaction, and what it said."""
    command = [sys.executable, "-c", WAITS.format(how=how), str(root)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, text=True, stdout=pipe, stderr=pipe) as process:
        try:
            assert process.stdout.readline() == "in\n"
            process.send_signal(number)
            said = process.communicate(timeout=60)[1]
        finally:
            process.kill()
    return process.returncode, said


@pytest.mark.fault("P21")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_p21_a_verb_told_to_stop_says_so_and_leaves_nothing_half_done(tmp_path, number):
    root = tmp_path / "home"
    Home.create(root, at=AT, seed=21).close()
    before = Home.open(root)
    size = before.ledger.size
    before.close()
    # Control: the bare verb dies without a word of ours.
    code, said = told_while_it_writes(root, "verb", number)
    assert code != 5
    assert "process.stopped" not in said
    # Guard.
    code, said = told_while_it_writes(root, "stoppable(verb)", number)
    assert code == 5
    assert "refused [process.stopped]" in said
    assert "Traceback" not in said
    assert not damage(root, [])
    after = Home.open(root)
    assert after.ledger.size == size
    after.close()
