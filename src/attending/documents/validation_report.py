"""The validation report: a record in, a stand-alone document out. It computes no figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.documents import (
    additions,
    alerts,
    calibration,
    comparison,
    consort,
    decision_curve,
    losses,
    number_pictures,
    over_time,
    places,
    roc,
    sites,
    subgroups,
    thresholds,
)
from attending.documents.in_print import in_print
from attending.documents.lines import labelled
from attending.documents.numbers import NOT_SHOWN, count, interval, number, percent
from attending.documents.pages import document
from attending.documents.picture import Table
from attending.documents.run_facts import run_facts
from attending.documents.sentences import (
    alone,
    check_words,
    gate_sentence,
    gate_title,
    headline,
    reason_words,
    tally,
    unasked,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.documents.picture import Picture
    from attending.records.card import CardFact
    from attending.records.cohort import Cohort
    from attending.records.run import Run
    from attending.records.validation import GateResult, ValidationReport

#: What a report is called, by whose predictions it is about.
REPORTS = {
    "test": "Validation report",
    "later": "Validation report of later predictions",
    "silent": "Validation report of silent predictions",
}
_NOTHING: tuple[object, ...] = (None, (), "")


def validation_report(
    report: ValidationReport,
    cohort: Cohort | None = None,
    run: Run | None = None,
    *,
    synthetic: bool,
    exceptions: Sequence[str] = (),
    facts: Sequence[CardFact] = (),
) -> bytes:
    """Return the report as stand-alone HTML: no script, nothing from elsewhere.

    Args:
        report: what validation left.
        cohort: who was studied; without it the report says that nobody told.
        run: how the model was made; none when recorded predictions were validated.
        synthetic: whether the data are made up; said first on every print.
        exceptions: a sentence on each signed exception of this run, shown at the top.
        facts: how a file of recorded predictions was read; none when a run is judged.
    """
    return document(
        "validation_report.html.j2",
        synthetic=synthetic,
        kind=REPORTS[report.period],
        report=report,
        studied=studied(report),
        alone=alone(report),
        headlines=[headline(report, found) for found in report.summary],
        tally=tally(report),
        unasked=unasked(report),
        open_gates=[
            (gate_title(gate.gate), gate.outcome, gate_sentence(report, gate))
            for gate in report.gates
            if gate.outcome != "met"
        ],
        exceptions=exceptions,
        exploratory=run.reasons if run is not None and run.exploratory else (),
        flow=consort.picture(cohort) if cohort else None,
        pictures=pictures(report),
        tables=[held for held in _tables(report) if held.rows],
        gates=_gates(report),
        facts=run_facts(run) if run else [],
        file_facts=facts,
        digests=_digests(report, cohort, run=run),
    )


def studied(report: ValidationReport) -> str:
    """Return one sentence on who was studied."""
    if report.number is not None:
        return number_pictures.studied_numbers(report, report.number)
    patients = f" of {count(report.patients)} patients" if report.patients else ""
    share = percent(report.prevalence)
    events = count(report.events) if report.events is not None else NOT_SHOWN
    days = (
        f" from {report.start:%Y-%m-%d} to {report.end:%Y-%m-%d}"
        if report.start and report.end
        else ""
        if report.calendar == "real"
        else f" on a {report.calendar} calendar"
    )
    sites = f", at {', '.join(report.sites)}" if report.sites else ""
    return f"{count(report.n)} predictions{patients}{days}{sites}; events: {events} ({share})."


def pictures(report: ValidationReport) -> list[Picture]:
    """Return the pictures that the report has figures for, in the order of reading."""
    made = (
        comparison.picture(report),
        number_pictures.picture(report),
        additions.picture(report),
        roc.picture(report) if report.number is None else None,
        calibration.picture(report),
        decision_curve.picture(report) if report.number is None else None,
        thresholds.picture(report) if report.number is None else None,
        alerts.picture(report),
        places.picture(report),
        subgroups.picture(report),
        sites.picture(report),
        over_time.picture(report),
        losses.picture(report),
    )
    return [picture for picture in made if picture is not None]


def _tables(report: ValidationReport) -> list[Table]:
    return [
        measures(report),
        *number_pictures.tables(report),
        additions.decisions_table(report),
        sites.spread_table(report),
        *([] if len(report.periods) > 1 else [over_time.table(report)]),
        _censoring(report),
        _sample_size(report),
        _folds(report),
    ]


def measures(report: ValidationReport) -> Table:
    """Return every measure of every model, one column a model."""
    names = {e.name: e.label for figures in report.figures for e in figures.estimates}
    rows = [("Rows with a value", *(count(figures.rows) for figures in report.figures))]
    for name, label in names.items():
        held = [report.estimate(name, model=figures.name) for figures in report.figures]
        cells = [interval(e.value, e.low, e.high) if e else "not measured" for e in held]
        rows.append((label, *cells))
    return Table(
        caption="All measures, with 95 % intervals",
        header=("Measure", *(labelled(figures) for figures in report.figures)),
        rows=tuple(rows),
    )


def _censoring(report: ValidationReport) -> Table:
    names = {"prevalence": "Share with the event"}
    return Table(
        caption="Censored rows: left out, and stood for by weights",
        header=("Measure", "Left out", "Weighted", "Censored rows"),
        rows=tuple(
            (
                names.get(row.measure, comparison.measure_label(report, row.measure)),
                number(row.complete),
                interval(row.weighted.value, row.weighted.low, row.weighted.high),
                count(row.censored),
            )
            for row in report.censoring
        ),
    )


def _sample_size(report: ValidationReport) -> Table:
    answers = {True: "enough", False: "too few", None: NOT_SHOWN}
    return Table(
        caption="Were there enough patients?",
        header=("Criterion", "Rows needed", "Rows here", "Answer"),
        rows=tuple(
            (row.criterion, count(row.needed), count(row.have), answers[row.met])
            for row in report.sample_size
        ),
    )


def _folds(report: ValidationReport) -> Table:
    held = report.cross_validation
    return Table(
        caption="Cross-validation, fold by fold",
        header=("Fold", "Rows", "Events", "AUROC"),
        rows=tuple(
            (row.fold, count(row.n), count(row.events), interval(row.auroc, None, None))
            for row in (held.folds if held else ())
        ),
    )


def _gates(report: ValidationReport) -> list[tuple[str, str, str, list[tuple[str, str, str]]]]:
    """Return each gate with its answer, what it asked, and its checks."""
    return [
        (
            gate_title(gate.gate),
            gate.outcome,
            _asked(gate),
            [(check_words(report, c), c.outcome, reason_words(c.reason)) for c in gate.checks],
        )
        for gate in report.gates
    ]


def _asked(gate: GateResult) -> str:
    held = {name: value for name, value in gate.asked.items() if value not in _NOTHING}
    return ", ".join(f"{in_print(name)} {_plain(value)}" for name, value in held.items())


def _plain(value: object) -> str:
    """Return what a gate was given, as it is read.

    >>> _plain("lace"), _plain(0.0), _plain(("age", 3))
    ('LACE', '0', 'age, 3')
    """
    if isinstance(value, tuple):
        return ", ".join(map(_plain, value))
    return f"{value:g}" if isinstance(value, float) else in_print(str(value))


def _digests(
    report: ValidationReport, cohort: Cohort | None, *, run: Run | None
) -> list[tuple[str, str]]:
    held = [
        ("this report's record", report.digest),
        ("validation spec", report.spec),
        ("run", run.digest if run else report.model.run),
        ("cohort", cohort.digest if cohort else report.model.cohort),
        ("snapshot", report.model.snapshot),
    ]
    return [(name, digest) for name, digest in held if digest]
