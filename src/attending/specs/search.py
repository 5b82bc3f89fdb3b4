"""What a team asks of a search over parameters: which, how many trials, judged how."""

from __future__ import annotations

import math
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from attending.specs.base import Scalar, Spec

_MOST_TRIALS = 200
#: Said in fields of their own, so that a search may not change them behind the agreement.
RESERVED = frozenset({"class_weights", "monotone_up", "monotone_down", "file", "digest"})


class Span(Spec):
    """A range of numbers to draw from.

    Attributes:
        low: the smallest, itself included.
        high: the largest, itself included.
        scale: `log` draws as often between 0.01 and 0.1 as between 0.1 and 1.
        whole: whole numbers only.
    """

    low: float
    high: float
    scale: Literal["linear", "log"] = "linear"
    whole: bool = False

    @model_validator(mode="after")
    def _rises(self) -> Span:
        if not self.low < self.high:
            raise ValueError("expected low below high")
        if self.scale == "log" and self.low <= 0.0:
            raise ValueError("a log scale needs low above 0")
        return self


Choices: TypeAlias = Annotated[tuple[Scalar, ...], Field(min_length=1)]


class SearchSpec(Spec):
    """A search over parameters, within the training rows alone.

    Each fold fits on earlier rows and is judged on later ones, with the embargo between them, and
    no patient stands on both sides. The parameters as they are written are the first trial.

    Attributes:
        method: `random` draws trials, `grid` tries every combination of lists.
        trials: how many are drawn, the first among them.
        folds: how often earlier rows are judged on later ones.
        measure: what is the best; `log_loss` and `brier` ask for the risk itself.
        over: by parameter, a list or a range.
    """

    method: Literal["random", "grid"] = "random"
    trials: Annotated[int, Field(ge=2, le=_MOST_TRIALS)] = 20
    folds: Annotated[int, Field(ge=1, le=10)] = 3
    measure: Literal["log_loss", "brier", "auroc"] = "log_loss"
    over: Annotated[dict[str, Choices | Span], Field(min_length=1)]

    @model_validator(mode="after")
    def _can_be_tried(self) -> SearchSpec:
        taken = sorted(RESERVED & set(self.over))
        if taken:
            raise ValueError(f"got '{taken[0]}', which has a field of its own")
        if self.method == "grid":
            if any(isinstance(item, Span) for item in self.over.values()):
                raise ValueError("a grid takes lists; a range needs method: random")
            size = math.prod(len(item) for item in self.over.values() if isinstance(item, tuple))
            if size > _MOST_TRIALS:
                raise ValueError(f"a grid of {size} trials, expected {_MOST_TRIALS} at most")
        return self
