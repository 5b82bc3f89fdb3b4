"""What a validation report stands on: of which run it is, and what that run may not do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.digests import short
from attending.documents.sentences import exception_sentence, unasked
from attending.lifecycle import policies
from attending.lifecycle.agreeing import exceptions_by
from attending.lifecycle.kept_project import proposed_plan
from attending.lifecycle.people import printed_names
from attending.records.run import Run

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.records.validation import ValidationReport


def report_standing(desk: Desk, report: ValidationReport) -> tuple[str, ...]:
    """Return what a reader must know before the figures, one sentence each, the worst first.

    A report of another run than the newest comes first, then why the run passes no gate, the
    exceptions that it stands under, what is off though no gate asks for it, and the notes of the
    report itself.
    """
    runs = {line.digest: line for line in desk.home.catalog.list(Run.kind, model=report.model.name)}
    here = runs.get(report.model.run)
    if here is None:
        return (*unasked(report), *report.notes)
    run = desk.home.catalog.get(here.digest, Run)
    told = []
    newest = desk.home.catalog.latest(Run, model=run.model)
    if newest is not None and newest.digest != run.digest:
        told.append(
            f"This is the validation of an older run, {short(run.digest)} of "
            f"{here.made_at:%Y-%m-%d}{_stands(desk, run)}. The newest run, "
            f"{short(newest.digest)} of {runs[newest.digest].made_at:%Y-%m-%d}, is another one"
            f"{_validated(desk, report, newest.digest)}."
        )
    if run.exploratory:
        told += [f"Exploratory run, it passes no gate: {why}." for why in run.reasons]
    plan = proposed_plan(desk, run.model)
    asks = policies.asks(desk, plan.risk_level) if plan else {}
    told += [
        f"Signed exception: {exception_sentence(one, printed_names(desk), asks=asks)}"
        for one in exceptions_by(desk, run, model=run.model, spec=run.model_spec)
    ]
    return (*told, *unasked(report), *report.notes)


def _stands(desk: Desk, run: Run) -> str:
    current = desk.home.deployments.current(run.model)
    stands = current is not None and current.version and current.run == run.digest
    return f", which stands at {current.stage} as {current.version}" if current and stands else ""


def _validated(desk: Desk, report: ValidationReport, run: str) -> str:
    done = desk.home.catalog.list(report.kind, model=report.model.name, run=run)
    return ", and its report is not this one" if done else ", and was not validated yet"
