"""What an engine does: map pure per-patient work over shards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pyarrow as pa


@runtime_checkable
class Engine(Protocol):
    """Maps a pure function of whole patients' rows over the shards of a snapshot."""

    def map(
        self,
        work: Callable[[pa.Table], pa.Table],
        *,
        codes: Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
        each: Callable[[], None] | None = None,
        take: Callable[[pa.Table], None] | None = None,
    ) -> pa.Table:
        """Return the results of `work`, in the order of the shards.

        Args:
            work: takes rows of whole patients in canonical order; must not depend on how many.
            codes: only rows of these codes; one that ends in `*` is a prefix. None for all.
            columns: only these columns. None for all.
            each: called after every shard.
            take: is given each result as it comes, in any order; nothing is held, and the table
                that is returned is empty. None to hold them all.
        """
        ...

    def rows(self, subject_id: int, *, codes: Sequence[str] | None = None) -> pa.Table:
        """Return one subject's rows in canonical order; empty when there are none."""
        ...
