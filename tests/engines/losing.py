"""Work that loses what it runs on, once: `python -m tests.engines.losing LOSS MASTER FOLDER`.

FOLDER holds shards. Every attempt leaves its result in FOLDER/attempts, as a committer would that
takes what each task gives. The answer is one line of JSON: the digest of what the local engine
gives, of what Spark gives, and of all attempts one after another; or the refusal.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import uuid
from pathlib import Path

import pyarrow as pa

from attending.cli.leaving import leave
from attending.digests import digest_bytes
from attending.engines.local import LocalEngine
from attending.engines.spark import SparkEngine
from attending.engines.spark_frames import table_bytes
from attending.errors import AttendingError

#: Long enough that Spark starts a second attempt beside one that sleeps.
_SLOW_SECONDS = 60.0


def _parent(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


def _lose(loss: str, folder: Path) -> None:
    """Lose the Python worker, its executor, or time; once."""
    try:
        (folder / "lost").touch(exist_ok=False)
    except FileExistsError:
        return
    if loss == "error":
        raise OSError("the first attempt fails")
    if loss == "slow":
        time.sleep(_SLOW_SECONDS)
        return
    worker = os.getpid()
    os.kill(worker if loss == "worker" else _parent(_parent(worker)), signal.SIGKILL)
    time.sleep(_SLOW_SECONDS)


class Losing:
    """Counts rows by patient; the first attempt on the first patient's shard is lost."""

    def __init__(self, loss: str, folder: Path) -> None:
        self.loss, self.folder = loss, folder

    def __call__(self, rows: pa.Table) -> pa.Table:
        found = rows.group_by("subject_id", use_threads=False).aggregate([("code", "count")])
        if self.loss:
            path = self.folder / "attempts" / f"{found['subject_id'][0]}-{uuid.uuid4().hex}"
            path.write_bytes(table_bytes(found))
            if 1 in found["subject_id"].to_pylist():
                _lose(self.loss, self.folder)
        return found


def digest(table: pa.Table) -> str:
    """Return the digest of a table's bytes."""
    return digest_bytes(table_bytes(table.combine_chunks()))


def tried(folder: Path) -> pa.Table:
    """Return what all attempts gave, one after another."""
    paths = sorted((folder / "attempts").iterdir(), key=lambda path: int(path.name.split("-")[0]))
    return pa.concat_tables([pa.ipc.open_stream(path.read_bytes()).read_all() for path in paths])


def lost(loss: str, master: str, folder: Path) -> dict[str, str]:
    """Return the digests, or the refusal."""
    (folder / "attempts").mkdir()
    shards = sorted(folder.glob("*.parquet"))
    codes, columns = ["LAB//*"], ["subject_id", "code"]
    here = LocalEngine(shards).map(Losing("", folder), codes=codes, columns=columns)
    try:
        engine = SparkEngine(shards, master)
        there = engine.map(Losing(loss, folder), codes=codes, columns=columns)
    except AttendingError as refused:
        return refused.as_problem() | {"exit_code": str(refused.exit_code)}
    naive = tried(folder)
    return {"local": digest(here), "spark": digest(there), "naive": digest(naive)}


if __name__ == "__main__":
    print(json.dumps(lost(sys.argv[1], sys.argv[2], Path(sys.argv[3]))))
    leave(lambda: 0)
