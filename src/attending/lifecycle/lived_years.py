"""Years of a simulation in a file, so that one that was cut short goes on where it stopped."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from attending.digests import digest_of
from attending.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from attending.monitor.simulate import Part


class OtherYears(BadInput):
    """The file holds no years of what is tried."""

    def __init__(self, path: Path) -> None:
        """Name the file."""
        super().__init__(
            "the file holds no years of this policy, version and code",
            code="simulate.resume",
            hint="Name a new file, or delete this one.",
            where=str(path),
        )


class LivedYears(dict[str, "Part"]):
    """Years by name; each that is put in is a line of the file before the next one begins."""

    def __init__(self, path: Path, years: Mapping[str, Part]) -> None:
        """Take the years that the file holds."""
        super().__init__(years)
        self._path = path

    def __setitem__(self, name: str, part: Part) -> None:
        """Write one more year behind the others."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps([name, part]) + "\n")
        super().__setitem__(name, part)


def open_years(path: Path, of: Mapping[str, Any]) -> LivedYears:
    """Return the years in a file, which is made when it is not there.

    Its first line says whose years they are. A line without its end was being written when the
    process died: it is cut off, and that year is lived through again.

    Args:
        path: the file.
        of: what the years depend on; any other value makes other years.

    Raises:
        OtherYears: the file holds the years of something else, or no years.
    """
    whose = digest_of(dict(of))
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        whole = text[: text.rfind("\n") + 1] or _first(path, whose, text)
        first, *rest = whole.splitlines()
        head, years = json.loads(first), dict(json.loads(line) for line in rest)
    except ValueError as error:
        raise OtherYears(path) from error
    if head != {"years of": whose}:
        raise OtherYears(path)
    if whole != text:
        path.write_text(whole, encoding="utf-8")
    return LivedYears(path, years)


def _first(path: Path, whose: str, begun: str) -> str:
    """Return the first line of a file in which nothing stands but a beginning of it.

    Raises:
        OtherYears: something else stands there.
    """
    line = json.dumps({"years of": whose}) + "\n"
    if not line.startswith(begun):
        raise OtherYears(path)
    return line
