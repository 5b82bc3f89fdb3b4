"""The Spark cluster of this process: started at the first task, stopped when the process ends."""

from __future__ import annotations

import atexit
import os
import re
import socket
import subprocess
import sys
import tempfile
import warnings
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attending.engines.spark_bytes import OneByOne
from attending.errors import AttendingError, BadInput, DependencyDown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_ANSWER_SECONDS = 5.0
_STOP_SECONDS = 20.0
_ALWAYS = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.maxResultSize": "0",
}
#: On one machine nothing listens but on the loopback; the heap holds results on their way.
_LOCAL = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "4g",
}
_MASTER = re.compile(
    r"local(\[(\d+|\*)(, ?\d+)?\])?|local-cluster\[\d+,\d+,\d+\]|yarn|(spark|k8s)://\S+"
)
_GAVE_UP = "spark.gave_up"
_FAILED = re.compile(r"WorkFailed: (\w+ at \S+)")


@cache
def cluster(master: str) -> Cluster:
    """Return the cluster of this process; there can be one only.

    Args:
        master: such as `local[2]` or `spark://host:7077`.

    Raises:
        BadInput: another one runs, or the master is not one.
        DependencyDown: pyspark or Java is missing, or nothing answers there.
    """
    return Cluster(master)


class Cluster:
    """One Spark application. What Spark says goes to a log that only its owner can read."""

    def __init__(self, master: str) -> None:
        _refuse_unreachable(master)
        self._keep_log = False
        descriptor, path = tempfile.mkstemp(prefix="attending-spark-", suffix=".log")
        self._log = Path(path)
        try:
            with os.fdopen(descriptor, "wb") as log:
                self._context = _start(master, log=log)
        except AttendingError:
            self._log.unlink()
            raise
        atexit.register(self.stop)

    def collect(self, task: Callable[[int], Iterable[bytes]], count: int) -> list[bytes]:
        """Return what the task gives for the numbers below `count`, each in its own partition.

        Raises:
            DependencyDown: a task failed as often as the cluster allows, or the cluster is gone.
        """
        from py4j.protocol import Py4JError  # noqa: PLC0415 - the extra `spark`
        from pyspark.errors import PySparkException

        try:
            numbers = self._context.parallelize(range(count), count)
            found: list[bytes] = numbers.flatMap(task).collect()
        except (Py4JError, PySparkException, OSError, EOFError) as error:
            refusal = _failed(error, log=self._log)
            self._keep_log = self._keep_log or refusal.code == _GAVE_UP
            raise refusal from None
        return found

    def stop(self) -> None:
        """Stop the application and its Java process."""
        gateway = self._context._gateway  # noqa: SLF001 - pyspark has no other way to it
        with warnings.catch_warnings():
            # The Java process may be gone already: pyspark warns of it.
            warnings.simplefilter("ignore", RuntimeWarning)
            self._context.stop()
        _end(gateway)
        if not self._keep_log:
            self._log.unlink(missing_ok=True)


def _start(master: str, *, log: Any) -> Any:  # noqa: ANN401 - pyspark is not there for the checks
    """Return a running context.

    Raises:
        BadInput: another one runs in this process.
        DependencyDown: pyspark or Java is missing, or the cluster does not take us.
    """
    try:
        from py4j.protocol import Py4JError  # noqa: PLC0415 - the extra `spark`
        from pyspark import SparkConf, SparkContext
        from pyspark.errors import PySparkException
        from pyspark.java_gateway import launch_gateway
    except ImportError:
        raise DependencyDown(
            "Spark is not installed here",
            code="spark.missing",
            hint="Install the extra: `pip install 'attending[spark]'`, with Java 17 or 21.",
        ) from None
    conf = SparkConf(loadDefaults=False).setMaster(master).setAppName("attending")
    conf.setAll([*_ALWAYS.items(), *(_LOCAL.items() if _is_local(master) else ())])
    try:
        gateway = launch_gateway(conf, popen_kwargs={"stdout": log, "stderr": log})
    except PySparkException:
        raise DependencyDown(
            "Java did not start, or it is too old for Spark",
            code="spark.java",
            hint="Install Java 17 or 21, or name it in JAVA_HOME.",
        ) from None
    try:
        context = SparkContext(conf=conf, gateway=gateway, serializer=OneByOne(), batchSize=1)
    except ValueError:
        _end(gateway)
        raise BadInput(
            "another Spark application runs in this process",
            code="spark.another",
            hint="One process uses one cluster.",
            where="--spark",
        ) from None
    except (Py4JError, PySparkException):
        _end(gateway)
        raise DependencyDown(
            "the cluster does not take this application",
            code="spark.unreachable",
            hint="Check the master and its log, then run the same command again.",
            where=master,
        ) from None
    if "PYSPARK_PYTHON" not in os.environ:
        context.pythonExec = sys.executable
    return context


def _end(gateway: Any) -> None:  # noqa: ANN401 - pyspark is not there for the checks
    gateway.shutdown()
    gateway.proc.stdin.close()
    try:
        gateway.proc.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        gateway.proc.kill()
        gateway.proc.wait()


def _is_local(master: str) -> bool:
    return master.startswith("local")


def _refuse_unreachable(master: str) -> None:
    """Refuse a standalone master that nobody answers for: Spark itself would try for a minute."""
    if not _MASTER.fullmatch(master):
        raise BadInput(
            "expected a Spark master",
            code="spark.master",
            hint="Such as `local[2]`, `spark://host:7077` or `yarn`.",
            where="--spark",
        )
    if not master.startswith("spark://"):
        return
    for place in master.removeprefix("spark://").split(","):
        host, _, port = place.rpartition(":")
        try:
            socket.create_connection((host, int(port)), timeout=_ANSWER_SECONDS).close()
        except (OSError, ValueError, OverflowError):
            continue
        return
    raise DependencyDown(
        "nothing answers at the Spark master",
        code="spark.unreachable",
        hint="Check the address and that the cluster runs, or leave --spark away.",
        where=master,
    )


def _failed(error: Exception, *, log: Path) -> DependencyDown:
    """Return what became of a job in one line; the Java side of it stays out of sight."""
    told = _FAILED.search(str(error))
    if told is None:
        return DependencyDown(
            "the cluster gave the work up",
            code=_GAVE_UP,
            hint=f"A worker was lost too often, or lacks attending. What Spark said is in {log}.",
        )
    return DependencyDown(
        f"a worker met an unexpected {told[1].split()[0]}: this is a defect in attending",
        code="spark.work",
        hint="Nothing was recorded for this step. Report the place.",
        where=told[1].rpartition(" ")[2],
    )
