"""Python's search for rubbish, put off while modules are imported: what they make stays."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def none_sought() -> Iterator[None]:
    """Seek no rubbish in the block, and later none among what was there at its end.

    Importing the scoring process makes half a million objects that stay; going through them again
    and again, as there are more, takes a sixth of its start, and a pause later in some answer.

    >>> import gc
    >>> with none_sought():
    ...     gc.isenabled()
    False
    >>> gc.isenabled(), gc.get_freeze_count() > 0
    (True, True)
    >>> gc.unfreeze()
    """
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if before:
            gc.enable()
