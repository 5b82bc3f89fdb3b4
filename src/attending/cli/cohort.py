"""Verbs on cohorts: who is predicted for, why, and what became of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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
from attending.lifecycle import cohort_questions, cohorts
from attending.lifecycle.projects import open_project
from attending.records.cohort import Cohort
from attending.times import format_instant


def flow(cohort: Cohort) -> None:
    """Print the steps of a cohort with their counts."""
    table(("step", "kept", "removed"), [(s.title, s.kept, s.removed) for s in cohort.steps])


def cohort_build(
    project: ProjectOption = Path(),
    snapshot: SnapshotOption = "",
    spark: SparkOption = "",
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Build the cohort and its labels, every exclusion counted.

    Example: attending cohort build --project examples/readmission-mimic-iv --home H
    """
    asked = open_project(project)
    with (
        open_desk(home_path(home), at=clock(at), by=by, spark=spark) as desk,
        progress("building the cohort") as each,
    ):
        built = cohorts.build_cohort(desk, asked, snapshot=snapshot, each=each)
    record, columns = built.record, built.table.column_names
    known = f"{record.positives} events in {record.labelled} with a known outcome"
    if {"outcome_days", "outcome_count"} & set(columns):
        known = f"{record.labelled} with a known number"
    if not as_json:
        flow(record)
        if sizes := cohorts.unit_sizes(built):
            table(("unit", "shifts", "counted in all"), sizes)
    emit(
        {"digest": built.digest, **record.content()},
        as_json=as_json,
        lines=[
            (
                f"cohort {short(built.digest)}: {record.rows} predictions of {record.subjects} "
                f"{'units' if 'outcome_count' in columns else 'patients'}; {known}, "
                f"{record.statuses.unknown_words}"
            )
        ],
    )


def cohort_show(
    project: ProjectOption = Path(),
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the newest cohort of a project.

    Example: attending cohort show --project P --home H --json
    """
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at)) as desk:
        built = cohorts.built_cohort(desk, asked)
    if not as_json:
        flow(built.record)
    emit({"digest": built.digest, **built.record.content()}, as_json=as_json)


def cohort_explain(
    subject: Annotated[str, typer.Argument(help="The patient's pseudonym, a decimal number.")],
    project: ProjectOption = Path(),
    snapshot: SnapshotOption = "",
    spark: SparkOption = "",
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say why a patient's stays are in the cohort or not, rule by rule, without values.

    Example: attending cohort explain 4503599627370496 --project P --home H
    """
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at), spark=spark) as desk:
        found, cohort = cohort_questions.explain_subject(desk, asked, subject, snapshot=snapshot)
    counts = dict(zip((s.title for s in cohort.steps), cohort.steps, strict=True))
    lines = [f"{len(found.stays)} possible predictions, {sum(s.kept for s in found.stays)} in"]
    for stay in found.stays:
        when = format_instant(stay.prediction_time)
        lines.append(f"prediction at {when}: {'in' if stay.kept else 'out'}")
        for step in stay.steps:
            of_all = counts[step.title]
            met = "met" if step.met else "NOT MET"
            lines.append(f"  {met}: {step.title} ({of_all.removed} of all left here)")
    emit(
        {**found.content(), "flow": [step.model_dump() for step in cohort.steps]},
        as_json=as_json,
        lines=lines,
    )


def cohort_diff(
    other: Annotated[Path, typer.Argument(help="The other cohort.yaml.")],
    project: ProjectOption = Path(),
    snapshot: SnapshotOption = "",
    spark: SparkOption = "",
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what changes from the project's definition to another: fields, and rows by rule.

    Example: attending cohort diff new/cohort.yaml --project P --home H
    """
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at), spark=spark) as desk:
        found = cohort_questions.diff_definitions(desk, asked, other, snapshot=snapshot)
    lines = [f"changed: {change.field}" for change in found.changes]
    lines += [f"{one.rows} enter, left out before by: {one.title}" for one in found.entering]
    lines += [f"{one.rows} leave, by: {one.title}" for one in found.leaving]
    lines.append(
        f"{found.rows_before} rows before, {found.rows_after} after; "
        f"{found.relabelled} of both have another outcome"
    )
    emit(found.content(), as_json=as_json, lines=lines)


def cohort_import_aces(
    file: Annotated[Path, typer.Argument(help="The task of ACES, a YAML file.")],
    to: Annotated[
        Path | None, typer.Option("--to", help="Where to write; a file that is there is kept.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write the cohort.yaml that asks for the same as an ACES task, or say what does not map.

    Example: attending cohort import-aces task.yaml --to cohort.yaml
    """
    text = cohorts.imported_task(file, to)
    emit({"cohort": text, "to": None if to is None else str(to)}, as_json=as_json, lines=[text])
