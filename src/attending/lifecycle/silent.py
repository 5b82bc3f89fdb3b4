"""Silent prospective validation: the scores that were made then, against what became of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.documents.silent_report import silent_document
from attending.errors import NotFound, Refused
from attending.features.build import build as build_features_table
from attending.lifecycle.cohorts import build_cohort, in_zones
from attending.lifecycle.desk import keep, required
from attending.lifecycle.engines import engine_over
from attending.lifecycle.featuring import build_features
from attending.lifecycle.later import require_same_specs
from attending.lifecycle.made_when import made_at
from attending.lifecycle.papers import keep_page
from attending.lifecycle.plans import signed_plan
from attending.lifecycle.references import reference_of
from attending.lifecycle.scoring import deployed, entered_silent, predictions_of
from attending.lifecycle.skewing import check_skew
from attending.lifecycle.tables import table_from
from attending.lifecycle.training import bundle_of
from attending.lifecycle.validating import notes_of, write_report
from attending.lifecycle.validation_rows import Judged, data_of, rows_before
from attending.records.prediction import OutcomeJoin
from attending.records.run import Run
from attending.records.silent import Delay, InputGap, SilentReport
from attending.records.validation import ModelRef, ValidationReport
from attending.serve.outcomes import KEYS
from attending.statistics.suppression import is_small, suppress, tells_small
from attending.times import format_length, to_micros
from attending.validate.model import validate

if TYPE_CHECKING:
    from attending.lifecycle.cohorts import BuiltCohort
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.records.features import FeatureCount, FeatureSet
    from attending.records.release import Deployment
    from attending.records.skew import SkewReport
    from attending.types import Floats, Ints

_HOUR = 3_600_000_000


@dataclass(frozen=True)
class _Period:
    """What a version did: its predictions, their outcomes, and the cohort that they belong to."""

    stands: Deployment
    run: Run
    made: pa.Table
    joined: OutcomeJoin
    outcomes: pa.Table
    cohort: BuiltCohort


def report_silent(desk: Desk, project: Project, *, version: str = "") -> SilentReport:
    """Return the report of a version's silent period, kept with its prospective validation.

    Scores are those that were made then, never made again. The plan that judges is the one that
    the validation report of the run was judged by.

    Args:
        desk: where and when.
        project: whose specs they are.
        version: such as `v1`; the newest that scores when empty.

    Raises:
        NotFound: nobody was scored, outcomes were not joined, or specs are not those of the run.
        Refused: no version is in silent or later, validation.yaml is not the plan of the clinical
            sign-off, or no outcome is mature yet.
    """
    period = _gather(desk, project, version)
    validation = _validation(desk, project, period)
    report = _report(desk, project, period, validation=validation)
    run = period.run.digest
    keep(
        desk,
        report,
        action="validate.silent",
        keys={"model": project.name, "run": run, "version": period.stands.version},
        details={"gates_met": report.gates_met, "matured": report.matured},
    )
    page = silent_document(report, validation, synthetic=desk.home.synthetic)
    keep_page(desk, page, of=report.digest, title="Silent report")
    return report


def _gather(desk: Desk, project: Project, version: str) -> _Period:
    stands = deployed(desk, project, version)
    run = desk.home.catalog.get(stands.run, Run)
    require_same_specs(project, run)
    signed_off = desk.home.catalog.latest(ValidationReport, run=run.digest)
    if signed_off is None or signed_off.spec != project.validation.digest:
        raise Refused(
            "validation.yaml is not the plan that this version was signed off by",
            code="silent.other_plan",
            hint="Check out the plan of the validation report, then try again.",
            where="validation.yaml",
        )
    made = predictions_of(desk, project, stands.version)
    joined: OutcomeJoin = required(
        desk.home.catalog.latest(OutcomeJoin, model=project.name, version=stands.version),
        "outcome join",
        hint="Run `attending score`, which joins outcomes.",
    )
    keys = desk.home.catalog.keys(joined.digest)
    outcomes = table_from(desk.home.artifacts.read(keys["table"]))
    cohort = build_cohort(desk, project, snapshot=joined.snapshot or "")
    return _Period(stands, run, made, joined, outcomes, cohort)


def _validation(desk: Desk, project: Project, period: _Period) -> ValidationReport:
    """Return the prospective validation: stored scores of the model on rows with an outcome.

    Raises:
        Refused: no such row yet.
    """
    rows, risk = _matured(period)
    if not len(rows):
        raise Refused(
            "no score of the model has a mature outcome yet",
            code="silent.immature",
            hint="Wait until horizon and label delay are over, then ingest and score again.",
        )
    features = build_features(desk, project, period.cohort)
    run, cohort = period.run, period.cohort
    begun = to_micros(entered_silent(desk, project, period.stands.version))
    cut = begun if run.split.cut is None else to_micros(run.split.cut)
    before = rows_before(cohort.table, cut)
    judged = Judged(
        cohort=cohort,
        test=rows,
        train=before,
        fitted=before,
        risk=risk,
        features=features.table,
        risk_of=bundle_of(desk, run).risk,
    )
    about = ModelRef(
        name=run.model,
        run=run.digest,
        snapshot=cohort.source.digest,
        cohort=cohort.digest,
        notes=(
            f"Prospective: the scores that {period.stands.version} made while nobody saw them.",
            *notes_of(cohort.source.snapshot, cohort.record.subjects, run),
        ),
    )
    found = validate(project.validation, data_of(desk, project, run, judged=judged), about=about)
    report = found.model_copy(update={"period": "silent"})
    keep(
        desk,
        report,
        action="validate.prospective",
        keys={"model": run.model, "silent_of": run.digest},
        details={"gates_met": report.gates_met, "predictions": report.n},
    )
    write_report(desk, project, report)
    return report


def _matured(period: _Period) -> tuple[Ints, Floats]:
    """Return the cohort rows of the model's own scores that have an outcome, and those scores."""
    table = period.outcomes
    own = pc.and_(pc.equal(table["kind"], "live"), pc.is_valid(table["label"]))
    kept = table.filter(pc.and_(own, pc.is_valid(table["score"])))
    place = {key: at for at, key in enumerate(_keys(period.cohort.table))}
    found = [(place[key], score) for key, score in _scored(kept) if key in place]
    found.sort()
    rows = np.array([row for row, _ in found], np.int64)
    return rows, np.array([score for _, score in found], np.float64)


