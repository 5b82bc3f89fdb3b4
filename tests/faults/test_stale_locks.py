"""P10: a lock whose holder was killed is free, whoever has the holder's process id now."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import ExitStack

import pytest

from attending.errors import DependencyDown
from attending.stores import connections
from attending.stores.home import Home
from tests.soak.kills import home_maker
from tests.soak.workload import damage, write
from tests.soak.writing import patient

#: Holds the end of the ledger within a transaction.
HOLDS = """
import sys, time
from pathlib import Path
from attending.stores.home import Home
from tests.soak.writing import Writer
home = Home.open(Path(sys.argv[1]))
with home.database.transaction() as unit:
    Writer(home.root, "w0", home.root).work(home, unit, "w0-1", 1)
    print("held", flush=True)
    time.sleep(600)
"""


def naive_lock_is_free(path):
    """Return what a lock file that knows its holder by process id alone says."""
    try:
        os.kill(int(path.read_text()), 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.fault("P10")
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_p10_a_killed_holder_holds_nothing_whoever_has_its_process_id(
    kind, tmp_path, request, monkeypatch
):
    server = request.getfixturevalue("postgres_server") if kind == "postgresql" else None
    monkeypatch.setattr(connections, "BUSY_SECONDS", 1)
    with ExitStack() as stack:
        root = home_maker(tmp_path, server=server, stack=stack)()
        files = {path.name for path in root.iterdir()}
        command, pipe = [sys.executable, "-c", HOLDS, str(root)], subprocess.PIPE
        with subprocess.Popen(command, stdout=pipe, text=True) as holder:
            assert holder.stdout.readline() == "held\n"
            home = Home.open(root)
            # The lock is held as long as its holder lives.
            with pytest.raises(DependencyDown) as held:
                write(home, 2)
            assert (held.value.code, held.value.exit_code) == ("store.busy", 5)
            # Control: a file that names the holder stands after its death, and says "held" for
            # ever once another process has that id.
            lock = tmp_path / "naive.lock"
            lock.write_text(str(holder.pid))
            holder.send_signal(signal.SIGKILL)
            holder.wait(60)
            assert naive_lock_is_free(lock)
            lock.write_text(str(os.getpid()))  # the id came to a process that lives: this one
            assert not naive_lock_is_free(lock)
        # Guard: the kernel, or the server, lets go of what a dead process held; no file says who
        # held it, so there is none to judge by process id or by boot.
        assert patient(lambda: write(home, 2)) == "w0-2"
        home.close()
        assert {path.name for path in root.iterdir()} - files <= {"store.db-wal", "store.db-shm"}
        assert not damage(root, ["w0-2"])
        again = Home.open(root)
        assert [one.subject for one in again.ledger.search(action="soak.write")] == ["w0-2"]
        again.close()
