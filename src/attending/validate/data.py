"""What a validation is made from: outcomes, risks, baselines, patients, groups and times."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from attending.errors import BadInput, did_you_mean
from attending.statistics.inputs import predicted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy.typing as npt

    from attending.specs.validation import ValidationSpec
    from attending.types import Floats, Ints, Outcomes, Risks

#: Empty where nobody says: a score that somebody else recorded.
Knowability: TypeAlias = Literal["as knowable", "as coded later", ""]
Calendar: TypeAlias = Literal["real", "floating", "relative"]

#: The name that the model itself has among all that are compared.
MODEL = "model"


@dataclass(frozen=True)
class Baseline:
    """A clinical score on the same rows.

    Args:
        score: shape (n,), as the score gives it, higher is worse; NaN where it is missing.
        risk: shape (n,), after recalibration on the training period, NaN where the score is
            missing; None when it has no probability.
        label: how people call it.
        knowability: whether it uses only what could be known at the prediction time.
        of: the baseline of the spec that this is a variant of; its own name when empty.
        decision: whether scores are decisions, 1 for acting and 0 for not.
    """

    score: Floats
    risk: Risks | None
    label: str
    knowability: Knowability = "as knowable"
    of: str = ""
    decision: bool = False


@dataclass(frozen=True)
class Inputs:
    """The model's inputs on the same rows, so that some can be taken away.

    Args:
        x: shape (n, k), as the model takes them, NaN where missing.
        names: of the k columns.
        feeds: by the name of a feed, the columns that read it.
        risk_of: gives the calibrated risk of such rows.
    """

    x: npt.NDArray[np.float64]
    names: tuple[str, ...]
    feeds: Mapping[str, tuple[str, ...]]
    risk_of: Callable[[npt.NDArray[np.float64]], Risks]


@dataclass(frozen=True)
class FollowUp:
    """How long rows were followed, and further rows that have no label of yes or no.

    Further rows were lost before their outcome was known, have another event first, or reach
    beyond the end of the data.

    Args:
        followed: shape (n,), of each judged row: time until its outcome was known.
        further_followed: shape (m,), of each further row: likewise, or until it was lost.
        further_outcome: shape (m,), 1 for the event, 0 when it was known to have none, -1 lost.
        further_risk: shape (m,), the model's risk of them.
        further_cluster: shape (m,), their patients.
        horizon: when an outcome is settled, in the same unit.
    """

    followed: Floats
    further_followed: Floats
    further_outcome: npt.NDArray[np.int8]
    further_risk: Risks
    further_cluster: Ints
    horizon: float


@dataclass(frozen=True)
class ValidationData:
    """Mature rows only: one prediction a row, its outcome known.

    Args:
        outcome: shape (n,), int8, 0 or 1.
        risk: shape (n,), the model's calibrated probability.
        cluster: shape (n,), the patient of each row.
        baselines: by name; several may be variants `of` one baseline of the spec.
        others: risks of other candidate models, by name.
        groups: by attribute, the group of each row, None where it is missing.
        prediction_time: shape (n,), datetime64[us], UTC; None where there is none.
        site: the facility of each row; stands as attribute `site` when groups have none.
        calendar: whether days are real; de-identified and relative ones are not.
        patient_days: days that patients were at risk, where they are known.
        fold: the fold of each row when risks are out of fold.
        stay: shape (n,), the stay of each row, by which alerts are snoozed; the patient without.
        event_time: shape (n,), datetime64[us], when the outcome began; NaT where it did not.
        fitted_sites: the sites that the fit saw; None when nobody knows.
        inputs: what the model was given, for taking some of it away.
        follow_up: how long rows were followed, and those without a label.
        prior: which of `others` is the version that the model would follow.
    """

    outcome: Outcomes
    risk: Risks
    cluster: Ints
    baselines: Mapping[str, Baseline] = field(default_factory=dict)
    others: Mapping[str, Risks] = field(default_factory=dict)
    groups: Mapping[str, Sequence[str | None]] = field(default_factory=dict)
    prediction_time: npt.NDArray[np.datetime64] | None = None
    site: Sequence[str | None] | None = None
    calendar: Calendar = "real"
    patient_days: float | None = None
    fold: Sequence[str] | None = None
    stay: Ints | None = None
    event_time: npt.NDArray[np.datetime64] | None = None
    fitted_sites: frozenset[str] | None = None
    inputs: Inputs | None = None
    follow_up: FollowUp | None = None
    prior: str = ""

    @property
    def has_days(self) -> bool:
        """Return whether prediction times are days that somebody worked."""
        return self.calendar == "real" and self.prediction_time is not None

    def attribute(self, name: str) -> Sequence[str | None]:
        """Return the group of each row by an attribute.

        Raises:
            BadInput: the data have no such attribute.
        """
        if name in self.groups:
            return self.groups[name]
        if name == "site" and self.site is not None:
            return self.site
        raise BadInput(
            f"got attribute '{name}' under subgroups, which the predictions do not have",
            code="validate.unknown_attribute",
            hint=did_you_mean(name, self.groups) if self.groups else "Add groups to the cohort.",
        )


def check_data(spec: ValidationSpec, data: ValidationData) -> None:
    """Check that the data can answer the spec.

    Raises:
        BadInput: unequal lengths, outcomes or risks that are not, a baseline or attribute that
            was asked for and is not there, or names that collide.
        TooFewOutcomes: no event, or no non-event.
    """
    predicted(data.outcome, data.risk, both=True)
    _check_lengths(data)
    _check_names(data)
    for wanted in spec.baselines:
        if not variants(data, wanted.name):
            raise BadInput(
                f"got no scores of baseline '{wanted.name}', which the spec compares with",
                code="validate.no_baseline",
                hint="Score it on the same rows, or take it out of validation.yaml and say why.",
            )
    for attribute in spec.subgroups:
        data.attribute(attribute)


def variants(data: ValidationData, name: str) -> list[str]:
    """Return the names of all variants of one baseline of the spec, in the order given.

    >>> y, p = np.array([0, 1], np.int8), np.array([0.1, 0.9])
    >>> late = Baseline(p, None, "LACE", "as coded later", of="lace")
    >>> made = ValidationData(y, p, np.arange(2), {"lace": Baseline(p, None, "LACE"), "late": late})
    >>> variants(made, "lace")
    ['lace', 'late']
    """
    return [key for key, found in data.baselines.items() if (found.of or key) == name]


def _check_lengths(data: ValidationData) -> None:
    n = data.outcome.size
    columns: dict[str, int] = {"cluster": data.cluster.size}
    columns |= {name: found.score.size for name, found in data.baselines.items()}
    columns |= {name: risk.size for name, risk in data.others.items()}
    columns |= {name: len(values) for name, values in data.groups.items()}
    held = {name: getattr(data, name) for name in ("prediction_time", "stay", "event_time", "site")}
    held["inputs"] = data.inputs.x if data.inputs else None
    held["follow_up"] = data.follow_up.followed if data.follow_up else None
    columns |= {name: len(column) for name, column in held.items() if column is not None}
    wrong = [name for name, size in columns.items() if size != n]
    if wrong:
        raise BadInput(
            f"got another number of rows than the {n} outcomes in: {', '.join(wrong)}",
            code="validate.lengths",
            hint="Give every column for the same rows in the same order.",
        )
    for name, found in data.baselines.items():
        _check_risk(name, found)
        _check_decision(name, found)
    for name, risk in data.others.items():
        predicted(data.outcome, risk)
        if name == MODEL:
            raise BadInput("a candidate cannot be called 'model'", code="validate.names")


def _check_risk(name: str, found: Baseline) -> None:
    if found.risk is None:
        return
    known = ~np.isnan(found.score)
    risk = found.risk
    if not bool((np.isnan(risk) == ~known).all()) or bool(
        ((risk[known] < 0) | (risk[known] > 1)).any()
    ):
        raise BadInput(
            f"baseline '{name}' has risks that are not 0 to 1 just where it has a score",
            code="validate.baseline_risk",
            hint="Make them with `recalibrate_score`.",
        )


def _check_decision(name: str, found: Baseline) -> None:
    known = found.score[~np.isnan(found.score)]
    wrong = int(np.count_nonzero((known != 0) & (known != 1))) if found.decision else 0
    if wrong:
        raise BadInput(
            f"baseline '{name}' is of decisions, and {wrong} of its values are not 0 or 1",
            code="validate.decision",
            hint="Write 1 for acting and 0 for not; or leave out `decision: true`.",
        )


def _check_names(data: ValidationData) -> None:
    taken = {MODEL, "treat_all", "treat_none", *data.others}
    wrong = sorted(taken & set(data.baselines))
    if wrong:
        raise BadInput(
            f"a baseline cannot be called {', '.join(wrong)}: the name is taken",
            code="validate.names",
        )
