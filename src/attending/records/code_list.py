"""What a change of a code list leaves: what changed, for how many patients, to be signed."""

from __future__ import annotations

from typing import ClassVar

from attending.records.base import Part, Record


class ClassChange(Part):
    """One class of a list: codes that came and went, and patients who are now in or out of it.

    Attributes:
        gained, lost: patients of the snapshot; None where nobody was counted.
    """

    name: str
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    gained: int | None = None
    lost: int | None = None


class CodeListReview(Record):
    """A changed code list and its effect, to be signed before the list is used.

    Attributes:
        before, after: digests of the two lists, versions and names beside them.
        patients: in the snapshot; changed: those whose classes differ.
    """

    kind: ClassVar[str] = "code_list_review"

    name: str
    before: str
    before_version: str
    after: str
    after_version: str
    snapshot: str
    patients: int
    changed: int
    classes: tuple[ClassChange, ...]
