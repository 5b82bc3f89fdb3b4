"""What differs between two code lists, and how many patients that moves between classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.records.code_list import ClassChange
from attending.scores.columns import whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from attending.specs.code_list import CodeListSpec
    from attending.types import Mask

#: The columns that counting needs.
COLUMNS = ("subject_id", "code", "superseded_at")


def class_changes(before: CodeListSpec, after: CodeListSpec) -> tuple[ClassChange, ...]:
    """Return every class whose codes differ, with what came and what went.

    A code under a prefix that stays is not named: what counts is how the list is written.
    """
    names = dict.fromkeys((*before.names, *after.names))
    found = []
    for name in names:
        old, new = _written(before, name), _written(after, name)
        if old != new:
            added, removed = tuple(sorted(new - old)), tuple(sorted(old - new))
            found.append(ClassChange(name=name, added=added, removed=removed))
    return tuple(found)


def _written(listed: CodeListSpec, name: str) -> frozenset[str]:
    return frozenset(listed.patterns(name)) if name in listed.names else frozenset()


def counter(before: CodeListSpec, after: CodeListSpec) -> Callable[[pa.Table], pa.Table]:
    """Return the work of one shard: for each class, how many patients gain and lose it.

    The work gives one row with `changed` and the lists `gained` and `lost`, in the order of
    `names_of`. Only rows that were never superseded count.
    """
    names = names_of(before, after)

    def work(events: pa.Table) -> pa.Table:
        final = events.filter(events["superseded_at"].is_null())
        codes = pc.dictionary_encode(final["code"].cast(pa.string()).combine_chunks())
        number = np.asarray(codes.indices.to_numpy(zero_copy_only=False))
        subjects, patient = np.unique(whole(final["subject_id"]), return_inverse=True)
        words = codes.dictionary.to_pylist()

        def members(listed: CodeListSpec) -> Mask:
            """Return shape (patients, classes): who is in which class."""
            shown = [listed.classes_of(word) for word in words]
            has = np.array([[name in found for name in names] for found in shown], np.bool_)
            made = np.zeros((len(subjects), len(names)), dtype=np.bool_)
            if len(words):
                np.logical_or.at(made, patient, has[number])
            return made

        old, new = members(before), members(after)
        changed = int((old != new).any(axis=1).sum())
        return pa.table(
            {
                "changed": pa.array([changed], pa.int64()),
                "gained": pa.array([(new & ~old).sum(axis=0).tolist()], pa.list_(pa.int64())),
                "lost": pa.array([(old & ~new).sum(axis=0).tolist()], pa.list_(pa.int64())),
            }
        )

    return work


def names_of(before: CodeListSpec, after: CodeListSpec) -> tuple[str, ...]:
    """Return the classes of both lists, each once."""
    return tuple(dict.fromkeys((*before.names, *after.names)))


def counted(
    changes: tuple[ClassChange, ...], names: tuple[str, ...], parts: pa.Table
) -> tuple[int, tuple[ClassChange, ...]]:
    """Return how many patients change, and every change with its patients, from all shards."""
    gained, lost = (
        np.sum(np.array(parts[column].to_pylist(), dtype=np.int64).reshape(-1, len(names)), axis=0)
        for column in ("gained", "lost")
    )
    at = {name: place for place, name in enumerate(names)}
    told = tuple(
        one.model_copy(
            update={"gained": int(gained[at[one.name]]), "lost": int(lost[at[one.name]])}
        )
        for one in changes
    )
    return int(np.sum(parts["changed"].to_numpy())), told
