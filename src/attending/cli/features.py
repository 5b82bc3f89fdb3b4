"""Verbs on a project's features: build, ls, show, parity, warm."""

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
    SparkOption,
    clock,
    emit,
    home_path,
    progress,
    table,
)
from attending.digests import short
from attending.lifecycle import cohorts, featuring, parity
from attending.lifecycle.projects import open_project
from attending.times import format_length

if TYPE_CHECKING:
    from attending.specs.features import FeatureSpec


def build(
    project: ProjectOption = Path(),
    spark: SparkOption = "",
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Build the features of the newest cohort; only rows known by the prediction are seen.

    Example: attending features build --project P --home H
    """
    asked = open_project(project)
    with (
        open_desk(home_path(home), at=clock(at), by=by, spark=spark) as desk,
        progress("building features") as each,
    ):
        built = featuring.build_features(desk, asked, cohorts.built_cohort(desk, asked), each=each)
    emit(
        {"digest": built.digest, **built.record.content()},
        as_json=as_json,
        lines=[
            (
                f"feature set {short(built.digest)}: {len(built.record.features)} features of "
                f"{built.record.rows} predictions; table {short(built.record.table_digest)}"
            ),
            *(f"note: {one}" for one in built.record.notes),
        ],
    )


def ls(project: ProjectOption = Path(), as_json: JsonOption = False) -> None:
    """List the features of a project with owner, status and meaning.

    Example: attending features ls --project P
    """
    spec = open_project(project).features
    if not as_json:
        table(
            ("feature", "label", "unit", "window", "owner", "status"),
            [
                (f.name, f.label, f.unit or "", _window(f), f.owner, f.catalogue or f.status)
                for f in spec.features
            ],
        )
    emit(spec.model_dump(mode="json"), as_json=as_json)


def _window(feature: FeatureSpec) -> str:
    """Return a feature's window as its spec writes it, or its kind."""
    held = feature.window
    written = format_length(held) if isinstance(held, int) else held or feature.kind
    return f"{written} as of {feature.as_of}" if feature.as_of else written


def show(
    name: Annotated[str, typer.Argument(help="A feature, by its name.")],
    project: ProjectOption = Path(),
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Show a feature's definition, how often it has a value, and why it has none.

    Example: attending features show creatinine_last --project P --home H
    """
    asked = open_project(project)
    feature = asked.features.feature(name)
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        built = featuring.built_features(desk, asked, cohorts.built_cohort(desk, asked)).record
    count = next(one for one in built.features if one.name == name)
    defined = feature.model_dump(mode="json", exclude_defaults=True)
    if not as_json:
        table(("field", "is"), list(defined.items()), title=feature.label)
        counted: dict[str, int] = {
            "present": count.present,
            "of them stale": count.stale,
            **dict(count.missing.items()),
        }
        told = [
            (why.replace("_", " "), n, f"{n / max(built.rows, 1):.1%}")
            for why, n in counted.items()
        ]
        table(("cells", "predictions", "share"), told)
    content = {"definition": defined, "rows": built.rows, "counts": count.model_dump(mode="json")}
    emit(content, as_json=as_json)


def parity_verb(
    most: Annotated[int, typer.Option("--most", min=1, help="How many predictions.")] = 1000,
    project: ProjectOption = Path(),
    spark: SparkOption = "",
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Compute predictions again as the scoring process does; another bit ends with exit 3.

    Example: attending features parity --most 5000 --project P --home H
    """
    asked = open_project(project)
    with (
        open_desk(home_path(home), at=clock(at), by=by, spark=spark) as desk,
        progress("computing again"),
    ):
        built = featuring.built_features(desk, asked, cohorts.built_cohort(desk, asked))
        report = parity.check_parity(desk, asked, built, most=most)
    if not as_json and report.mismatches:
        table(
            ("feature", "cells that differ"), [(one.name, one.cells) for one in report.mismatches]
        )
    emit(
        {"digest": report.digest, **report.content()},
        as_json=as_json,
        lines=[
            (
                f"parity {short(report.digest)}: {report.cells} cells of {report.predictions} "
                f"predictions computed again, {sum(one.cells for one in report.mismatches)} differ"
            )
        ],
    )
    parity.require_same(report)


def warm(as_json: JsonOption = False) -> None:
    """Compile the kernel and keep it beside the code, as when an image is made.

    Example: attending features warm
    """
    found = featuring.warm()
    emit(found, as_json=as_json, lines=["the kernel is compiled and kept"])
