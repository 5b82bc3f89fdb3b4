"""What readers of a file of predictions say, in the words of who adopts: adopt.yaml, no options."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from attending.errors import AttendingError

if TYPE_CHECKING:
    from collections.abc import Iterator

_OPTION = re.compile(r"`?--(outcome|risk|patient|time|site|event) ([\w-]+)`?")
_PLAIN = (
    ("--no-percent", "columns: {percent: false} in adopt.yaml"),
    ("--percent", "columns: {percent: true} in adopt.yaml"),
    ("A `validation.yaml` asks your own.", "A validation.yaml beside adopt.yaml asks yours."),
    (" `--delimiter ';'` says which it is.", ""),
    ("compare with them: --baseline COLUMN", "name their column baseline_NAME"),
)


def of_adoption(text: str) -> str:
    """Return a hint or a note that names options, in the words of adopt.yaml.

    >>> of_adoption("Name it: --risk COLUMN. If percentages, write --percent.")
    'Name it: columns: {risk: COLUMN} in adopt.yaml. If percentages, write columns: {percent: \
true} in adopt.yaml.'
    """
    for said, ours in _PLAIN:
        text = text.replace(said, ours)
    return _OPTION.sub(r"columns: {\1: \2} in adopt.yaml", text)


@contextmanager
def told_to_adopters() -> Iterator[None]:
    """Say in the words of adopt.yaml what is refused within.

    Raises:
        AttendingError: what was raised within.
    """
    try:
        yield
    except AttendingError as error:
        error.hint = of_adoption(error.hint)
        raise
