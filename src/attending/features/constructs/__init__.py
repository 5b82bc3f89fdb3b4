"""Ready features for a project to copy: one file for each way to code results."""

from __future__ import annotations

from pathlib import Path

from attending.errors import NotFound, did_you_mean

_HERE = Path(__file__).parent


def construct_names() -> tuple[str, ...]:
    """Return the names of the files.

    >>> construct_names()
    ('loinc', 'mimic-iv')
    """
    return tuple(sorted(path.stem for path in _HERE.glob("*.yaml")))


def construct_file(name: str) -> Path:
    """Return a file of ready features.

    Raises:
        NotFound: no such file; the hint has the nearest.

    >>> construct_file("loinc").name
    'loinc.yaml'
    """
    if name not in construct_names():
        raise NotFound(
            f"there are no ready features '{name}'",
            code="features.ready",
            hint=did_you_mean(name, construct_names()),
        )
    return _HERE / f"{name}.yaml"
