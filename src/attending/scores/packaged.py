"""The files that come with the scores: code lists, and which event codes hold a bedside signal."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from attending.errors import NotFound, did_you_mean
from attending.specs.code_list import CodeListSpec
from attending.specs.read_yaml import read_spec
from attending.specs.signals import SignalsSpec

_HERE = Path(__file__).parent
CODE_LISTS = _HERE / "code_lists"


def code_list_names() -> tuple[str, ...]:
    """Return the names of the packaged code lists.

    >>> code_list_names()
    ('charlson', 'elixhauser', 'medication_classes', 'renal_severe')
    """
    return tuple(sorted(path.stem for path in CODE_LISTS.glob("*.yaml")))


@lru_cache(maxsize=16)
def code_list(name: str) -> CodeListSpec:
    """Return a packaged code list; its examples are checked as it is read.

    Raises:
        NotFound: no such list; the hint has the nearest.

    >>> sorted(code_list("charlson").classes_of("ICD10CM//I214"))
    ['mi']
    """
    if name not in code_list_names():
        raise NotFound(
            f"there is no packaged code list '{name}'",
            code="codelist.missing",
            hint=did_you_mean(name, code_list_names()),
        )
    return read_spec(CODE_LISTS / f"{name}.yaml", CodeListSpec)


@lru_cache(maxsize=1)
def signals() -> SignalsSpec:
    """Return the packaged bedside signals.

    >>> signals().signal("pulse").unit
    '/min'
    """
    return read_spec(_HERE / "signals.yaml", SignalsSpec)
