"""Validate a model against its clinical baselines, and answer the gates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from attending.records.validation import ModelRef, ValidationReport
from attending.statistics.suppression import is_small, tells_small
from attending.times import from_micros
from attending.validate import (
    gate_additions,
    gate_baseline,
    gate_calibration,
    gate_either,
    gate_stability,
    gate_subgroups,
    gate_workload,
)
from attending.validate.alerts import workload_rows
from attending.validate.calibrated import calibrations, fit_calibration
from attending.validate.censored import censored_rows
from attending.validate.coarse import coarse
from attending.validate.comparisons import comparisons, headlines
from attending.validate.data import check_data
from attending.validate.decided import decision_rows_of
from attending.validate.estimates import figures
from attending.validate.evidence import gather
from attending.validate.folds import cross_validated
from attending.validate.gates import answer
from attending.validate.increments import increment_rows
from attending.validate.losses import loss_rows
from attending.validate.places import place_rows
from attending.validate.precision import sample_size
from attending.validate.sites import site_rows, site_spreads
from attending.validate.stability import trends
from attending.validate.subgroups import period_rows, subgroup_rows
from attending.validate.tables import (
    curves,
    decision_rows,
    histogram,
    threshold_rows,
)

if TYPE_CHECKING:
    from attending.records.validation import CrossValidation
    from attending.specs.validation import ValidationSpec
    from attending.types import Instant
    from attending.validate.data import ValidationData
    from attending.validate.evidence import Evidence

#: The files whose gates are registered.
GATE_FILES = (
    gate_additions,
    gate_baseline,
    gate_calibration,
    gate_either,
    gate_stability,
    gate_subgroups,
    gate_workload,
)
_NO_CALENDAR = (
    "The calendar is not real: there are no quarters, no alerts a day, and no temporal validation."
)
_NO_TIMES = (
    "Nothing says when predictions were made: there are no quarters, no alerts a day, and no "
    "temporal validation."
)


def validate(
    spec: ValidationSpec, data: ValidationData, *, about: ModelRef | None = None
) -> ValidationReport:
    """Return the report of a model on mature predictions; the same inputs give the same bytes.

    Args:
        spec: measures, baselines, thresholds and gates, agreed before fitting.
        data: one row a prediction whose outcome is known.
        about: which model, run and data it is; its notes are printed on the report.

    Raises:
        BadInput: data that cannot answer the spec; `code` says which (`validate.no_baseline`).
        TooFewOutcomes: no event, or no non-event.

    >>> from attending.specs.validation import ValidationSpec
    >>> from attending.validate.data import Baseline, ValidationData
    >>> y = np.tile(np.array([0, 0, 0, 1], np.int8), 50)
    >>> p = np.where(y == 1, 0.4, 0.2) + np.linspace(0, 0.3, 200)
    >>> lace = Baseline(score=np.arange(200.0) % 7, risk=None, label="LACE")
    >>> report = validate(
    ...     ValidationSpec(baselines=["lace"], bootstrap={"draws": 50}),
    ...     ValidationData(y, p, np.arange(200), baselines={"lace": lace}),
    ... )
    >>> report.n, report.events, report.summary[0].verdict
    (200, 50, 'better')
    """
    check_data(spec, data)
    evidence = gather(spec, data)
    ref = about or ModelRef()
    fits = fit_calibration(evidence)
    gates = tuple(answer(gate, evidence) for gate in spec.gates)
    start, end = _period(data)
    events, patients = int(data.outcome.sum()), int(evidence.patient.max()) + 1
    hidden = tells_small(events, data.outcome.size, smallest=evidence.small)
    report = ValidationReport(
        model=ref,
        spec=spec.digest,
        primary=spec.primary,
        n=data.outcome.size,
        events=None if hidden else events,
        prevalence=None if hidden else events / data.outcome.size,
        patients=None if is_small(patients, smallest=evidence.small) else patients,
        calendar=data.calendar,
        start=start,
        end=end,
        sites=_sites(data),
        bootstrap_draws=spec.bootstrap.draws,
        bootstrap_seed=spec.bootstrap.seed,
        suppress_counts_up_to=spec.suppress_counts_up_to,
        figures=figures(evidence, fits),
        comparisons=comparisons(evidence),
        calibration=calibrations(evidence, fits),
        decision_curve=decision_rows(evidence),
        thresholds=threshold_rows(evidence),
        curves=curves(evidence),
        histogram=histogram(evidence),
        subgroups=subgroup_rows(evidence),
        periods=period_rows(evidence),
        sample_size=sample_size(evidence),
        cross_validation=_folds(evidence),
        gates=gates,
        gates_met=bool(gates) and all(gate.outcome == "met" for gate in gates),
        summary=headlines(evidence),
        notes=(*ref.notes, *_notes(data)),
        **_further(evidence),
    )
    return coarse(report)


def _further(evidence: Evidence) -> dict[str, Any]:  # the later parts of a report, by field
    """Return the parts of the report that only some plans or data call for."""
    return {
        "trends": trends(evidence),
        "increments": increment_rows(evidence),
        "decisions": decision_rows_of(evidence),
        "workload": workload_rows(evidence),
        "places": place_rows(evidence),
        "places_by": evidence.spec.places.by if evidence.spec.places else "",
        "sites_table": site_rows(evidence),
        "site_spread": site_spreads(evidence),
        "losses": loss_rows(evidence),
        "censoring": censored_rows(evidence),
    }


def _period(data: ValidationData) -> tuple[Instant | None, Instant | None]:
    if not data.has_days or data.prediction_time is None:
        return None, None
    micros = data.prediction_time.astype("datetime64[us]").astype(np.int64)
    return from_micros(int(micros.min())), from_micros(int(micros.max()))


def _sites(data: ValidationData) -> tuple[str, ...]:
    column = data.site if data.site is not None else data.groups.get("site", ())
    return tuple(sorted({site for site in column if site is not None}))


def _folds(evidence: Evidence) -> CrossValidation | None:
    fold = evidence.data.fold
    if fold is None:
        return None
    data = evidence.data
    return cross_validated(data.outcome, data.risk, fold=fold, smallest=evidence.small)


def _notes(data: ValidationData) -> list[str]:
    notes = []
    if not data.has_days:
        notes.append(_NO_TIMES if data.calendar == "real" else _NO_CALENDAR)
    notes.extend(
        f"{found.label} has no probability: only its ranking is compared."
        for found in data.baselines.values()
        if found.risk is None and not found.decision
    )
    notes.extend(
        f"{found.label} is shown as coded later, which could not be known; for comparison only."
        for found in data.baselines.values()
        if found.knowability == "as coded later"
    )
    return notes
