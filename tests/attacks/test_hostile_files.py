"""Hostile files, each through `attending ingest`: a refusal by name, in time and memory."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

from attending.errors import EXIT_CODES
from tests.attacks.data_fhir import FHIR
from tests.attacks.data_packed import PACKED
from tests.attacks.data_parquet import PARQUET
from tests.attacks.data_places import PLACES
from tests.attacks.data_text import TEXT
from tests.attacks.hostile import MAPPING, PERSON, ROWS, csv, mapped

CASES = TEXT | PACKED | FHIR | PARQUET | PLACES
REFUSED = [name for name, case in CASES.items() if case.code]
COUNTED = [name for name, case in CASES.items() if not case.code]
_AGAIN = 3
#: No file costs so many times what a sound one of a few rows does, which is mostly the start.
TIMES, MEGABYTES = 5.0, 500
#: Goes first: on a new machine the kernels are compiled once, which is no hostile file's doing.
SOUND = mapped(csv(ROWS))
#: Loads the command line once, then runs it for every file in a process of its own, which tells
#: its peak from /proc when it is done (what was loaded before counts)
#: and is killed when it is not done in time. Seconds are those that it had a processor: others may
#: use this machine, too. What waits for ever has none, and is killed.
CHILD = """
import json, os, signal, sys, time
from pathlib import Path
from attending.cli.app import app
from attending.cli.door import through
def memory(word):
    return int(Path("/proc/self/status").read_text().split(word + ":")[1].split()[0]) / 1024
for line in sys.stdin:
    before = memory("VmHWM")  # a process of its own would have loaded all of this
    name, out, argv = json.loads(line)
    out, start = Path(out), time.monotonic()
    pid = os.fork()
    if not pid:
        shared = memory("VmRSS")
        for number, word in ((1, "stdout"), (2, "stderr")):
            os.dup2(os.open(out / word, os.O_WRONLY | os.O_CREAT), number)
        sys.argv = ["attending", *argv]
        try:
            status = through(lambda: app(standalone_mode=False), argv=sys.argv)
        except SystemExit as end:
            status = int(end.code or 0)
        sys.stdout.flush()
        (out / "peak").write_text(str(before + memory("VmHWM") - shared))
        os._exit(status)
    ended = 0
    while not ended and time.monotonic() - start < 30:
        ended, code, used = os.wait4(pid, os.WNOHANG)
        time.sleep(0.002)
    if not ended:
        os.kill(pid, signal.SIGKILL)
        _, code, used = os.wait4(pid, 0)
    seconds = used.ru_utime + used.ru_stime
    print(json.dumps([name, os.waitstatus_to_exitcode(code), seconds]), flush=True)
"""


def _argv(case, folder):
    argv = ["ingest", case.kind, str(folder / "in"), "--home", str(folder / "home"), "--json"]
    if case.kind == "mapped":
        (folder / "mapping.yaml").write_text(MAPPING.replace("FILE", case.file))
        argv += ["--mapping", str(folder / "mapping.yaml")]
    return argv


def _ask(child, name, folder, argv):
    """Return the exit code and the seconds of one command."""
    child.stdin.write(json.dumps([name, str(folder), argv]) + "\n")
    child.stdin.flush()
    told, status, seconds = json.loads(child.stdout.readline())
    assert told == name
    return status, seconds


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What is said of every file, its exit code, seconds and peak megabytes."""
    place = tmp_path_factory.mktemp("hostile")
    found, enough = {}, 0.0
    with subprocess.Popen(
        [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        for name, case in {"sound": SOUND, **CASES}.items():
            folder = place / name
            (folder / "in").mkdir(parents=True)
            case.make(folder / "in")
            status, seconds = _ask(child, name, folder, _argv(case, folder))
            for _ in range(_AGAIN):
                if seconds < enough:
                    break
                # What else the machine does only ever adds: the least of a few tells the cost.
                shutil.rmtree(folder / "home", ignore_errors=True)
                for word in ("stdout", "stderr"):
                    (folder / word).unlink()
                status, again = _ask(child, name, folder, _argv(case, folder))
                seconds = min(seconds, again)
            enough = enough or TIMES * seconds  # the sound one's, asked a few times
            (folder / "in" / "enough").touch()
            peak = folder / "peak"
            megabytes = float(peak.read_text()) if peak.is_file() else float("inf")
            said = [(folder / word).read_text() for word in ("stdout", "stderr")]
            kept = any((folder / "home" / "snapshots").glob("*"))
            found[name] = (*said, status, seconds, megabytes, kept)
        child.stdin.close()
    return found


def test_at_least_forty_files_are_refused_over_all_readers():
    assert len(REFUSED) >= 40
    kinds = {CASES[name].kind for name in REFUSED}
    assert kinds == {"mapped", "fhir", "mimic-iv", "omop", "physionet-2012", "meds", "hospital"}


@pytest.mark.fault("X08")
@pytest.mark.parametrize("name", REFUSED)
def test_X08_a_hostile_file_is_refused_by_name_in_time_and_memory(answers, name):
    out, err, status, seconds, megabytes, kept = answers[name]
    assert not kept  # nothing of it
    case = CASES[name]
    problem = json.loads(out)
    assert (problem["code"], status) == (case.code, case.status), err
    assert status in EXIT_CODES
    assert f"refused [{case.code}]" in err
    assert problem["hint"]
    assert "Traceback" not in out + err
    assert PERSON not in out + err  # no cell of the file
    assert seconds < TIMES * answers["sound"][3]
    assert megabytes < MEGABYTES


@pytest.mark.fault("X08")
@pytest.mark.parametrize("name", COUNTED)
def test_X08_hostile_rows_are_counted_in_time_and_memory(answers, name):
    out, err, status, seconds, megabytes, kept = answers[name]
    assert (status, kept) == (0, True), err
    said = json.loads(out)
    assert said["balanced"]
    parts = ("accepted", "quarantined", "rejected", "duplicate")
    assert said["rows_in"] == sum(said[part] for part in parts)
    reasons = said["quarantined_by_reason"] | said["rejected_by_reason"]
    expected = CASES[name].counted
    assert (expected in reasons) if expected else not reasons, reasons
    assert seconds < TIMES * answers["sound"][3]
    assert megabytes < MEGABYTES


def test_the_command_itself_says_the_same(answers, tmp_path):
    """The control: a process of its own, from its start, refuses as the loaded one does."""
    case = CASES["open_quote_in_last_column"]
    (tmp_path / "in").mkdir()
    case.make(tmp_path / "in")
    done = subprocess.run(
        [sys.executable, "-m", "attending", *_argv(case, tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    out, err, status, *_ = answers["open_quote_in_last_column"]
    assert (done.stdout, done.stderr, done.returncode) == (out, err, status)
