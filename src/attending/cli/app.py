"""The command line: `attending NOUN VERB`, refusals as one message and one exit code."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from attending import __version__
from attending.cli import (
    baseline,
    begin,
    catalogue,
    codelist,
    cohort,
    contract,
    features,
    hospital,
    ingest,
    installation,
    lineage,
    live,
    mapping,
    quarantine,
    ready,
    snapshot,
    source,
    study,
    trust,
)
from attending.cli.door import through
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
    "mapping": mapping.mapping_app,
    "snapshot": snapshot.snapshot_app,
    "contract": contract.contract_app,
    "quarantine": quarantine.quarantine_app,
    "cohort": cohort.cohort_app,
    "features": features.app,
    "baseline": baseline.baseline_app,
    "codelist": codelist.codelist_app,
    "train": study.train_app,
    "run": study.run_app,
    "validate": study.validate_app,
    "explain": study.explain_app,
    "card": study.card_app,
    "gate": trust.gate_app,
    "user": trust.user_app,
    "audit": trust.audit_app,
    "release": live.release_app,
    "monitor": live.monitor_app,
}.items():
    app.add_typer(noun, name=name, no_args_is_help=True)
features.app.command("ready")(ready.features_ready)
for name, shared in {**catalogue.VERBS, **lineage.VERBS}.items():
    features.app.command(name)(shared)
_VERBS: tuple[Callable[..., None], ...] = (
    begin.new,
    begin.demo,
    trust.agree,
    trust.sign,
    trust.fsck,
    live.score,
    live.serve,
    live.today,
)
for verb in _VERBS:
    app.command(verb.__name__)(verb)


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


def main() -> None:
    """Run the command line and exit with its code."""
    sys.exit(through(app, argv=sys.argv))
