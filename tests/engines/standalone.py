"""A standalone Spark cluster on the loopback: a master and two hosts with one core each."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

HOSTS = ("127.0.0.1", "127.0.0.2")
_START_SECONDS = 120.0
_POLL_SECONDS = 0.2


class Standalone:
    """Processes of a cluster; started on entering, ended by their ids on leaving."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: list[subprocess.Popen[bytes]] = []
        with socket.socket() as free:
            free.bind((HOSTS[0], 0))
            self._port = free.getsockname()[1]
        self.address = f"spark://{HOSTS[0]}:{self._port}"

    def __enter__(self) -> Standalone:
        try:
            self._start("master.Master", HOSTS[0], "--port", str(self._port))
            self._wait_for("master.Master", HOSTS[0], "elected leader")
            for host in HOSTS:
                work = str(self._folder / host)
                shape = ("--cores", "1", "--memory", "1g", "--work-dir", work, self.address)
                self._start("worker.Worker", host, *shape)
            for host in HOSTS:
                self._wait_for("worker.Worker", host, "Successfully registered with master")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._running):
            process.terminate()
            process.wait(_START_SECONDS)

    def _start(self, role: str, host: str, *shape: str) -> None:
        from pyspark.find_spark_home import _find_spark_home

        command = [f"{_find_spark_home()}/bin/spark-class", f"org.apache.spark.deploy.{role}"]
        environment = {
            **os.environ,
            "SPARK_LOCAL_IP": host,
            "SPARK_MASTER_OPTS": "-Dspark.master.rest.enabled=false",
        }
        with self._log(role, host).open("wb") as log:
            process = subprocess.Popen(
                [*command, "--host", host, "--webui-port", "0", *shape],
                stdout=log,
                stderr=log,
                env=environment,
            )
        self._running.append(process)

    def _log(self, role: str, host: str) -> Path:
        return self._folder / f"{role}-{host}.log"

    def _wait_for(self, role: str, host: str, words: str) -> None:
        ends = time.monotonic() + _START_SECONDS
        while words not in (said := self._log(role, host).read_text()):
            if time.monotonic() > ends:
                raise TimeoutError(f"{role} did not start:\n{said[-2000:]}")
            time.sleep(_POLL_SECONDS)
