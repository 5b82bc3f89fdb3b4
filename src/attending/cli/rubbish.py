"""Python's search for rubbish, put off while what stays is made: modules, models, pages."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def none_sought() -> Iterator[None]:
    """Seek no rubbish in the block, and later none among what was there at its end.

    The scoring process makes half a million objects that stay, when it is imported and as it takes
    up its models; going through them again and again, as there are more, takes a sixth of its
    start, and later a pause of 40 ms in some answer.

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
