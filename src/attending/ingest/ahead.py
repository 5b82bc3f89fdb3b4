"""Make the next item while the last one is used: one thread ahead, in the same order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

T = TypeVar("T")


def ahead(items: Generator[T, None, None]) -> Iterator[T]:
    """Yield the items of a generator, each made in another thread while the last is used.

    What the generator raises is raised here, in its place; a consumer that stops closes it.

    >>> list(ahead(number for number in range(3)))
    [0, 1, 2]
    """
    nothing: list[T] = []

    def following() -> list[T]:
        for item in items:
            return [item]
        return nothing

    with ThreadPoolExecutor(1) as pool:
        upcoming = pool.submit(following)
        try:
            while made := upcoming.result():
                upcoming = pool.submit(following)
                yield made[0]
        finally:
            pool.submit(items.close).result()
