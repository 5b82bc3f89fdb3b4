"""Which engine maps work over a snapshot: this machine's, or the Spark cluster of the desk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.engines.local import LocalEngine
from attending.engines.spark import SparkEngine
from attending.times import to_micros

if TYPE_CHECKING:
    from attending.engines.protocol import Engine
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.ingesting import Held
    from attending.types import Instant


def engine_over(desk: Desk, source: Held, *, as_of: Instant | None = None) -> Engine:
    """Return the engine over a snapshot; results are the same to the bit, whichever it is.

    Args:
        desk: which says where work is done.
        source: the snapshot.
        as_of: only what was known then is there, as it stood then.
    """
    at = None if as_of is None else to_micros(as_of)
    if desk.spark:
        return SparkEngine(source.shards, desk.spark, as_of=at)
    return LocalEngine(source.shards, as_of=at)


def engine_name(desk: Desk) -> str:
    """Return the name of the desk's engine, for the ledger: it is in no record."""
    return "spark" if desk.spark else "local"