def _keys(table: pa.Table) -> list[tuple[object, ...]]:
    return list(zip(*(table[name].to_pylist() for name in KEYS), strict=True))


def _scored(table: pa.Table) -> list[tuple[tuple[object, ...], float]]:
    return list(zip(_keys(table), table["score"].to_pylist(), strict=True))


def _report(
    desk: Desk, project: Project, period: _Period, *, validation: ValidationReport
) -> SilentReport:
    small = validation.suppress_counts_up_to
    skew = _skew(desk, project, period)
    after = _made_after(desk, period)
    window = signed_plan(desk, period.stands).spec.action_window
    return SilentReport(
        model=period.run.model,
        version=period.stands.version,
        run=period.run.digest,
        release=period.stands.release_spec or "",
        snapshot=period.cohort.source.digest,
        since=entered_silent(desk, project, period.stands.version),
        until=desk.at,
        **_predictions(period.made, small),
        **_fates(period.joined, small),
        not_predicted=_not_predicted(desk, project, period, small=small),
        inputs=_inputs(desk, project, period, small=small),
        made_after=_delay(after),
        in_time=float(np.mean(after <= window)) if after.size else None,
        action_window=format_length(window),
        label_delay=_delay(_label_delay(period.outcomes)),
        plan=project.validation.digest,
        validation=validation.digest,
        gates={_gate(at, gate.gate): gate.outcome for at, gate in enumerate(validation.gates, 1)},
        gates_met=validation.gates_met,
        suppress_counts_up_to=small,
        skew=skew.digest if skew else None,
        served_otherwise=tuple(
            one for one in (skew.features if skew else ()) if not is_small(one.n, smallest=small)
        ),
    )


def _skew(desk: Desk, project: Project, period: _Period) -> SkewReport | None:
    """Return what was served otherwise than the snapshot says; None when all was in batches."""
    begun = entered_silent(desk, project, period.stands.version)
    try:
        return check_skew(desk, project, version=period.stands.version, since=begun)
    except NotFound as nothing:
        if nothing.code != "skew.nothing":
            raise
        return None


