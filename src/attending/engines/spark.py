"""The engine of a Spark cluster: one partition a shard, the same code, the same bits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from attending.engines.layers import files_of
from attending.engines.local import Layer, LocalEngine, empty_rows, handed_on, wanted_rows
from attending.engines.spark_cluster import cluster
from attending.engines.spark_frames import put_together
from attending.engines.spark_task import Task

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from attending.engines.layers import LayeredShard


class SparkEngine:
    """Maps work over shard files that every worker of a cluster sees under the same path.

    Args:
        shards: files that hold whole patients in canonical order, or the layers of such files;
            the order of results.
        master: the cluster, such as `local[2]` or `spark://host:7077`.
        as_of: microseconds since 1970; only what was known then is there, as it stood then.

    >>> SparkEngine([], "local[2]").map(lambda rows: rows, columns=["subject_id"]).num_rows
    0
    """

    def __init__(
        self,
        shards: Sequence[Path | LayeredShard],
        master: str,
        *,
        as_of: int | None = None,
    ) -> None:
        self.shards = tuple(_absolute(shard) for shard in shards)
        self.master = master
        self._as_of = as_of
        self._here = LocalEngine(self.shards, as_of=as_of)

    def only(self, shard: Path | LayeredShard) -> SparkEngine:
        """Return the same engine over one of its shards."""
        return SparkEngine([shard], self.master, as_of=self._as_of)

    def map(
        self,
        work: Callable[[pa.Table], pa.Table],
        *,
        codes: Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
        each: Callable[[], None] | None = None,
        take: Callable[[pa.Table], None] | None = None,
    ) -> pa.Table:
        """Return the results of `work`, in the order of the shards: what the local engine gives.

        Args:
            work: takes rows of whole patients in canonical order; must not depend on how many.
                It is sent to the workers: it must be pure, and what it holds must be small.
            codes: only rows of these codes; one that ends in `*` is a prefix. None for all.
            columns: only these columns. None for all.
            each: called for every shard when its results have come.
            take: is given each result as it comes, here; nothing is held, and the table that is
                returned is empty. None to hold them all.

        Raises:
            BadInput: a column that events do not have.
            IntegrityBroken: a shard that is missing or not what was written.
            DependencyDown: the cluster, or a part of it, is missing or down.
        """
        wanted = wanted_rows(codes, columns, as_of=self._as_of)
        tables = []
        for found in self._worked(Task(self.shards, work, wanted)):
            tables += handed_on(found, take)
            if each is not None:
                each()
        if not tables:
            tables = handed_on([work(empty_rows(wanted))], take)
        return pa.concat_tables(tables)

    def rows(self, subject_id: int, *, codes: Sequence[str] | None = None) -> pa.Table:
        """Return one subject's rows, read here: one patient is no work for a cluster.

        Raises:
            IntegrityBroken: a shard that is missing or not what was written.
        """
        return self._here.rows(subject_id, codes=codes)

    def _worked(self, task: Task) -> list[list[pa.Table]]:
        if not self.shards:
            return []
        for path in (path for shard in self.shards for path in files_of(shard)):
            if not path.exists():
                Layer(path).open()
        messages = cluster(self.master).collect(task, len(self.shards))
        return put_together(messages, shards=len(self.shards))


def _absolute(shard: Path | LayeredShard) -> Path | LayeredShard:
    if isinstance(shard, Path):
        return shard.absolute()
    return replace(
        shard,
        files=tuple(path.absolute() for path in shard.files),
        ended=tuple(path.absolute() for path in shard.ended),
    )
