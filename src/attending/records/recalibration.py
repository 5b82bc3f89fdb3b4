"""What closed testing leaves: which update the matured outcomes ask for, and on what evidence."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field

from attending.records.base import Record, When
from attending.records.ledger import Hash  # noqa: TC001 - pydantic reads it at run time

Update: TypeAlias = Literal["none", "intercept", "slope_and_intercept", "refit"]


class RecalibrationProposal(Record):
    """A proposal to update a version, for the clinical owner to sign; nothing follows by itself.

    Attributes:
        run: the run of the version; its model is kept unless the update is a refit.
        outcomes: digest of the account of matured outcomes that it rests on; of a carried model
            that has served nobody, of the local validation report.
        policy: digest of the policy of monitoring and change under which it was asked.
        since, until: the first and the last prediction time among the rows.
        observed_expected: observed over expected events before the update.
        p_values: of each step of the closed test that was taken, in order.
        terms: features that the refit of the test had.
        intercept, slope: of the line on the log-odds; 0 and 1 where there is none.
    """

    kind: ClassVar[str] = "recalibration"
    model: Annotated[str, Field(min_length=1)]
    version: str
    run: Hash
    outcomes: Hash
    policy: Hash
    as_of: When
    since: When
    until: When
    n: int
    n_events: int
    observed_expected: float
    p_values: tuple[float, ...]
    terms: tuple[str, ...]
    update: Update
    intercept: float = 0.0
    slope: float = 1.0
