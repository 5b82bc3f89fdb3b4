"""The command line: `attending NOUN VERB`, refusals as one message and one exit code."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NoReturn

import typer

from attending import __version__
from attending.cli import (
    adopt,
    audit_desk,
    authority,
    backup,
    baseline,
    begin,
    calendar,
    carry,
    catalogue,
    checklist,
    codelist,
    cohort,
    contract,
    delivery,
    deployer,
    due,
    erasure,
    features,
    hospital,
    incident,
    ingest,
    installation,
    intake,
    inventory,
    lineage,
    live,
    mapping,
    monitor,
    predictions,
    quarantine,
    ready,
    run,
    service,
    snapshot,
    source,
    study,
    trust,
    user,
    validation,
)
from attending.cli.door import through
from attending.cli.guard import guarded
from attending.cli.leaving import leave
from attending.cli.stopping import stoppable
from attending.cli.supervised import supervised
from attending.errors import EXIT_CODES

if TYPE_CHECKING:
    from collections.abc import Callable

_CODES = ", ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items())

app = typer.Typer(
    name="attending",
    help="From a prediction model in a notebook to one that clinicians can trust, and a verdict "
    "every day on whether they still can.",
    epilog=f"Exit codes: {_CODES}.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

for name, noun in {
    "home": installation.home_app,
    "hospital": hospital.hospital_app,
    "source": source.source_app,
    "ingest": ingest.ingest_app,
    "intake": intake.intake_app,
    "mapping": mapping.mapping_app,
    "snapshot": snapshot.snapshot_app,
    "contract": contract.contract_app,
    "quarantine": quarantine.quarantine_app,
    "cohort": cohort.cohort_app,
    "features": features.app,
    "baseline": baseline.baseline_app,
    "codelist": codelist.codelist_app,
    "train": study.train_app,
    "run": run.run_app,
    "validate": study.validate_app,
    "explain": study.explain_app,
    "card": study.card_app,
    "gate": trust.gate_app,
    "user": user.user_app,
    "document": authority.document_app,
    "policy": authority.policy_app,
    "review": authority.review_app,
    "key": authority.key_app,
    "audit": trust.audit_app,
    "backup": backup.backup_app,
    "erasure": erasure.erasure_app,
    "release": live.release_app,
    "monitor": monitor.monitor_app,
    "deliver": delivery.deliver_app,
    "incident": incident.incident_app,
}.items():
    app.add_typer(noun, name=name, no_args_is_help=True)
trust.audit_app.command("recall")(audit_desk.audit_recall)
trust.audit_app.command("search")(audit_desk.audit_search)
features.app.command("ready")(ready.features_ready)
authority.document_app.command("write")(deployer.document_write)
authority.document_app.command("downtime")(deployer.document_downtime)
authority.document_app.command("checklist")(checklist.document_checklist)
authority.document_app.command("crosswalk")(checklist.document_crosswalk)
authority.document_app.command("numbers")(checklist.document_numbers)
authority.document_app.command("trained")(deployer.document_trained)
live.release_app.add_typer(carry.bundle_app, name="bundle", no_args_is_help=True)
live.release_app.command("enter")(adopt.release_enter)
intake.intake_app.command("scores")(adopt.intake_scores)
live.release_app.command("inventory")(inventory.release_inventory)
authority.review_app.command("due")(calendar.review_due)
authority.review_app.command("record")(calendar.review_record)
study.validate_app.command("predictions")(predictions.validate_recorded)
study.validate_app.command("later")(validation.validate_later)
study.validate_app.command("silent")(validation.validate_silent)
study.validate_app.command("threshold")(validation.validate_threshold)
for name, shared in {**catalogue.VERBS, **lineage.VERBS}.items():
    features.app.command(name)(shared)
_VERBS: tuple[Callable[..., None], ...] = (
    begin.new,
    begin.demo,
    adopt.adopt,
    trust.agree,
    trust.sign,
    trust.fsck,
    live.score,
    service.serve,
    monitor.today,
)
for verb in _VERBS:
    app.command(verb.__name__)(verb)
app.command("run-due")(due.run_due)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def top(
    version: bool = typer.Option(False, "--version", callback=_version, help="Print the version."),
) -> None:
    """Take no options of its own but the version."""
    del version


def main() -> NoReturn:
    """Run the command line and exit with its code."""
    leave(lambda: supervised(lambda: through(stoppable(guarded(app)), argv=sys.argv)))
