"""Compare two runs field by field: what differs, and whether the files are the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from attending.specs.first_fields import first_only

if TYPE_CHECKING:
    from collections.abc import Iterator

    from attending.records.run import Run

#: Fields that say where a run was made; they may differ while its results do not.
PLACE = frozenset(
    {
        "project_commit",
        "clean",
        "code_digest",
        "interpreter",
        "platform",
        "packages",
        "exploratory",
        "reasons",
    }
)
#: What was signed. It may come after the fit, and changes no figure.
SIGNED = frozenset({"agreement", "exceptions"})
_ABSENT = "absent"


@dataclass(frozen=True)
class Difference:
    """One field that differs. `of_place` when it says where or under whose signature, not what."""

    field: str
    was: str
    now: str
    of_place: bool


def compare(was: Run, now: Run) -> list[Difference]:
    """Return every field in which two runs differ, in the order of their names.

    Runs in two forms are compared in the fields that both know.
    """
    both = [run.content() for run in (was, now)]
    if was.form != now.form:
        both = [first_only(run) for run in (was, now)]
    before, after = (dict(_flat("", fields)) for fields in both)
    return [
        Difference(
            field=name,
            was=before.get(name, _ABSENT),
            now=after.get(name, _ABSENT),
            of_place=name.split(".", 1)[0] in PLACE | SIGNED,
        )
        for name in sorted(before.keys() | after.keys())
        if before.get(name, _ABSENT) != after.get(name, _ABSENT)
    ]


def same_files(was: Run, now: Run) -> bool:
    """Return whether two runs made the same files, byte for byte."""
    return was.artifacts == now.artifacts


def same_result(was: Run, now: Run) -> bool:
    """Return whether two runs differ at most in where they were made."""
    return all(item.of_place for item in compare(was, now))


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - any JSON value
    """Yield dotted names and texts; named list items go by name, so that order matters not."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _flat(f"{name}.{key}" if name else key, item)
    elif isinstance(value, list) and value:
        for at, item in enumerate(value):
            key = item["name"] if isinstance(item, dict) and "name" in item else at
            yield from _flat(f"{name}.{key}", item)
    else:
        # Canonical JSON writes 1.0 as 1, so that is what a record says when it is read again.
        whole = isinstance(value, float) and value.is_integer()
        yield name, repr(int(value) if whole else value)
