"""What a review of the calendar leaves: who looked, at what, and what was found."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from attending.records.base import Record, When
from attending.records.governance import PersonId, Role  # noqa: TC001 - pydantic reads it
from attending.records.ledger import Hash  # noqa: TC001 - pydantic reads it at run time


class TaskReview(Record):
    """A task of the review calendar was done, signed by its owner.

    Attributes:
        task: its name in monitoring.yaml.
        due_at: when it was due.
        looked_at: digests of what stood before the reviewer: the newest report and verdict.
        in_order: whether all was as it should be.
    """

    kind: ClassVar[str] = "task_review"
    model: Annotated[str, Field(min_length=1)]
    version: str
    task: Annotated[str, Field(min_length=1)]
    person_id: PersonId
    role: Role
    finding: Annotated[str, Field(min_length=1, max_length=4000)]
    in_order: bool
    due_at: When
    looked_at: tuple[Hash, ...] = ()
    reviewed_at: When
