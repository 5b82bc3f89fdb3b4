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
    """How many rows, events and patients a slice holds; a number has no events."""

    name: str
    rows: int
    events: int | None
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
        tuning_rows: whether the tuning slice is of patients drawn by hash, or the latest rows.
        tuning_gap_rows: rows dropped so that the latest ones lie wholly after those fitted on.
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
    tuning_rows: str = "by_patient"
    tuning_gap_rows: int = 0


class Measured(GrownPart):
    """A candidate's figures on the test rows, for a first look; `validate` gives the evidence."""

    auroc: float
    brier: float
    mean_risk: float
    event_rate: float


class Trial(Part):
    """One set of parameters that a search tried; a score for each fold, and their mean."""

    parameters: dict[str, Setting]
    scores: tuple[float, ...]
    mean: float


class SearchFold(Part):
    """Earlier rows that a fold fitted on, later ones that judged it.

    Attributes:
        begins: where the judging rows begin; None where the data have no calendar.
    """

    begins: When | None
    fit_rows: int
    judge_rows: int
    judge_events: int


class SearchFacts(Part):
    """A search over parameters within the training rows; `best` is the trial that was taken."""

    method: str
    measure: str
    folds: tuple[SearchFold, ...]
    trials: tuple[Trial, ...]
    best: int


class HeldOutSite(Part):
    """A site that the fit was made without, and how the model did on its test rows.

    Attributes:
        status: `ok`, or `insufficient` when fewer than 11 rows have, or lack, the event.
        fit_rows: rows of other sites that the model was fitted on.
        rows: of the test at this site; None where that would tell a count of 1 to 10.
        events: likewise.
    """

    site: str
    status: str
    fit_rows: int
    rows: int | None
    events: int | None
    auroc: float | None = None
    auroc_low: float | None = None
    auroc_high: float | None = None
    observed_expected: float | None = None
    observed_expected_low: float | None = None
    observed_expected_high: float | None = None
    calibration_slope: float | None = None
    brier: float | None = None


class MeasuredNumber(Part):
    """A candidate's figures on the test rows, where the outcome is a number or a count."""

    outcome_type: str
    mae: float
    rmse: float
    coverage: float
    mean_predicted: float
    mean_observed: float


class CandidateFacts(GrownPart):
    """One estimator that was fitted. `chosen` was fixed before fitting.

    Attributes:
        parameters: with which it was fitted, after its search.
        search: what was tried, when a search was asked for.
    """

    name: str
    estimator: str
    parameters: dict[str, Setting]
    chosen: bool
    test: Measured | MeasuredNumber
    out_of_fold: Measured | None
    search: SearchFacts | None = None

    @property
    def first_figures(self) -> dict[str, str]:
        """Return the first figures on the test rows as people read them, by their names."""
        found = self.test
        if isinstance(found, MeasuredNumber):
            return {"MAE": f"{found.mae:.3f}", "Coverage": f"{found.coverage:.3f}"}
        return {"AUROC": f"{found.auroc:.3f}", "Brier": f"{found.brier:.4f}"}


class ArtifactDigest(Part):
    """One file that the run made."""

    name: str
    digest: str


class SampleSize(GrownPart):
    """Rows that were there against rows that Riley's criteria ask for.

    Attributes:
        needed: the largest of the three below.
        events: training rows with the event.
        shrinkage: rows for a shrinkage of 0.9 or more.
        optimism: rows for an optimism in R2 of 0.05 or less.
        overall: rows for the overall risk within 0.05.
    """

    rows: int
    needed: int
    parameters: int
    policy: str
    events: int | None = None
    shrinkage: int | None = None
    optimism: int | None = None
    overall: int | None = None

    @property
    def enough(self) -> bool:
        """Return whether every criterion is met."""
        return self.rows >= self.needed


class Run(GrownPart, Record):
    """One training run. It can be repeated from these fields and compared digest by digest.

    Attributes:
        project_commit: git commit of the project folder, empty where there is none.
        clean: whether that folder held no change beside the commit.
        code_digest: digest of the installed attending files.
        agreement: digest of the signed agreement on baselines and metrics, when there is one.
        exploratory: whether it passes no gate; `reasons` say why.
        exceptions: signed exceptions that this run used, by their digests or codes.
        class_weights: `balanced` when either outcome counted the same in the fit; the calibration
            mended the risks.
        monotone: by feature, the sign that the model keeps.
        held_out_sites: the model fitted without each site, on that site's test rows.
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
    class_weights: str = "none"
    monotone: dict[str, str] = Field(default_factory=dict)
    held_out_sites: tuple[HeldOutSite, ...] = ()
    form: int = 1
    label: str = ""
    feature_version: str = ""
    specs: dict[str, str] = Field(default_factory=dict)

    @property
    def outcome_type(self) -> str:
        """Return `yes_no`, `number` or `count`."""
        found = self.chosen().test
        return found.outcome_type if isinstance(found, MeasuredNumber) else "yes_no"

    def chosen(self) -> CandidateFacts:
        """Return the candidate that is the model."""
        return next(item for item in self.candidates if item.chosen)
