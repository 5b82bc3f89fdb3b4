"""What is asked of recorded predictions: as `validation.yaml`, but a baseline is no must."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator

from attending.specs.validation import BaselineToBeat, ValidationSpec, named


class RecordedSpec(ValidationSpec):
    """What is asked of predictions that somebody recorded.

    Attributes:
        baselines: scores to compare with that stand in the same file; there may be none.

    >>> RecordedSpec().baselines
    ()
    """

    baselines: tuple[Annotated[BaselineToBeat, BeforeValidator(named)], ...] = ()
