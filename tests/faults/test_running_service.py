"""P12: a worker that dies is there again; the service answers meanwhile, and drains as one."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.service import make_live, serving, until


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    return make_live(tmp_path_factory.mktemp("workers"))


def metric(service, name):
    """Return the values of a metric by its labels."""
    status, data = service.get("/metrics")
    assert status == 200
    found = re.findall(rf"^{name}(\{{.*\}}) (\S+)$", data.decode(), re.MULTILINE)
    return {labels: float(value) for labels, value in found}


def answered(service):
    return sum(metric(service, "attending_predictions_total").values())


def there(service):
    """Return whether all workers say that they are there."""
    up = metric(service, "attending_worker_up")
    return len(up) == 2 and all(up.values())


@pytest.mark.fault("P12")
def test_p12_a_worker_that_was_killed_is_there_again_and_the_others_answer_meanwhile(
    live, tmp_path
):
    # Control: one process alone is gone for good, and so is its service.
    with serving(live.copied(tmp_path / "alone")) as alone:
        alone.process.kill()
        alone.process.wait(60)
        with pytest.raises(ConnectionError):
            alone.get("/livez")
        alone.process.returncode = 0  # it was not told to drain
    # Guard.
    named = ("--hosts", "Scores.Hospital.example")
    with serving(live.copied(tmp_path / "two"), *named, workers=2) as service:
        until(lambda: there(service), "both workers are there")
        for turn in range(6):
            assert service.ask(turn, turn + 1)[0] == 201
        first, second = service.children()
        os.kill(first, signal.SIGKILL)
        assert service.ask(7, 1)[0] == 201  # nobody is told of it
        until(lambda: len(set(service.children()) - {first}) == 2, "another took its place")
        until(lambda: there(service), "and answers")
        assert second in service.children()
        # Counts of the dead worker are in the sum that any worker tells.
        assert {answered(service) for _ in range(8)} == {7.0}
        starts = metric(service, "attending_worker_starts_total")
        assert sorted(starts.values()) == [1.0, 2.0]
        assert "ended by signal 9; another takes its place" in service.log.read_text()
        status, data = service.get("/readyz")
        said = {one["name"]: one["says"] for one in json.loads(data)["checks"]}
        assert (status, said["workers"]) == (200, "2 of 2 are there")
        # A name behind a proxy is answered, another is not.
        for host, status in (("scores.hospital.example", 200), ("evil.example", 421)):
            wire = service.connection()
            wire.request("GET", "/livez", headers={"Host": host})
            assert wire.getresponse().status == status
            wire.close()
        # A worker whose parent is killed ends too, and leaves the port free.
        left = service.children()
        service.process.kill()
        service.process.wait(60)
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in left), "they end too")
        service.process.returncode = 0


@pytest.mark.parametrize("refused", ["--hosts=https://a", "--home=none"])
def test_a_service_that_is_refused_says_so_once_and_ends(tmp_path, refused):
    words = [sys.executable, "-m", "attending", "serve", "--workers=2", "--port=0", refused]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.count("refused [") == 1
