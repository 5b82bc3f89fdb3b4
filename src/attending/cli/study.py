"""Verbs on a study: train, validate, explain, card."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from attending.cli.desks import open_desk
from attending.cli.face import (
    AtOption,
    ByOption,
    HomeOption,
    JsonOption,
    PdfOption,
    ProjectOption,
    RunArgument,
    SparkOption,
    clock,
    emit,
    home_path,
    progress,
    table,
    to_read,
)
from attending.digests import short
from attending.lifecycle import (
    adopted_explaining,
    dossiers,
    explaining,
    noticing,
    printing,
    sizing,
    steadying,
    training,
    validating,
)
from attending.lifecycle.projects import open_project
from attending.records.run import Run
from attending.records.validation import ValidationReport

if TYPE_CHECKING:
    from collections.abc import Iterator

    from attending.records.explanation import Explanation, StabilityReport
    from attending.records.validation import GateResult

#: Inputs that one line of missing ones names.
_MOST_MISSING = 8


def train_fit(
    project: ProjectOption = Path(),
    spark: SparkOption = "",
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Check everything, say whether the rows are enough, then fit; a leak stops it with exit 3.

    Example: attending train fit --project P --home H --by dana
    """
    asked = open_project(project)
    with (
        open_desk(home_path(home), at=clock(at), by=by, spark=spark) as desk,
        progress("fitting"),
    ):
        if not as_json and (size := sizing.planned_size(desk, asked)) is not None:
            emit(None, as_json=False, lines=sizing.in_words(size, estimator=asked.model.estimator))
        fitted = training.fit_run(desk, asked)
    run = fitted.run
    if not as_json:
        candidates_table(run)
    emit(
        {"digest": fitted.digest, **run.content()},
        as_json=as_json,
        lines=[
            f"run {fitted.digest}",
            "exploratory: " + "; ".join(run.reasons)
            if run.exploratory
            else "not exploratory: it may ask the gates",
        ],
    )


def candidates_table(run: Run) -> None:
    """Print the first figures of every candidate on the test rows."""
    heads = tuple(run.chosen().first_figures)
    table(
        ("candidate", *(f"{head} on test" for head in heads), "the model"),
        [
            (one.name, *one.first_figures.values(), "yes" if one.chosen else "")
            for one in run.candidates
        ],
    )


def validate_model(
    run: RunArgument = "",
    project: ProjectOption = Path(),
    spark: SparkOption = "",
    pdf: PdfOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Validate a run against its clinical baselines and write the report.

    Example: attending validate model --project P --home H
    """
    asked = open_project(project)
    with (
        open_desk(home_path(home), at=clock(at), by=by, spark=spark) as desk,
        progress("validating"),
    ):
        report = validating.validate_run(desk, asked, training.latest_run(desk, asked, run))
        page = printing.page_path(desk, report.digest, pdf=pdf)
    if not as_json:
        report_lines(report)
    emit(
        {"digest": report.digest, "page": str(page), **report.content()},
        as_json=as_json,
        lines=[f"report {short(report.digest)}: {page}", to_read(report.digest, by=by)],
    )


def report_lines(report: ValidationReport) -> None:
    """Print what a validation found, the comparison first."""
    compared = [
        (
            f"{s.baseline_label} ({s.knowability})" if s.knowability else s.baseline_label,
            f"{s.model_value:.3f}" if s.model_value is not None else "",
            f"{s.baseline_value:.3f}" if s.baseline_value is not None else "",
            f"{s.difference:+.3f}" if s.difference is not None else "",
            f"{s.low:+.3f} to {s.high:+.3f}" if s.low is not None and s.high is not None else "",
            s.verdict,
        )
        for s in report.summary
    ]
    if compared:
        table(
            ("compared with", "model", "baseline", "difference", "95 % interval", "verdict"),
            compared,
        )
        told = "each pair on the test rows where the baseline has a value, so the model's differs"
        emit(None, as_json=False, lines=[told])
    table(
        ("gate", "against", "answer", "where"),
        [
            (
                g.gate,
                g.asked.get("baseline") or "",
                g.outcome,
                _where(g),
            )
            for g in report.gates
        ],
    )
    folds = report.cross_validation
    if folds is not None and folds.mean is not None:
        told = f"mean AUROC of {len(folds.folds)} fits, each on its own fold: {folds.mean:.3f}"
        emit(None, as_json=False, lines=[told])


def _where(gate: GateResult) -> str:
    """Return the groups in which a gate is not met, those with too few events apart."""
    if gate.outcome == "met":
        return ""
    few = {c.group for c in gate.checks if c.outcome == "not_shown" and c.group != "all"}
    told = [", ".join(gate.groups)] if gate.groups else []
    if gate.outcome != "not_shown" and few:
        told.append(f"too few to judge: {', '.join(sorted(few))}")
    return "; ".join(told)


def explain_stability(
    run: RunArgument = "",
    project: ProjectOption = Path(),
    pdf: PdfOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Try whether explanations hold: measured again, a day earlier, for similar patients, refitted.

    What falls short of validation.yaml's `explanations` stops the model at the clinical sign-off.

    Example: attending explain stability --project P --home H
    """
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at), by=by) as desk, progress("fitting again"):
        report = steadying.check_stability(desk, asked, training.latest_run(desk, asked, run))
        page = printing.page_path(desk, report.digest, pdf=pdf)
    if not as_json:
        stability_lines(report)
    emit(
        {"digest": report.digest, "page": str(page), **report.content()},
        as_json=as_json,
        lines=[f"report {short(report.digest)}: {page}", to_read(report.digest, by=by)],
    )


