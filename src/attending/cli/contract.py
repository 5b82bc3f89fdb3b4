"""Verbs on contracts: check a snapshot, compare two contracts, draft one, review a change."""

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
    ProjectOption,
    SnapshotOption,
    SparkOption,
    clock,
    emit,
    home_path,
    progress,
    table,
)
from attending.digests import short
from attending.lifecycle import checking, drafting, ingesting, reviewing
from attending.lifecycle.cohorts import project_snapshot
from attending.lifecycle.projects import open_project

if TYPE_CHECKING:
    from attending.records.contract import ContractReport, InputComparison


def contract_check(
    project: ProjectOption = Path(),
    snapshot: SnapshotOption = "",
    spark: SparkOption = "",
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Hold a snapshot against the project's contract; a broken promise is refused with exit 3.

    Example: attending contract check --project examples/readmission-synthetic --home H
    """
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at), by=by, spark=spark) as desk:
        source = project_snapshot(desk, asked, snapshot)
        with progress("checking", total=len(source.shards)) as each:
            report = checking.check_contract(desk, asked, source, each=each)
    if not as_json:
        table(
            ("check", "figure", "bound", "unit", "severity", "answer"),
            [(c.name, c.figure, c.bound, c.unit, c.severity, c.verdict) for c in report.checks],
            whole=("check",),
        )
    emit({"digest": report.digest, **report.content()}, as_json=as_json, lines=sum_of(report))
    checking.require_contract(report)


def sum_of(report: ContractReport) -> list[str]:
    """Return how many promises are broken, and whether those stop anything."""
    unshown = sum(check.verdict == "not_shown" for check in report.checks)
    told = [f"{len(report.checks)} promises checked, {len(report.failed)} broken"]
    if unshown:
        told.append(f"{unshown} not shown: there was nothing to look at")
    warned = [check.name for check in report.failed if check.severity != "error"]
    if warned:
        told.append(f"broken as a warning, recorded and refusing nothing: {', '.join(warned)}")
    return told


def contract_diff(
    before: Annotated[Path, typer.Argument(help="The contract as it was.")],
    after: Annotated[Path, typer.Argument(help="The contract as it is asked for.")],
    as_json: JsonOption = False,
) -> None:
    """Compare two contracts; a change of what models are fed ends with exit 3.

    Example: attending contract diff old/contract.yaml contract.yaml
    """
    found = drafting.compare_contracts(before, after)
    if not as_json:
        table(
            ("field", "before", "after", "model input"),
            [(c.path, c.before, c.after, "yes" if c.model_input else "") for c in found.changes],
        )
    emit({"digest": found.digest, **found.content()}, as_json=as_json)
    drafting.require_same_inputs(found)


def contract_infer(
    snapshot: SnapshotOption = "",
    out: Annotated[Path | None, typer.Option(help="A new file. Else it is printed.")] = None,
    codes: Annotated[int, typer.Option(help="How many codes get rules, commonest first.")] = 20,
    spark: SparkOption = "",
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draft a contract from what a snapshot holds; permission and regions are left to people.

    Example: attending contract infer --out contract.yaml --home H
    """
    with open_desk(home_path(home), at=clock(at), spark=spark) as desk:
        source = ingesting.held(desk, snapshot)
        with progress("reading", total=len(source.shards)) as each:
            text = drafting.draft(desk, source, codes=codes, each=each)
    if out is not None:
        drafting.write_draft(out, text)
    said = [f"written: {out}"] if out is not None else text.splitlines()
    emit({"snapshot": source.digest, "contract": text}, as_json=as_json, lines=said)


def contract_review(
    project: ProjectOption = Path(),
    snapshot: SnapshotOption = "",
    limit: Annotated[int, typer.Option(min=1, help="At most so many codes side by side.")] = 20,
    spark: SparkOption = "",
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Show the change of model input that waits for a signature; one that waits ends with exit 3.

    Old and new data stand side by side by table, code and unit: what is gone, what is new, and
    then what changed most.

    Example: attending contract review --project P --home H
    """
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at), by=by, spark=spark) as desk:
        review = reviewing.open_review(desk, asked, project_snapshot(desk, asked, snapshot))
        sides = None if review is None else reviewing.comparison(desk, review)
    if review is None:
        emit({"review": None}, as_json=as_json, lines=["nothing waits for a review"])
        return
    if not as_json:
        table(
            ("input", "before", "now"),
            [(change.path, change.before, change.after) for change in review.changes],
            title=f"review {short(review.digest)}",
        )
        if sides is not None:
            _side_by_side(sides, limit=limit)
    told = None if sides is None else sides.content()
    emit({"digest": review.digest, **review.content(), "side_by_side": told}, as_json=as_json)
    reviewing.refuse(review)


def _side_by_side(sides: InputComparison, *, limit: int) -> None:
    shown = sides.sides[:limit]
    table(
        ("", "table", "code", "unit", "rows", "now", "patients", "now", "mean", "now"),
        [
            (
                one.status if one.status != "both" else "",
                one.table,
                one.code,
                one.unit or "",
                one.rows_before,
                one.rows_after,
                one.patients_before,
                one.patients_after,
                "" if one.mean_before is None else f"{one.mean_before:.4g}",
                "" if one.mean_after is None else f"{one.mean_after:.4g}",
            )
            for one in shown
        ],
        title=f"{sides.source_before} ({sides.patients_before} patients), "
        f"now {sides.source_after} ({sides.patients_after}): "
        f"{len(shown)} of {len(sides.sides)} codes",
    )
