"""Verbs on runs: ls, show, diff, replay, promote, export."""

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
    RunArgument,
    clock,
    emit,
    home_path,
    progress,
    table,
)
from attending.digests import short
from attending.lifecycle import (
    differing,
    exporting,
    influencing,
    promoting,
    recalibrating_here,
    replaying,
    run_trail,
    training,
    updating,
)
from attending.lifecycle.projects import open_project
from attending.records.run_diff import RunDiff, Shares
from attending.times import format_instant

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: What is shown of a measure, in which words, and how it is signed.
_SHARE_LINES = (
    ("before", "before", ""),
    ("after", "after", ""),
    ("change", "change", "+"),
    ("population", "of it the rows", "+"),
    ("label", "of it the label", "+"),
    ("model", "of it the model", "+"),
)


def run_ls(
    project: ProjectOption = Path(),
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the runs of a project, oldest first.

    Example: attending run ls --project P --home H
    """
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at)) as desk:
        runs = training.runs_of(desk, asked)
    if not as_json:
        table(
            ("run", "estimator", "commit", "exploratory"),
            [(short(r.digest), r.estimator, short(r.project_commit), r.exploratory) for r in runs],
        )
    emit([{"digest": r.digest, "estimator": r.estimator} for r in runs], as_json=as_json)


def run_show(
    run: RunArgument = "",
    project: ProjectOption = Path(),
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a run record whole.

    Example: attending run show 3f9a --project P --home H --json
    """
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at)) as desk:
        found = training.latest_run(desk, asked, run)
    content = {"digest": found.digest, **found.content()}
    shown = [f"{key}: {value}" for key, value in content.items() if key != "packages"]
    emit(content, as_json=as_json, lines=shown)


