"""What runs on a Spark worker: one shard, worked by the code that the local engine runs."""

from __future__ import annotations

import platform
import traceback
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from attending import __version__
from attending.engines.layers import files_of
from attending.engines.local import pieces
from attending.engines.spark_frames import (
    END,
    REFUSAL,
    TABLE,
    Frame,
    refusal_bytes,
    table_bytes,
)
from attending.errors import AttendingError, DependencyDown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

    from attending.engines.layers import LayeredShard
    from attending.engines.local import Wanted

#: What must be alike on driver and workers for results to be the same to the bit.
_MADE_WITH = ("numpy", "numba", "pyarrow")


class WorkFailed(Exception):
    """A defect on a worker: its type and its place, and no value."""


def made_with() -> tuple[str, ...]:
    """Return the versions that results depend on, such as `numpy 2.4.1`."""
    python = ".".join(platform.python_version_tuple()[:2])
    return (
        f"attending {__version__}",
        f"python {python}",
        *(f"{name} {version(name)}" for name in _MADE_WITH),
    )


@dataclass(frozen=True)
class Task:
    """The work on any shard of a snapshot, by its number; sent to the workers.

    Attributes:
        shards: absolute paths that every worker sees.
        work: takes rows of whole patients.
        wanted: which rows and columns are read.
        made_with: the versions of the sender.
    """

    shards: tuple[Path | LayeredShard, ...]
    work: Callable[[pa.Table], pa.Table]
    wanted: Wanted
    made_with: tuple[str, ...] = field(default_factory=made_with)

    def __call__(self, shard: int) -> Iterator[bytes]:
        """Yield the shard's frames: a table a piece and an end, or a refusal.

        Raises:
            WorkFailed: what nobody foresaw; Spark tries again and then gives up.
        """
        try:
            yield from self._frames(shard)
        except AttendingError as refused:
            yield Frame(shard, 0, REFUSAL, refusal_bytes(refused)).pack()
        except Exception as error:  # noqa: BLE001 - the outer door of a worker: no value may leave
            raise WorkFailed(_place(error)) from None

    def _frames(self, shard: int) -> Iterator[bytes]:
        self._refuse_other_versions()
        self._refuse_unshared(shard)
        count = 0
        for rows in pieces(self.shards[shard], self.wanted):
            yield Frame(shard, count, TABLE, table_bytes(self.work(rows))).pack()
            count += 1
        yield Frame(shard, count, END).pack()

    def _refuse_other_versions(self) -> None:
        here = made_with()
        if here != self.made_with:
            other = sorted(set(here) - set(self.made_with))
            raise DependencyDown(
                f"a worker has {', '.join(other)}, the driver another version",
                code="spark.versions",
                hint="Install the same locked packages on every worker.",
            )

    def _refuse_unshared(self, shard: int) -> None:
        """Refuse a file that the driver has, or it would not have sent us, and we have not."""
        missing = [path for path in files_of(self.shards[shard]) if not path.exists()]
        if missing:
            raise DependencyDown(
                "a worker does not see a shard that the driver sees",
                code="spark.unshared",
                hint="The home must lie where every worker has it under the same path.",
                where=missing[0].name,
            )


def _place(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "attending" in Path(frame.filename).parts]
    last = (ours or list(frames))[-1]
    path = Path(last.filename)
    return f"{type(error).__name__} at {path.parent.name}/{path.name}:{last.lineno}"