def stability_lines(report: StabilityReport) -> None:
    """Print how far explanations agree, and what falls short."""
    table(
        ("compared with", "patients", "overlap", "same direction", "order", "answer"),
        [
            (
                one.name.replace("_", " "),
                one.patients,
                *("-" if held is None else f"{held:.2f}" for held in (one.jaccard, one.sign)),
                "-" if one.rank is None else f"{one.rank:.2f}",
                one.outcome.replace("_", " "),
            )
            for one in report.comparisons
        ],
    )
    gone = report.removal
    lines = [
        f"explanations hold: {report.outcome.replace('_', ' ')}",
        *steadying.told(report),
    ]
    if gone is not None and gone.share is not None:
        lines.insert(1, f"the three top factors move the score most: {gone.share:.0%} of patients")
    emit(None, as_json=False, lines=lines)


def explain_prediction(
    request: Annotated[str, typer.Argument(help="The request id of a prediction.")],
    project: ProjectOption = Path(),
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Re-live one prediction: its inputs, when each was known, and why the score is what it is.

    Example: attending explain prediction REQUEST --project P --home H
    """
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        relived = (
            adopted_explaining.explain_adopted(desk, asked, request)
            if asked.adopted
            else explaining.explain_request(desk, asked, request)
        )
    if isinstance(relived, adopted_explaining.NotExplained):
        told = {"request": request, "outcome": "not_shown", "why": relived.why}
        emit(told, as_json=as_json, lines=[f"not shown: {relived.why}"])
        return
    found = relived.explanation
    if not as_json:
        if found.concepts:
            table(
                ("concept", "led by", "push"),
                [(c.label, c.printed, f"{c.contribution:+.2f}") for c in found.concepts],
            )
        _factors(found)
    emit(
        {
            "digest": found.digest,
            "same_score": relived.same_score,
            **({"unknown": relived.unknown} if relived.unknown else {}),
            **found.content(),
        },
        as_json=as_json,
        lines=[
            found.sentence,
            found.not_causal,
            *_missing(found),
            *([relived.unknown] if relived.unknown else []),
            f"computed again: {relived.words}",
        ],
    )


def _factors(found: Explanation) -> None:
    """Print what moved the score; when it happened and was known only where that is known."""
    timed = any(one.time or one.known_at for one in found.factors)
    heads = ("factor", "value", "push", *(("happened", "known") if timed else ()))
    table(
        heads,
        [
            (one.label, one.printed, f"{one.contribution:+.2f}", one.time, one.known_at)[
                : len(heads)
            ]
            for one in found.factors
        ],
    )


def _missing(found: Explanation) -> Iterator[str]:
    """Yield a line for each reason for which inputs are missing, with the first of them."""
    reasons = dict.fromkeys(one.reason for one in found.missing)
    for reason in reasons:
        named = [one.label for one in found.missing if one.reason == reason]
        more = len(named) - _MOST_MISSING
        told = ", ".join(named[:_MOST_MISSING]) + (f" and {more} more" if more > 0 else "")
        yield f"missing, {reason.replace('_', ' ')}: {told}"


def card_build(
    run: RunArgument = "",
    project: ProjectOption = Path(),
    pdf: PdfOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Put the model card together from records and specs; what is missing is listed.

    Example: attending card build --project P --home H
    """
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        card = validating.build_card(desk, asked, training.latest_run(desk, asked, run))
        page = printing.page_path(desk, card.digest, pdf=pdf)
    missing = ", ".join(card.missing) or "nothing"
    emit(
        {"digest": card.digest, "page": str(page), **card.content()},
        as_json=as_json,
        lines=[
            f"card {short(card.digest)}: {page}",
            to_read(card.digest, by=by),
            f"missing: {missing}",
        ],
    )


def card_notice(
    run: RunArgument = "",
    project: ProjectOption = Path(),
    pdf: PdfOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Write the plain-language notice for patients; too hard, too certain or incomplete: exit 3.

    Example: attending card notice --project P --home H
    """
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        notice = noticing.write_notice(desk, asked, training.latest_run(desk, asked, run))
        page = printing.page_path(desk, notice.digest, pdf=pdf)
    emit(
        {"digest": notice.digest, "page": str(page), **notice.content()},
        as_json=as_json,
        lines=[
            f"notice {short(notice.digest)}: {page}",
            f"reading level: grade {notice.grade:.1f}, {notice.grade_at_most:g} at most",
        ],
    )


def card_dossier(
    run: RunArgument = "",
    project: ProjectOption = Path(),
    pdf: PdfOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Write the compliance dossier: use, gates, exceptions, signatures, lineage; gaps: exit 3.

    Example: attending card dossier --project P --home H
    """
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        dossier = dossiers.write_dossier(desk, asked, training.latest_run(desk, asked, run))
        page = printing.page_path(desk, dossier.digest, pdf=pdf)
    emit(
        {"digest": dossier.digest, "page": str(page), **dossier.content()},
        as_json=as_json,
        lines=[
            f"dossier {short(dossier.digest)}: {page}",
            to_read(dossier.digest, by=by),
            f"missing: {'; '.join(dossier.missing) or 'nothing'}",
        ],
    )
