"""How the gates before training are told: the checklist, and the corpus of planted leaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.cli.face import ERR, clock, emit, home_path, progress, table
from attending.lifecycle import pretraining
from attending.lifecycle.cohorts import built_cohort
from attending.lifecycle.desk import open_desk
from attending.lifecycle.featuring import built_features

if TYPE_CHECKING:
    from pathlib import Path

    from attending.lifecycle.projects import Project
    from attending.records.gates import GateFinding, PretrainReport

PRETRAIN = "pretrain"


def pretrain(asked: Project, *, home: Path | None, at: str | None, by: str, js: bool) -> None:
    """Print the checklist before training; an open row ends with exit 3."""
    with open_desk(home_path(home), at=clock(at), actor=by) as desk, progress("asking the gates"):
        cohort = built_cohort(desk, asked)
        features = built_features(desk, asked, cohort)
        report = pretraining.check_pretrain(desk, asked, cohort, features=features)
    if not js:
        _tell(report)
    emit(
        {"digest": report.digest, "allowed": report.allowed, **report.content()},
        as_json=js,
        lines=[
            f"{len(report.findings)} rows: {len(report.findings) - len(report.open)} pass, "
            f"{len(report.open)} open"
        ],
    )
    pretraining.require_pretrain(report)


def _tell(report: PretrainReport) -> None:
    """Print one line a gate that every feature meets, and each row that is open or excepted."""
    rows = []
    for gate in dict.fromkeys(item.gate for item in report.findings):
        own = [item for item in report.findings if item.gate == gate]
        told = [item for item in own if item.answer != "met" or item.excepted_by]
        rows += [_row(item) for item in told or own[:1]]
    table(("row", "answer", "figure", "limit", "feature", "whose", "why"), rows)
    for item in report.findings:
        if item.excepted_by:
            ERR.print(
                f"EXCEPTION: {item.gate} {item.feature} is let pass by {item.excepted_by[:12]} "
                f"until {item.excepted_until}",
                markup=False,
            )


def _row(item: GateFinding) -> tuple[object, ...]:
    shown = item.answer != "met" or item.excepted_by
    return (
        item.gate,
        f"{item.answer}, excepted" if item.excepted_by else item.answer,
        "" if item.figure is None or not shown else f"{item.figure:.3g}",
        "" if item.limit is None else f"{item.limit:g}",
        item.feature if shown else "",
        item.whose,
        item.reason,
    )
