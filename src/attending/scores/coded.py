"""Coded diagnoses by the classes of a code list, at each prediction.

`knowable` takes codes that were visible; `as_coded` takes those of the stay and of earlier ones
whenever they came, which favours a score. No code at all is missing, not zero.

Events hold ICD codes in capitals and without dots; they are taken as they stand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from attending.scores.evidence import Evidence, of_many
from attending.scores.pairs import Pairs, pair, starting

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa

    from attending.specs.code_list import CodeListSpec
    from attending.types import Mask

#: The vocabularies of diagnoses; any code of them says that a patient was coded.
VOCABULARIES = ("ICD9CM//", "ICD10CM//")


@dataclass(frozen=True)
class Coded:
    """What the codes of each prediction row show.

    Attributes:
        shown: class -> truth for each prediction row.
        evidence: class -> the newest code that shows it, else the newest code of all.
        any_code: whether the row has any usable code.
    """

    shown: dict[str, Mask]
    evidence: dict[str, Evidence]
    any_code: Mask


def coded_classes(
    events: pa.Table, rows: pa.Table, lists: Iterable[CodeListSpec], *, availability: str
) -> Coded:
    """Return for each prediction row which classes its codes show, and whether it has any code.

    Args:
        events: one shard's events.
        rows: prediction rows.
        lists: whose classes are asked for; no two share a name.
        availability: `knowable` or `as_coded`.
    """
    coded = starting(events, *VOCABULARIES)
    pairs = pair(coded, rows)
    usable = usable_codes(pairs, availability=availability)
    newest = pairs.newest(usable)
    codes = pc.dictionary_encode(coded["code"].combine_chunks())
    number = np.asarray(codes.indices.to_numpy(zero_copy_only=False))[pairs.event]
    words = codes.dictionary.to_pylist()
    shown, decided = {}, {}
    for one in lists:
        classes = [one.classes_of(word) for word in words]
        for name in one.names:
            has = np.array([name in found for found in classes], dtype=np.bool_)
            if not has.any():
                shown[name], decided[name] = np.zeros(rows.num_rows, np.bool_), newest
                continue
            at = pairs.newest(usable & has[number])
            shown[name] = at >= 0
            decided[name] = np.where(at >= 0, at, newest)
    evidence = dict(zip(decided, of_many(coded, list(decided.values())), strict=True))
    return Coded(shown, evidence, newest >= 0)


def usable_codes(pairs: Pairs, *, availability: str) -> Mask:
    """Return which pairs count: visible ones, or what was coded in the end up to this stay."""
    if availability == "knowable":
        visible: Mask = pairs.visible & (pairs.time <= pairs.at)
        return visible
    of_stay = (pairs.event_stay == pairs.stay) & (pairs.stay >= 0)
    usable: Mask = pairs.final & (of_stay | (pairs.time <= pairs.at))
    return usable


def worst_only(shown: dict[str, Mask], hierarchy: Iterable[tuple[str, str]]) -> dict[str, Mask]:
    """Return the classes with the lesser of each pair taken away where the worse is there.

    >>> yes = np.array([True])
    >>> worst_only({"msld": yes, "mld": yes}, [("msld", "mld")])["mld"].tolist()
    [False]
    """
    kept = dict(shown)
    for worse, lesser in hierarchy:
        kept[lesser] = kept[lesser] & ~kept[worse]
    return kept
