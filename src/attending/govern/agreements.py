"""The agreement before fitting: a plan that everyone signed, and nothing fitted before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attending.govern.gates import Fact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attending.records.governance import Agreement, Approval


@dataclass(frozen=True)
class Fitted:
    """What was fitted, and its place in the ledger.

    Attributes:
        seq: of the ledger entry in which the fit began or was recorded.
    """

    validation_spec: str
    cohort_spec: str
    model_spec: str
    seq: int


def agreed_before_fit(
    agreement: Agreement | None, approvals: Mapping[int, Approval], fitted: Fitted
) -> Fact:
    """Return whether the plan that was fitted is the one that all signers had agreed to before.

    Before and after are places in the ledger, not readings of a clock.

    Args:
        agreement: the plan; None when there is none.
        approvals: signatures by the ledger entry that recorded them.
        fitted: what was fitted, and when.
    """
    if agreement is None:
        return Fact(
            "missing", note="there is no agreement; use `attending agree` before `train fit`"
        )
    plan = (agreement.validation_spec, agreement.cohort_spec, agreement.model_spec)
    if plan != (fitted.validation_spec, fitted.cohort_spec, fitted.model_spec):
        return Fact("failed", agreement.digest, "the agreed plan is not the one that was fitted")
    signed = {
        item.signer: seq
        for seq, item in sorted(approvals.items(), reverse=True)
        if item.document == agreement.digest and item.document_kind == "agreement"
    }
    absent = [person for person in agreement.signers if person not in signed]
    if absent:
        return Fact("missing", agreement.digest, f"{len(absent)} of those named have not signed")
    late = [person for person in agreement.signers if signed[person] > fitted.seq]
    if late:
        return Fact("failed", agreement.digest, f"{len(late)} signed after the model was fitted")
    return Fact("met", agreement.digest)
