"""A named collection of variants: one file and one line make a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from attending.errors import BadInput, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")


class Registry(Generic[T]):
    """Variants of one kind, by name, in the order in which they were registered.

    >>> shapes: Registry[int] = Registry("shape")
    >>> shapes.add("triangle", 3)
    3
    >>> shapes.get("triangel")
    Traceback (most recent call last):
    ...
    attending.errors.BadInput: got shape 'triangel', which is not known
    Did you mean 'triangle'?
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._items: dict[str, T] = {}

    def add(self, name: str, item: T) -> T:
        """Return `item` after registering it under `name`.

        Raises:
            ValueError: the name is taken.
        """
        if name in self._items:
            raise ValueError(f"{self.kind} '{name}' is registered twice")
        self._items[name] = item
        return item

    def named(self, name: str) -> Callable[[T], T]:
        """Return a decorator that registers what it decorates."""

        def register(item: T) -> T:
            return self.add(name, item)

        return register

    def get(self, name: str, *, where: str = "") -> T:
        """Return the variant of that name.

        Raises:
            BadInput: no such name; the hint has the nearest.
        """
        if name not in self._items:
            raise BadInput(
                f"got {self.kind} '{name}', which is not known",
                code=f"{self.kind.replace(' ', '_')}.unknown",
                hint=did_you_mean(name, self._items),
                where=where,
            )
        return self._items[name]

    def names(self) -> list[str]:
        """Return all names in the order of registration."""
        return list(self._items)

    def items(self) -> Iterator[tuple[str, T]]:
        """Iterate over names and variants in the order of registration."""
        return iter(self._items.items())
