"""Verbs on baselines: the bedside scores that there are, and how they lie over a cohort."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from attending.cli.desks import open_desk
from attending.cli.face import (
    AtOption,
    HomeOption,
    JsonOption,
    ProjectOption,
    SparkOption,
    clock,
    emit,
    home_path,
    progress,
    table,
)
from attending.errors import BadInput
from attending.lifecycle import cohorts, score_figures
from attending.lifecycle.baselines import registered
from attending.lifecycle.projects import open_project
from attending.specs.model import BaselineAsked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.lifecycle.score_figures import ScoreFigures


def baseline_ls(as_json: JsonOption = False) -> None:
    """List the bedside scores with version, range, population and reference.

    Example: attending baseline ls
    """
    found = registered()
    if not as_json:
        rows = [
            (name, about.version, _range(about.low, about.high), about.title)
            for name, about in found.items()
        ]
        table(("score", "version", "range", "what it is"), rows)
    emit(
        [
            {
                "score": name,
                "version": about.version,
                "title": about.title,
                "population": about.population,
                "reference": about.reference,
                "low": about.low,
                "high": about.high,
                "points": about.points,
                "notes": list(about.notes),
            }
            for name, about in found.items()
        ],
        as_json=as_json,
    )


def baseline_show(
    score: Annotated[
        list[str] | None,
        typer.Option("--score", help="A bedside score; again for more. Else those of model.yaml."),
    ] = None,
    with_: Annotated[
        list[str] | None,
        typer.Option("--with", help="A parameter of the one score that is named, NAME=VALUE."),
    ] = None,
    project: ProjectOption = Path(),
    spark: SparkOption = "",
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how baselines lie over the newest cohort, as knowable and as coded later.

    Example: attending baseline show --score lace --score hospital --project P --home H
    """
    asked = open_project(project)
    named = _asked(score or [], with_ or []) or asked.model.baselines
    wanted = score_figures.scores_among(named)
    with open_desk(home_path(home), at=clock(at), spark=spark) as desk, progress("scoring"):
        cohort = cohorts.built_cohort(desk, asked)
        found = score_figures.score_figures(desk, cohort, wanted)
    if not as_json:
        for one in found:
            _print(one)
    emit(
        {"cohort": cohort.digest, "scores": [one.content() for one in found]},
        as_json=as_json,
    )


def _asked(scores: Sequence[str], settings: Sequence[str]) -> tuple[BaselineAsked, ...]:
    """Return scores with their parameters.

    Raises:
        BadInput: parameters without exactly one score, or not NAME=VALUE.
    """
    if settings and len(scores) != 1:
        raise BadInput(
            f"got --with and {len(scores)} scores, expected one",
            code="score.parameter",
            hint="Name one score: --score hospital --with variant=2013.",
            where="--with",
        )
    pairs = [setting.partition("=") for setting in settings]
    if not all(name and mark for name, mark, _ in pairs):
        raise BadInput(
            "got --with without a value",
            code="score.parameter",
            hint="Write NAME=VALUE, such as --with variant=2013.",
            where="--with",
        )
    parameters: dict[str, bool | int | float | str] = {name: value for name, _, value in pairs}
    return tuple(BaselineAsked(score=name, parameters=parameters) for name in scores)


def _range(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{low:g} to {high:g}"


def _print(found: ScoreFigures) -> None:
    """Print one score: its middle, every total, and what was missing."""
    table(
        ("total", "patients", ""),
        [(total, n, "#" * max(1, round(40 * n / found.rows))) for total, n in found.totals.items()],
        title=f"{found.version}: {found.scored} of {found.rows} predictions scored",
    )
    gone = ", ".join(f"{name} {n}" for name, n in found.missing.items() if n)
    middle = "no total"
    if found.mean is not None:
        middle = f"median {found.quantiles[2]:g}, mean {found.mean:.2f}"
    share = f"completeness {100 * found.completeness:.1f} %"
    lines = [
        f"{middle}; {found.complete} with every input, {share}",
        f"missing: {gone or 'nothing'}",
        "",
    ]
    emit({}, as_json=False, lines=lines)
