"""What one asker may take of the service (`policy/limits.yaml` of a home)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from attending.specs.base import Spec


class LimitsSpec(Spec):
    """`policy/limits.yaml`; without the file these defaults count.

    Attributes:
        at_once: requests of one session or token that are worked on at the same time; one address,
            which many people may share, gets twice as many.
        per_minute: requests of one session or token; of one address ten times as many.
        predictions_per_day: new predictions for one client, a person or a record system, by the
            day in UTC. The one beyond it is refused and raises an alarm: a model can be copied
            by asking it often enough.
        body_seconds: for each part of a request's body to come.
        score_digits: decimals of scores, bands and contributions that machines are told; what is
            kept is whole. Not rounded when absent.
    """

    at_once: Annotated[int, Field(ge=1, le=32)] = 16
    per_minute: Annotated[int, Field(ge=1, le=1_000_000)] = 6_000
    predictions_per_day: Annotated[int, Field(ge=1, le=100_000_000)] = 50_000
    body_seconds: Annotated[int, Field(ge=1, le=600)] = 30
    score_digits: Annotated[int, Field(ge=1, le=6)] | None = None
