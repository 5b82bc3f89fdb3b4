"""What a team asks of a model: estimator, split, calibration, baselines, all before fitting."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    model_validator,
)

from attending.specs.base import Length, Scalar, Spec
from attending.specs.expression import Expression  # noqa: TC001 - pydantic reads it
from attending.specs.outcome_type import OutcomeType, check_suits, with_defaults
from attending.specs.recalibration import RecalibrationSpec  # noqa: TC001 - the type of a field
from attending.specs.search import SearchSpec  # noqa: TC001 - the type of a field
from attending.times import format_instant, parse_instant
from attending.types import Instant

#: A short name that may stand in a path: small letters, digits and hyphens.
Slug: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=64)]
#: A share of rows or patients, above 0 and below 1.
Share: TypeAlias = Annotated[float, Field(gt=0.0, lt=1.0)]
#: A share that may be 0, which leaves the slice out.
MaybeShare: TypeAlias = Annotated[float, Field(ge=0.0, lt=1.0)]


def _instant(value: object) -> object:
    return parse_instant(value) if isinstance(value, str) else value


#: An instant as a spec writes it: 2026-01-31T06:00:00Z.
SpecInstant: TypeAlias = Annotated[
    Instant,
    BeforeValidator(_instant),
    PlainSerializer(format_instant, return_type=str, when_used="json"),
]


def _auto(value: object) -> object:
    return None if value == "auto" else value


#: What happens to patients who stand on both sides of a split.
PatientOverlap: TypeAlias = Literal["refuse", "drop_from_train", "drop_from_test", "allow"]
Estimator: TypeAlias = Literal["lightgbm", "logistic", "additive", "onnx", "linear", "poisson"]
#: Those that keep a sign which clinicians know.
_HOLD_SIGNS = frozenset({"lightgbm", "additive"})


class Slices(Spec):
    """How the rows before the test are shared out, by patient: tuning, calibration, the rest fits.

    Attributes:
        tuning_fraction: share of training patients that may stop a fit early.
        calibration_fraction: share of training patients on which calibration is fitted.
        tuning_rows: which rows those are: of patients drawn by hash, or the latest ones.
        leave_one_site_out: also fit once without each site, and judge on its test rows.
        patient_overlap: what happens to patients on both sides; `refuse` unless declared.
        reason: why this split and no other; required where it is not temporal.
    """

    tuning_fraction: MaybeShare = 0.0
    calibration_fraction: MaybeShare = 0.2
    tuning_rows: Literal["by_patient", "latest"] = "by_patient"
    leave_one_site_out: bool = False
    patient_overlap: PatientOverlap = "refuse"
    reason: str = ""

    @model_validator(mode="after")
    def _leaves_rows_to_fit(self) -> Slices:
        if self.tuning_fraction + self.calibration_fraction > 0.8:
            raise ValueError("tuning and calibration take more than 0.8 of the training patients")
        if self.patient_overlap == "allow" and len(self.reason) < 10:
            raise ValueError("patient_overlap: allow needs a reason")
        return self


class TemporalSplit(Slices):
    """Train before an instant, test from it on.

    Attributes:
        test_from: the first prediction time of the test.
        test_fraction: or the share of labelled rows, the latest ones, that the test takes.
        embargo: gap before the test in which no training row may predict; `auto` is the horizon
            and the label delay.
    """

    kind: Literal["temporal"]
    test_from: SpecInstant | None = None
    test_fraction: Share | None = None
    embargo: Annotated[Length | None, BeforeValidator(_auto)] = None

    @model_validator(mode="after")
    def _one_way_to_say_when(self) -> TemporalSplit:
        if (self.test_from is None) == (self.test_fraction is None):
            raise ValueError("expected either test_from or test_fraction")
        return self


class GroupRandomSplit(Slices):
    """Patients drawn by hash, for data without a calendar; needs a signed exception.

    Attributes:
        group: what is kept whole; always the patient.
        folds: also predict every patient from a model that was fitted without them; 0 does not.
    """

    kind: Literal["group_random"]
    group: Literal["patient"] = "patient"
    test_fraction: Share = 0.25
    folds: Annotated[int, Field(ge=0, le=20)] = 0
    reason: Annotated[str, Field(min_length=10)]

    @model_validator(mode="after")
    def _more_than_one_fold(self) -> GroupRandomSplit:
        if self.folds == 1:
            raise ValueError("expected folds: 0, or 2 or more")
        return self


class GroupSplit(Slices):
    """Test on named groups of one cohort column, such as a year group.

    Attributes:
        column: the cohort's column, such as `group_year_group`.
        test: its values that the test takes; rows without a value are left out.
    """

    kind: Literal["by_group"]
    column: Annotated[str, Field(pattern=r"^(site|group_[a-z0-9_]+)$")]
    test: Annotated[tuple[str, ...], Field(min_length=1)]
    reason: Annotated[str, Field(min_length=10)]


class RandomSplit(Slices):
    """Rows drawn at random. It can be written so that training can refuse it by name."""

    kind: Literal["random"]
    test_fraction: Share = 0.25


Split: TypeAlias = Annotated[
    TemporalSplit | GroupRandomSplit | GroupSplit | RandomSplit, Field(discriminator="kind")
]


class CandidateSpec(Spec):
    """Another estimator that is fitted and reported beside the chosen one.

    Attributes:
        estimator: which; `onnx` is brought as a file and never fitted.
        name: in the reports; the estimator's own when absent.
        parameters: of the estimator; those of `onnx` are `file` and its SHA-256, `digest`.
        search: better parameters, looked for in the training rows alone.
    """

    estimator: Estimator
    name: Slug | None = None
    parameters: dict[str, Scalar] = Field(default_factory=dict)
    search: SearchSpec | None = None

    @model_validator(mode="after")
    def _says_what_it_is(self) -> CandidateSpec:
        if "class_weights" in self.parameters:
            raise ValueError("class_weights is a field of model.yaml, not a parameter")
        if self.estimator == "onnx" and set(self.parameters) != {"file", "digest"}:
            raise ValueError("onnx takes parameters: {file: NAME.onnx, digest: its SHA-256}")
        if self.estimator == "onnx" and self.search is not None:
            raise ValueError("a model that is brought has nothing to search")
        return self


def _named_score(value: object) -> object:
    return {"score": value} if isinstance(value, str) else value


class BaselineAsked(Spec):
    """What clinicians use today: a bedside score, or a rule; plain text names a score alone.

    Attributes:
        score: one of the registered scores, such as `lace` or `recorded`.
        name: what the validation plan calls it; the score's own name when absent.
        parameters: of the score, such as the code of a recorded one.
        rule: instead of a score, an operation over features, such as two visits or more; it is
            missing where a feature is.

    >>> BaselineAsked(name="frequent", rule={"op": "at_least", "of": ["visits", 2]}).called
    'frequent'
    """

    score: str = ""
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$", max_length=64)] | None = None
    parameters: dict[str, Scalar] = Field(default_factory=dict)

    rule: Expression | None = None

    @model_validator(mode="after")
    def _a_score_or_a_rule(self) -> BaselineAsked:
        if (self.rule is None) == (not self.score):
            raise ValueError("expected either 'score' or 'rule'")
        if self.rule is not None and (self.name is None or self.parameters):
            raise ValueError("a rule needs a 'name', and takes no 'parameters'")
        return self

    @property
    def called(self) -> str:
        """Return the name that the validation plan uses."""
        return self.name or self.score


Baseline: TypeAlias = Annotated[BaselineAsked, BeforeValidator(_named_score)]


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) != len(names):
        raise ValueError("got a name twice")
    return names


class SampleSizeSpec(Spec):
    """What happens when there are fewer rows than Riley's criteria ask for.

    Attributes:
        policy: warn in the report, or refuse to train.
        cox_snell_r2: anticipated; absent means 0.15 of the largest possible.
    """

    policy: Literal["warn", "refuse"] = "warn"
    cox_snell_r2: Share | None = None


class ModelSpec(Spec):
    """`model.yaml`: what is fitted, on which rows, against what, agreed before fitting.

    Attributes:
        name: the model's name in this home; versions are counted under it.
        outcome: what a risk is the risk of, in words that a clinician would use.
        outcome_type: yes or no, a number such as days, or a count such as patients.
        interval: for a number or a count, the share of outcomes that its interval is to hold.
        compare: other candidates; which one is the model is fixed here, not by the test.
        search: better parameters for the model, looked for in the training rows alone.
        monotone: by feature, whether the risk may only rise or only fall with it.
        class_weights: `balanced` counts either outcome the same in the fit, which breaks the
            risks: it needs a calibration that mends them, and the run says so.
        missing: `native` leaves gaps to the estimator; `impute` fills the training median.
        metrics: measures agreed before fitting, by their names in `statistics`.
        recalibration: keep an earlier run's model and move its log-odds as a signed proposal says.
    """

    name: Slug
    outcome: Annotated[str, Field(min_length=3)]
    outcome_type: OutcomeType = "yes_no"
    interval: Share = 0.8
    estimator: Estimator
    parameters: dict[str, Scalar] = Field(default_factory=dict)
    compare: tuple[CandidateSpec, ...] = ()
    seed: Annotated[int, Field(ge=0, lt=2**31)]
    split: Split
    search: SearchSpec | None = None
    monotone: dict[str, Literal["increasing", "decreasing"]] = Field(default_factory=dict)
    calibration: Literal["platt", "isotonic", "beta", "linear", "ratio", "none"] = "platt"
    class_weights: Literal["none", "balanced"] = "none"
    missing: Literal["native", "impute"] = "native"
    baselines: tuple[Baseline, ...] = ()
    metrics: Annotated[tuple[str, ...], AfterValidator(_distinct)] = (
        "auroc",
        "brier",
        "calibration_slope",
    )
    sample_size: SampleSizeSpec = SampleSizeSpec()
    recalibration: RecalibrationSpec | None = None

    @model_validator(mode="after")
    def _recalibrates_by_the_calendar(self) -> ModelSpec:
        if self.recalibration is not None and (
            self.split.kind != "temporal" or self.outcome_type != "yes_no"
        ):
            raise ValueError("recalibration is for risks, and needs split.kind: temporal")
        return self

    @model_validator(mode="before")
    @classmethod
    def _of_its_type(cls, said: object) -> object:
        return with_defaults(said)

    @model_validator(mode="after")
    def _suits_its_type(self) -> ModelSpec:
        estimators = tuple(asked.estimator for _, asked in self.candidates())
        check_suits(self.outcome_type, estimators=estimators, calibration=self.calibration)
        asked = {
            "search": any(item.search for _, item in self.candidates()),
            "monotone": bool(self.monotone),
            "class_weights": self.class_weights != "none",
            "split.leave_one_site_out": self.split.leave_one_site_out,
        }
        odd = [name for name, said in asked.items() if said]
        if odd and self.outcome_type != "yes_no":
            raise ValueError(f"{', '.join(odd)} are for outcome_type yes_no alone")
        return self

    @model_validator(mode="after")
    def _calibration_has_rows(self) -> ModelSpec:
        if self.calibration != "none" and self.split.calibration_fraction == 0:
            raise ValueError("calibration needs rows: give split.calibration_fraction a value")
        _distinct(tuple(name for name, _ in self.candidates()))
        return self

    @model_validator(mode="after")
    def _weights_are_mended(self) -> ModelSpec:
        if self.class_weights == "balanced":
            if self.calibration == "none":
                raise ValueError("class_weights: balanced breaks the risks; write a calibration")
            judged = [item.search.measure for _, item in self.candidates() if item.search]
            if set(judged) - {"auroc"}:
                raise ValueError("with balanced weights a search can be judged by auroc alone")
        return self

    @model_validator(mode="after")
    def _model_keeps_its_promises(self) -> ModelSpec:
        if self.monotone and self.estimator not in _HOLD_SIGNS:
            raise ValueError(
                f"{self.estimator} cannot hold a sign; monotone needs lightgbm or additive"
            )
        if self.split.tuning_rows == "latest" and self.split.kind != "temporal":
            raise ValueError("tuning_rows: latest needs split.kind: temporal, which has a calendar")
        if self.estimator == "onnx" and self.split.leave_one_site_out:
            raise ValueError("a model that is brought cannot be fitted without a site")
        return self

    def candidates(self) -> list[tuple[str, CandidateSpec]]:
        """Return name and candidate, the model itself first."""
        own = CandidateSpec(
            estimator=self.estimator, parameters=self.parameters, search=self.search
        )
        others = [(item.name or item.estimator, item) for item in self.compare]
        return [(self.estimator, own), *others]
