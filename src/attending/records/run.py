"""What training leaves: a run, with everything that is needed to repeat it byte for byte."""

from __future__ import annotations

from typing import ClassVar, TypeAlias

from pydantic import Field

from attending.records.base import GrownPart, Part, Record, When

Setting: TypeAlias = bool | int | float | str
#: The form in which runs are written now; older ones are read as they are.
FORM = 2


class Package(Part):
    """One installed package; `hash` is empty where the installer left none."""

    name: str
    version: str
    hash: str = ""


class SliceCount(GrownPart):
    """How many rows, events and patients a slice holds."""

    name: str
    rows: int
    events: int
    patients: int


class SplitFacts(GrownPart):
    """How rows were shared out, and how many were left out and why.

    Attributes:
        kind: temporal, group_random or by_group.
        cut: first prediction time of the test; None where the split is not temporal.
        unlabelled: rows without an outcome, in no slice.
        ungrouped: rows without a value in the column of a by_group split.
        purged: training rows whose outcome was not known before the cut.
        embargoed: further training rows inside the embargo.
        patient_overlap: what was declared for patients on both sides.
        overlap_patients: patients on both sides before that was done.
        overlap_rows: rows dropped for it.
        encounter_rows: training rows dropped because their stay is also in the test.
        folds: number of folds, 0 for none.
    """

    kind: str
    reason: str
    cut: When | None
    slices: tuple[SliceCount, ...]
    unlabelled: int
    ungrouped: int
    purged: int
    embargoed: int
    patient_overlap: str
    overlap_patients: int
    overlap_rows: int
    encounter_rows: int
    folds: int


class Measured(GrownPart):
    """A candidate's figures on the test rows, for a first look; `validate` gives the evidence."""

    auroc: float
    brier: float
    mean_risk: float
    event_rate: float


class CandidateFacts(GrownPart):
    """One estimator that was fitted. `chosen` was fixed before fitting."""

    name: str
    estimator: str
    parameters: dict[str, Setting]
    chosen: bool
    test: Measured
    out_of_fold: Measured | None


class ArtifactDigest(Part):
    """One file that the run made."""

    name: str
    digest: str


class SampleSize(GrownPart):
    """Rows that were there against rows that Riley's criteria ask for."""

    rows: int
    needed: int
    parameters: int
    policy: str


class Run(GrownPart, Record):
    """One training run. It can be repeated from these fields and compared digest by digest.

    Attributes:
        project_commit: git commit of the project folder, empty where there is none.
        clean: whether that folder held no change beside the commit.
        code_digest: digest of the installed attending files.
        agreement: digest of the signed agreement on baselines and metrics, when there is one.
        exploratory: whether it may not be promoted; `reasons` say why.
        exceptions: signed exceptions that this run used, by their digests or codes.
        form: 1 as release 0.1.0 wrote it; 2 with the fields below, which are absent in 1.
        label: digest of the definition of the outcome alone.
        feature_version: the version that features.yaml gives itself.
        specs: by file, the digest of the spec that was read; it is kept as an artifact.
    """

    kind: ClassVar[str] = "run"

    model: str
    outcome: str
    project_commit: str
    clean: bool
    code_digest: str
    interpreter: str
    platform: str
    packages: tuple[Package, ...]
    snapshot: str
    contract_report: str | None
    cohort: str
    cohort_spec: str
    feature_set: str
    feature_table: str
    model_spec: str
    split: SplitFacts
    seed: int
    estimator: str
    parameters: dict[str, Setting]
    calibration: str
    baselines: tuple[str, ...]
    metrics_agreed: tuple[str, ...]
    candidates: tuple[CandidateFacts, ...]
    sample_size: SampleSize | None
    artifacts: tuple[ArtifactDigest, ...]
    agreement: str | None
    exploratory: bool
    reasons: tuple[str, ...]
    exceptions: tuple[str, ...]
    form: int = 1
    label: str = ""
    feature_version: str = ""
    specs: dict[str, str] = Field(default_factory=dict)

    def chosen(self) -> CandidateFacts:
        """Return the candidate that is the model."""
        return next(item for item in self.candidates if item.chosen)
