"""What a silent period leaves: how scores were made, what was missing, and how good they were."""

from __future__ import annotations

from typing import ClassVar

from attending.records.base import GrownPart, Part, Record, When
from attending.records.skew import SkewedFeature  # noqa: TC001 - pydantic reads it


class InputGap(Part):
    """One feature while the model was silent, beside the rows that it was validated on.

    Attributes:
        missing: share of predictions without a value; null when it would tell a small count.
        missing_before: the same when the model was validated; null when nobody looked.
        not_yet_known: of predictions with a row in the window, those whose newest row was not yet
            known.
        stale: share whose newest row was older than its limit.
    """

    feature: str
    label: str
    missing: float | None
    missing_before: float | None
    not_yet_known: float | None
    stale: float | None


class Delay(Part):
    """How long something took, in hours: the median, and what nine in ten stay within."""

    n: int
    median_hours: float
    ninth_decile_hours: float


class SilentReport(GrownPart, Record):
    """The silent period of one version.

    Attributes:
        validation: digest of the prospective validation, by the gates of the signed plan.
        plan: digest of that plan, `validation.yaml`.
        gates: each gate's name and answer.
        n: predictions made; each has the model's score, a fallback or none. Small counts, and what
            would tell them, are null.
        not_predicted: patients who were due in the period and got no prediction.
        with_gap: share of predictions in which at least one feature had no value.
        made_after: from the prediction time to when the batch that made it was kept.
        in_time: share of predictions that were made within the action window.
        label_delay: from the prediction time to when its outcome was mature.
        skew: digest of the comparison of what was served with the snapshot; none when all scores
            are of batches.
        served_otherwise: the inputs that differ: left out, late, or of another scale.
        reasons: why predictions had no live score or were marked, and how many.
    """

    kind: ClassVar[str] = "silent_report"

    model: str
    version: str
    run: str
    release: str
    snapshot: str
    since: When
    until: When
    n: int
    n_live: int | None
    n_fallback: int | None
    n_no_score: int | None
    n_flagged: int | None
    matured: int | None
    events: int | None
    immature: int | None
    censored: int | None
    competing: int | None
    lost: int | None
    not_predicted: int | None
    with_gap: float | None
    inputs: tuple[InputGap, ...]
    made_after: Delay | None
    in_time: float | None
    action_window: str
    label_delay: Delay | None
    reasons: dict[str, int]
    plan: str
    validation: str
    gates: dict[str, str]
    gates_met: bool
    suppress_counts_up_to: int
    skew: str | None = None
    served_otherwise: tuple[SkewedFeature, ...] = ()
