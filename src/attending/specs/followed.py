"""What is followed after go-live beside the outcome of the model: work, harm and workload."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from attending.specs.base import Length, Spec
from attending.specs.outcome import Codes  # noqa: TC001 - pydantic reads it

#: What a measure tells of: care that was given, harm that was done, or the work that it makes.
MeasureKind: TypeAlias = Literal["process", "harm", "workload"]


class Followed(Spec):
    """One measure: the share of eligible stays with one of some codes after the prediction.

    `within` is counted from the prediction time; `wanted` is the way in which it should move.
    A code that ends in `*` is a prefix.

    >>> Followed(name="call", kind="process", codes=("CALL//*",), within=7, wanted="higher").wanted
    'higher'
    """

    name: Annotated[str, Field(min_length=1, max_length=80)]
    kind: MeasureKind
    codes: Codes
    within: Annotated[Length, Field(gt=0)]
    wanted: Literal["lower", "higher"]
