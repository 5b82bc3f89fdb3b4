"""P16: a lost executor, a task that runs twice, a lost driver: the same result, or none."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engines.losing import lost
from tests.engines.standalone import Standalone

ROOT = Path(__file__).parents[2]
#: All of a cluster on the loopback; a twin of a slow task starts soon, on the other host.
CLUSTER = {
    "spark_driver_host": "127.0.0.1",
    "spark_driver_bindAddress": "127.0.0.1",
    "spark_executor_memory": "512m",
    "spark_speculation": "true",
    "spark_speculation_multiplier": "1.1",
    "spark_speculation_quantile": "0.5",
    "spark_speculation_efficiency_enabled": "false",
}


@pytest.fixture(scope="module")
def cluster(spark_master, tmp_path_factory):
    """The address of a standalone cluster of two hosts, each with one core."""
    del spark_master
    with Standalone(tmp_path_factory.mktemp("cluster")) as running:
        yield running.address


@pytest.fixture
def shards(local, tmp_path):
    """The shards of the small snapshot in a folder of their own."""
    for path in local.shards:
        shutil.copy(path, tmp_path / path.name)
    return tmp_path


def apart(loss, master, folder, **settings):
    """Lose something in a process of its own, with a cluster of its own."""
    conf = folder / "conf"
    conf.mkdir()
    lines = [f"{name.replace('_', '.')} {value}" for name, value in settings.items()]
    (conf / "spark-defaults.conf").write_text("\n".join(lines) + "\n")
    done = subprocess.run(
        [sys.executable, "-m", "tests.engines.losing", loss, master, str(folder)],
        cwd=ROOT,
        env={**os.environ, "SPARK_CONF_DIR": str(conf)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "at org.apache" not in done.stderr
    return json.loads(done.stdout)


@pytest.mark.fault("P16")
@pytest.mark.parametrize("loss", ["error", "worker"])
def test_p16_a_task_that_fails_once_or_loses_its_worker_changes_nothing(loss, spark_master, shards):
    found = lost(loss, spark_master, shards)
    assert found["naive"] != found["local"]  # the control: both attempts left something
    assert found["spark"] == found["local"]


@pytest.mark.fault("P16")
@pytest.mark.parametrize("loss", ["executor", "slow"])
def test_p16_a_lost_executor_and_a_speculative_twin_change_nothing(loss, cluster, shards):
    found = apart(loss, cluster, shards, **CLUSTER)
    assert found["naive"] != found["local"]  # the control: both attempts left something
    assert found["spark"] == found["local"]


@pytest.mark.fault("P16")
def test_p16_a_driver_that_is_killed_gives_a_refusal_and_no_result(spark_master, shards):
    del spark_master
    refused = apart("executor", "local[2,4]", shards)  # here the executor is the driver
    assert (refused["code"], refused["exit_code"]) == ("spark.gave_up", "5")
    assert any((shards / "attempts").iterdir())  # the control: there was something to keep
    log = Path(refused["hint"].rpartition(" ")[2].rstrip("."))
    assert log.name.startswith("attending-spark-")
    log.unlink()