def run_replay(
    run: RunArgument = "",
    project: ProjectOption = Path(),
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Repeat a run and compare every file byte for byte; a difference ends with exit 4.

    Example: attending run replay 3f9a --project P --home H
    """
    asked = open_project(project)
    with (
        open_desk(home_path(home), at=clock(at), by=by) as desk,
        progress("repeating the run"),
    ):
        found = replaying.replay(desk, asked, training.latest_run(desk, asked, run).digest)
    emit(
        found.content(),
        as_json=as_json,
        lines=[f"run {short(found.run)}: every file is the same" if found.same_files else ""],
    )
    replaying.require_same(found)


def run_diff(
    before: Annotated[str, typer.Argument(help="The start of the earlier run's digest.")],
    after: Annotated[str, typer.Argument(help="The start of the later run's digest.")],
    project: ProjectOption = Path(),
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Explain a regression between two runs: what differs, and whose part of each change it is.

    Both models are scored on the test rows of both runs, under both labels. The parts of the rows,
    the label and the model add up to the whole change. Intervals are of draws of patients.

    Example: attending run diff 3f9a 81c2 --project P --home H
    """
    asked = open_project(project)
    with (
        open_desk(home_path(home), at=clock(at), by=by) as desk,
        progress("scoring across"),
    ):
        found = differing.diff_runs(
            desk,
            asked,
            before=training.latest_run(desk, asked, before),
            after=training.latest_run(desk, asked, after),
        )
    emit(
        {"digest": found.digest, **found.content()},
        as_json=as_json,
        lines=found.words or ("The two runs say the same.",),
    )
    if not as_json:
        _diff_tables(found)
        method = (f"Intervals: {found.interval_method}.",) if found.interval_method else ()
        emit(None, as_json=False, lines=(*method, *found.notes))


def _diff_tables(found: RunDiff) -> None:
    lines = [line for one in found.shares for line in _share_lines(one)]
    table(("measure", "figure", "value", "95 % interval"), lines)
    table(
        ("cause", "differs", "how"),
        [
            (one.name, "yes" if one.differs else "no", "; ".join(one.details))
            for one in found.causes
        ],
    )


def _share_lines(found: Shares) -> Iterator[tuple[str, ...]]:
    """Yield a measure in both runs, its change, and each part of that, with their intervals."""
    head = found.label_text
    for which, words, sign in _SHARE_LINES:
        ends = found.intervals.get(which)
        known = ends is not None and ends.low is not None
        told = f"{ends.low:{sign}.3f} to {ends.high:{sign}.3f}" if ends and known else ""
        yield head, words, f"{getattr(found, which):{sign}.3f}", told
        head = ""


def run_promote(
    run: RunArgument = "",
    project: ProjectOption = Path(),
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Give an exploratory run standing: a clean commit must repeat it, or it is refused (exit 3).

    Example: attending run promote 3f9a --project P --home H --by dana
    """
    asked = open_project(project)
    with (
        open_desk(home_path(home), at=clock(at), by=by) as desk,
        progress("repeating the run from the commit"),
    ):
        found = promoting.promote(desk, asked, training.latest_run(desk, asked, run))
    emit(
        {"digest": found.digest, **found.content()},
        as_json=as_json,
        lines=[
            f"run {found.promoted}",
            f"it repeats {short(found.run)} from commit {short(found.project_commit)}",
        ],
    )


def run_recalibrate(
    project: ProjectOption = Path(),
    version: Annotated[str, typer.Option("--version", help="Such as v1. Else the newest.")] = "",
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Propose none, intercept, slope and intercept, or refit, on what matured; change nothing.

    A model from another hospital that has served nobody here is weighed on its local validation.
    Once the clinical owner has signed the proposal, write its block into model.yaml.

    Example: attending run recalibrate --project P --home H --by dana
    """
    asked = open_project(project)
    with (
        open_desk(home_path(home), at=clock(at), by=by) as desk,
        progress("weighing an update"),
    ):
        made = recalibrating_here.propose(desk, asked, version=version)
        block = updating.block_of(made)
    steps = ", ".join(f"{p:.3g}" for p in made.p_values)
    emit(
        {"digest": made.digest, "block": block, **made.content()},
        as_json=as_json,
        lines=[
            f"{made.model}@{made.version}: {made.update.replace('_', ' ')} (p {steps})",
            f"O:E {made.observed_expected:.3g}, {made.n_events} events of {made.n}",
            f"proposal {made.digest}",
            *([f"for model.yaml, once signed: {block}"] if block else []),
        ],
    )


def run_export(
    run: Annotated[str, typer.Argument(help="The start of a run's digest.")],
    into: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to write into.")],
    to: Annotated[str, typer.Option("--to", help="mlflow, or openlineage.")],
    project: ProjectOption = Path(),
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Write a run for another system: an MLflow file store, or OpenLineage run events.

    Example: attending run export 3f9a mlruns --to mlflow --project P --home H
    """
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        found = training.latest_run(desk, asked, run)
        path = exporting.export_run(desk, found, to=to, into=into)
    emit(
        {"run": found.digest, "to": to, "path": str(path)},
        as_json=as_json,
        lines=[f"run {short(found.digest)} written to {path}"],
    )


def run_influence(
    run: RunArgument = "",
    against: Annotated[
        str, typer.Option("--against", help="An earlier run, whose labels must still stand.")
    ] = "",
    project: ProjectOption = Path(),
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Look for poisoned labels by site and rare marker; what stands out ends with exit 3.

    Each is left out of the fit, and its labels held against what the rest expects there.

    Example: attending run influence 81c2 --against 3f9a --project P --home H
    """
    asked = open_project(project)
    with (
        open_desk(home_path(home), at=clock(at), by=by) as desk,
        progress("leaving each out"),
    ):
        earlier = training.latest_run(desk, asked, against) if against else None
        found = influencing.report_influence(
            desk, asked, training.latest_run(desk, asked, run), against=earlier
        )
    if not as_json:
        table(
            (
                "group",
                "rows",
                "events",
                "expected",
                "errors",
                "relabelled",
                "moved",
                "look",
            ),
            [
                (
                    f"{one.kind} {one.name}",
                    _shown(one.rows),
                    _shown(one.events),
                    "" if one.expected is None else f"{one.expected:.0f}",
                    f"{one.z:+.1f}",
                    _shown(one.relabelled),
                    f"{one.moved:.4f}",
                    "yes" if one.flagged else "",
                )
                for one in found.groups
            ],
        )
    emit({"digest": found.digest, **found.content()}, as_json=as_json)
    influencing.require_unflagged(found)


def _shown(count: int | None) -> str:
    return "" if count is None else str(count)


def run_trail_of(
    run: RunArgument = "",
    project: ProjectOption = Path(),
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one trail from the source's data to the deployed files, with who approved what.

    Example: attending run trail 3f9a --project P --home H
    """
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at)) as desk:
        found = run_trail.trail(desk, training.latest_run(desk, asked, run))
    tell_stops(found, as_json=as_json)


def tell_stops(found: Sequence[run_trail.Stop], *, as_json: bool) -> None:
    """Print the stops of a trail."""
    stops = [
        {
            "what": stop.what,
            "digest": stop.digest,
            "said": stop.said,
            "at": format_instant(stop.at) if stop.at else None,
            "by": stop.by,
        }
        for stop in found
    ]
    if not as_json:
        columns = ("what", "digest", "at", "by", "said")
        shown = [{**stop, "digest": short(str(stop["digest"]))} for stop in stops]
        table(columns, [[stop[name] or "" for name in columns] for stop in shown])
    emit(stops, as_json=as_json)
