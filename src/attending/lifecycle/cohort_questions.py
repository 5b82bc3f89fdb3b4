"""Questions about a cohort that leave nothing behind: why a patient is in, what a change does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.cohort.build import build
from attending.cohort.difference import difference
from attending.cohort.explain import why
from attending.errors import BadInput, NotFound
from attending.lifecycle.cohorts import data_end, project_snapshot, require_patients
from attending.lifecycle.engines import engine_over
from attending.specs.cohort import CohortSpec
from attending.specs.read_yaml import read_spec

if TYPE_CHECKING:
    from pathlib import Path

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.records.cohort import Cohort, CohortDiff, WhyReport


def explain_subject(
    desk: Desk, project: Project, subject: str, *, snapshot: str = ""
) -> tuple[WhyReport, Cohort]:
    """Return why each stay of a subject is in or out, and the cohort with its counts.

    Args:
        desk: where and when.
        project: whose cohort.yaml is asked.
        subject: the pseudonym, as a decimal string.
        snapshot: the start of an id; the newest of the contract's source when empty.

    Raises:
        BadInput: not a pseudonym.
        NotFound: the snapshot has no such subject.
    """
    require_patients(project)
    if not (subject.isascii() and subject.isdigit()) or int(subject) >= 2**63:
        raise BadInput(
            "got a subject that is not a pseudonym, expected a decimal number",
            code="cohort.subject",
            hint="Pseudonyms stand in the table of the cohort and in predictions.",
        )
    source = project_snapshot(desk, project, snapshot)
    engine, as_of = engine_over(desk, source), data_end(source.snapshot)
    rows = engine.rows(int(subject))
    if not rows.num_rows:
        raise NotFound(
            "the snapshot has no rows of this subject",
            code="cohort.no_subject",
            hint="Ask for another snapshot with --snapshot, or check the pseudonym.",
        )
    record, _ = build(project.cohort, engine, as_of=as_of, snapshot=source.digest)
    return why(project.cohort, rows, as_of=as_of), record


def diff_definitions(
    desk: Desk, project: Project, other: Path, *, snapshot: str = ""
) -> CohortDiff:
    """Return what changes from the project's definition to the one in another file.

    Raises:
        NotFound: no such file.
        BadInput: it is no cohort.yaml.
    """
    require_patients(project)
    after = read_spec(other, CohortSpec)
    source = project_snapshot(desk, project, snapshot)
    engine, as_of = engine_over(desk, source), data_end(source.snapshot)
    return difference(project.cohort, after, engine, as_of=as_of)
