"""Validate a model of numbers or counts against its baselines, and answer the gates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.records.validation import ModelRef, ValidationReport
from attending.statistics.suppression import is_small
from attending.times import from_micros
from attending.validate.number_comparisons import number_comparisons, number_headlines
from attending.validate.number_data import check_number_data
from attending.validate.number_evidence import gather_numbers
from attending.validate.number_figures import number_figures, only_numbers
from attending.validate.number_gates import answer_number

if TYPE_CHECKING:
    from attending.specs.validation import ValidationSpec
    from attending.types import Instant
    from attending.validate.number_data import NumberData

_NO_CALENDAR = "The calendar is not real: there is no temporal validation."


def validate_numbers(
    spec: ValidationSpec, data: NumberData, *, about: ModelRef | None = None
) -> ValidationReport:
    """Return the report of a model on mature predictions; the same inputs give the same bytes.

    Args:
        spec: measures, baselines and gates, agreed before fitting.
        data: one row a prediction whose number is known.
        about: which model, run and data it is; its notes are printed on the report.

    Raises:
        BadInput: data that cannot answer the spec, or a gate or measure of yes or no.

    >>> from attending.specs.validation import ValidationSpec
    >>> from attending.statistics.number_bootstrap import Predicted
    >>> from attending.validate.number_data import NumberBaseline, NumberData
    >>> y = np.tile([1.0, 2.0, 3.0, 6.0], 50)
    >>> mean = NumberBaseline(np.full(200, 3.0), "Unit mean")
    >>> data = NumberData(
    ...     y, Predicted(y + 0.5, y - 1, y + 1), np.arange(200), baselines={"unit_mean": mean}
    ... )
    >>> report = validate_numbers(ValidationSpec(primary="mae", baselines=["unit_mean"]), data)
    >>> report.estimate("mae").value, report.summary[0].verdict
    (0.5, 'better')
    """
    check_number_data(spec, data)
    evidence = gather_numbers(spec, data)
    ref = about or ModelRef()
    gates = tuple(answer_number(gate, evidence) for gate in spec.gates)
    clusters = int(evidence.owner.max()) + 1
    patients = None if is_small(clusters, smallest=evidence.small) else clusters
    start, end = _period(data)
    column = data.site if data.site is not None else data.groups.get("site", ())
    return ValidationReport(
        model=ref,
        spec=spec.digest,
        primary=spec.primary,
        n=data.observed.size,
        events=None,
        prevalence=None,
        patients=None if data.outcome_type == "count" else patients,
        calendar=data.calendar,
        start=start,
        end=end,
        sites=tuple(sorted({site for site in column if site is not None})),
        bootstrap_draws=spec.bootstrap.draws,
        bootstrap_seed=spec.bootstrap.seed,
        suppress_counts_up_to=spec.suppress_counts_up_to,
        figures=number_figures(evidence),
        comparisons=number_comparisons(evidence),
        calibration=(),
        decision_curve=(),
        thresholds=(),
        curves=(),
        histogram=(),
        subgroups=(),
        periods=(),
        sample_size=(),
        gates=gates,
        gates_met=bool(gates) and all(gate.outcome == "met" for gate in gates),
        summary=number_headlines(evidence),
        notes=(*ref.notes, *([] if data.calendar == "real" else [_NO_CALENDAR])),
        number=only_numbers(evidence),
    )


def _period(data: NumberData) -> tuple[Instant | None, Instant | None]:
    if data.calendar != "real" or data.prediction_time is None:
        return None, None
    micros = data.prediction_time.astype("datetime64[us]").astype(np.int64)
    return from_micros(int(micros.min())), from_micros(int(micros.max()))
