"""A home, opened for a verb: `--at` is not in the future of a real one, `--by` is somebody here."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from attending.cli.face import clock
from attending.lifecycle import desk as desks
from attending.lifecycle.clock import require_passed
from attending.lifecycle.people import require_somebody

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from attending.lifecycle.desk import Desk
    from attending.types import Instant


@contextmanager
def open_desk(
    root: Path, *, at: Instant, by: str = "system", actor: str = "", spark: str = ""
) -> Iterator[Desk]:
    """Give a desk in an existing home and close it afterwards.

    Args:
        root: the folder of the home.
        at: when.
        by: who is said to act: somebody of this home, or `system`.
        actor: who acts instead, where the act itself asks who that is.
        spark: the master of a Spark cluster; this machine when empty.
    """
    with desks.open_desk(root, at=at, actor=actor or by, spark=spark) as desk:
        require_passed(at, now=clock(None), synthetic=desk.home.synthetic)
        if not actor:
            require_somebody(desk)
        yield desk


@contextmanager
def open_or_create(root: Path, *, at: Instant, by: str = "system") -> Iterator[Desk]:
    """Give a desk in a home that is made when there is none; such a home is real."""
    if not (root / "settings.yaml").is_file():
        require_passed(at, now=clock(None), synthetic=False)
    with desks.open_or_create(root, at=at, actor=by) as desk:
        require_passed(at, now=clock(None), synthetic=desk.home.synthetic)
        require_somebody(desk)
        yield desk
