"""What is told to patients of a model that supports their care."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from attending.records.base import Part, Record


class NoticePart(Part):
    """A heading, as a patient would ask it, and the sentences that answer it."""

    heading: str
    sentences: tuple[str, ...]


class PatientNotice(Record):
    """What patients are told of one model, in plain words.

    Attributes:
        grade: the Flesch-Kincaid grade of all its text.
        grade_at_most: what was asked.
        made_from: digests of the card and of the release plan.
    """

    kind: ClassVar[str] = "patient_notice"

    name: str
    version: str
    synthetic: bool = False
    parts: tuple[NoticePart, ...]
    grade: float
    grade_at_most: float
    made_from: dict[str, str] = Field(default_factory=dict)

    @property
    def text(self) -> str:
        """Return all that a patient reads, one part a line."""
        return "\n".join(f"{part.heading} {' '.join(part.sentences)}" for part in self.parts)
