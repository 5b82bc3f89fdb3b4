"""What can read a kind of source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from attending.ingest.batch import Batch, Origin
    from attending.ingest.pseudonyms import Pseudonyms


class Read(Protocol):
    """Reads the tables of a folder, one batch each."""

    def __call__(self, folder: Path, *, keys: Pseudonyms) -> Iterator[Batch]:
        """Iterate over the tables of the source."""
        ...


@dataclass(frozen=True)
class Source:
    """A kind of source.

    Attributes:
        describe: what a folder of it says of itself once it is whole.
        read: its tables.
        published_ids: whether the ids of its patients are printed in a public set. A secret would
            hide nothing; one fixed key makes every split of the set the same in every home.
    """

    describe: Callable[[Path], Origin]
    read: Read
    published_ids: bool = False