def _predictions(made: pa.Table, small: int) -> dict[str, Any]:  # fields of the report
    """Return how many predictions got what, with small counts left out."""
    kinds = Counter(made["kind"].to_pylist())
    live, fallback, no_score = _shown((kinds["live"], kinds["fallback"], kinds["no_score"]), small)
    flagged = int(pc.sum(pc.fill_null(made["flagged"], False)).as_py() or 0)  # noqa: FBT003
    gaps = int(np.count_nonzero(pc.fill_null(made["missing_count"], 0).to_numpy() > 0))
    words = Counter(w for text in made["reasons"].to_pylist() if text for w in text.split(";"))
    return {
        "n": made.num_rows,
        "n_live": live,
        "n_fallback": fallback,
        "n_no_score": no_score,
        "n_flagged": None if tells_small(flagged, made.num_rows, smallest=small) else flagged,
        "with_gap": _share(gaps, made.num_rows, small),
        "reasons": {w: n for w, n in sorted(words.items()) if not is_small(n, smallest=small)},
    }


def _fates(joined: OutcomeJoin, small: int) -> dict[str, Any]:  # fields of the report
    """Return what became of predictions, with small counts left out."""
    told = (joined.n_immature, joined.n_censored, joined.n_competing, joined.n_lost)
    fates = _shown((joined.n_matured, *told), small)
    names = ("matured", "immature", "censored", "competing", "lost")
    hidden = fates[0] is None or tells_small(joined.n_events, joined.n_matured, smallest=small)
    return {**dict(zip(names, fates, strict=True)), "events": None if hidden else joined.n_events}


def _shown(counts: tuple[int, ...], small: int) -> list[int | None]:
    """Return counts of one total that is shown, the small ones and what tells them left out."""
    hidden = suppress(counts, smallest=small)
    return [None if hide else n for n, hide in zip(counts, hidden, strict=True)]


def _not_predicted(desk: Desk, project: Project, period: _Period, *, small: int) -> int | None:
    """Return how many rows of the cohort were due since the version scored and have no score."""
    begun = to_micros(entered_silent(desk, project, period.stands.version))
    table = period.cohort.table
    late = table.filter(pc.greater_equal(table["prediction_time"].cast(pa.int64()), begun))
    n = len(set(_keys(late)) - set(_keys(period.made)))
    return None if is_small(n, smallest=small) else n


def _gate(at: int, name: str) -> str:
    return f"{at:02d} {name}"


def _share(part: int, whole: int, small: int) -> float | None:
    return None if not whole or tells_small(part, whole, smallest=small) else part / whole


def _inputs(desk: Desk, project: Project, period: _Period, *, small: int) -> tuple[InputGap, ...]:
    """Return what was missing of each feature at the silent predictions, and why it could be."""
    source = period.cohort.source
    due = in_zones(period.made, source.snapshot)
    record, _ = build_features_table(project.features, due, engine_over(desk, source))
    reference = reference_of(desk, project, period.stands.version)
    before = {item.name: item.missing_rate for item in reference.features}
    labels = {item.name: item.label for item in project.features.features}
    return tuple(
        _gap(record, count, label=labels[count.name], before=before.get(count.name), small=small)
        for count in record.features
    )


def _gap(
    record: FeatureSet, count: FeatureCount, *, label: str, before: float | None, small: int
) -> InputGap:
    return InputGap(
        feature=count.name,
        label=label,
        missing=_share(record.rows - count.present, record.rows, small),
        missing_before=before,
        not_yet_known=_share(count.newest_not_yet_known, count.in_window, small),
        stale=_share(count.stale, record.rows, small),
    )


def _made_after(desk: Desk, period: _Period) -> Ints:
    """Return how long after its prediction time each prediction was made, in microseconds.

    One of a batch is made once, in the first that holds it.
    """
    first = made_at(desk, period.run.model, period.stands.version)
    times = period.made["prediction_time"].cast(pa.int64()).to_pylist()
    whose = (period.made[name].to_pylist() for name in ("subject_id", "encounter_id"))
    keys = zip(*whose, times, strict=True)
    return np.array([first[key] - key[2] for key in keys if key in first], np.int64)


def _label_delay(outcomes: pa.Table) -> Ints:
    """Return how long after its prediction time each outcome was mature, in microseconds."""
    known = outcomes.filter(pc.is_valid(outcomes["matured_at"]))
    begun = known["prediction_time"].cast(pa.int64()).to_numpy()
    return np.asarray(known["matured_at"].cast(pa.int64()).to_numpy() - begun, np.int64)


def _delay(micros: Ints) -> Delay | None:
    if not micros.size:
        return None
    middle, most = np.quantile(micros / _HOUR, [0.5, 0.9])
    return Delay(n=micros.size, median_hours=float(middle), ninth_decile_hours=float(most))
