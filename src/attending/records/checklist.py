"""A checklist as answered for one run: each item by a record and its field, or missing."""

from __future__ import annotations

from typing import ClassVar, Literal, TypeAlias

from attending.records.base import Part, Record

Status: TypeAlias = Literal["answered", "not_available", "missing"]


class AnsweredItem(Part):
    """One item and its answer.

    Attributes:
        status: `not_available` when people said that there is none, and why.
        answer: in words; empty when missing.
        source: the kind of record or spec, and its field.
        digest: of that record or spec; empty when missing.
    """

    id: str
    asks: str
    evidence: str
    status: Status
    answer: str = ""
    source: str
    digest: str = ""


class Checklist(Record):
    """A checklist of one run; with a missing item it cannot be signed.

    Attributes:
        profile: which checklist; `spec` is its digest.
        missing: the items that nobody and nothing answers, each with where it is looked for.
    """

    kind: ClassVar[str] = "checklist"

    profile: str
    title: str
    spec: str
    model: str
    version: str
    run: str
    synthetic: bool = False
    items: tuple[AnsweredItem, ...]
    missing: tuple[str, ...] = ()

    @property
    def tally(self) -> str:
        """Return how many items are answered, not available and missing.

        >>> Checklist(profile="chai", title="t", spec="", model="m", version="v1", run="",
        ...           items=()).tally
        '0 of 0 items answered, 0 not available, 0 missing.'
        """
        counts = {
            status: sum(one.status == status for one in self.items)
            for status in ("answered", "not_available", "missing")
        }
        return (
            f"{counts['answered']} of {len(self.items)} items answered, "
            f"{counts['not_available']} not available, {counts['missing']} missing."
        )
