"""Mappings that come with the package: sources whose files are the same everywhere."""

from __future__ import annotations

from pathlib import Path

from attending.errors import NotFound, did_you_mean

_HERE = Path(__file__).parent


def builtin_path(name: str) -> Path:
    """Return the mapping of a well-known source.

    Raises:
        NotFound: there is none of that name.
    """
    path = _HERE / f"{name}.yaml"
    if not path.is_file():
        known = [one.stem for one in _HERE.glob("*.yaml")]
        raise NotFound(
            f"there is no mapping '{name}'",
            code="mapping.unknown",
            hint=did_you_mean(name, known),
        )
    return path
