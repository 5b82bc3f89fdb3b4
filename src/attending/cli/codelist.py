"""Verbs on code lists: which there are, what one says, and what a change would do."""

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
from attending.lifecycle import code_lists

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.records.code_list import ClassChange


NameArgument = Annotated[str, typer.Argument(help="The name of a list, or the path of its file.")]


def codelist_ls(project: ProjectOption = Path(), as_json: JsonOption = False) -> None:
    """List the code lists that come along and those in a project's folder `codelists`.

    Example: attending codelist ls
    """
    found = code_lists.listed(project)
    if not as_json:
        table(
            ("list", "version", "classes", "owner", "from", "digest"),
            [
                (
                    one.spec.name,
                    one.spec.version,
                    len(one.spec.classes),
                    one.spec.owner,
                    one.origin,
                    short(one.spec.digest),
                )
                for one in found
            ],
        )
    emit(
        [
            {
                "name": one.spec.name,
                "version": one.spec.version,
                "title": one.spec.title,
                "source": one.spec.source,
                "owner": one.spec.owner,
                "classes": list(one.spec.names),
                "origin": one.origin,
                "digest": one.spec.digest,
                "codes_digest": one.spec.codes_digest,
            }
            for one in found
        ],
        as_json=as_json,
    )


def codelist_show(
    name: NameArgument,
    of_class: Annotated[str, typer.Option("--class", help="One class alone.")] = "",
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Show a code list: classes and codes, a `*` after those that are prefixes.

    Example: attending codelist show charlson --class mi
    """
    spec = code_lists.find(name, project=project)
    wanted = {one: spec.patterns(one) for one in ([of_class] if of_class else spec.names)}
    if not as_json:
        labels = {one.name: one.label for one in spec.classes}
        rows = [(one, labels[one], " ".join(codes)) for one, codes in wanted.items()]
        table(("class", "label", "codes"), rows, title=f"{spec.title}, {spec.version}")
    emit(
        {
            "name": spec.name,
            "version": spec.version,
            "digest": spec.digest,
            "classes": {one: list(codes) for one, codes in wanted.items()},
        },
        as_json=as_json,
        lines=[f"source: {spec.source}", f"owner: {spec.owner}", f"digest: {spec.digest}"],
    )


def codelist_diff(
    before: NameArgument,
    after: NameArgument,
    impact: Annotated[
        bool, typer.Option("--impact", help="Count the patients of a snapshot that change class.")
    ] = False,
    snapshot: SnapshotOption = "",
    project: ProjectOption = Path(),
    spark: SparkOption = "",
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Show what differs between two lists; with --impact, exit 3 until that is signed.

    Example: attending codelist diff charlson codelists/charlson.yaml --impact --home H
    """
    old, new = (code_lists.find(name, project=project) for name in (before, after))
    if not impact:
        changes = code_lists.differences(old, new)
        _print(changes, as_json=as_json)
        content = [one.model_dump(mode="json") for one in changes]
        emit({"before": old.digest, "after": new.digest, "classes": content}, as_json=as_json)
        return
    with (
        open_desk(home_path(home), at=clock(at), by=by, spark=spark) as desk,
        progress("counting"),
    ):
        review = code_lists.impact(desk, old, new, snapshot=snapshot)
        _print(review.classes, as_json=as_json)
        emit(
            {"digest": review.digest, **review.content()},
            as_json=as_json,
            lines=[f"{review.changed} of {review.patients} patients change class"],
        )
        code_lists.require_signed(desk, review)


def _print(changes: Sequence[ClassChange], *, as_json: bool) -> None:
    if as_json:
        return
    rows = [
        (
            one.name,
            " ".join(one.added),
            " ".join(one.removed),
            "" if one.gained is None else one.gained,
            "" if one.lost is None else one.lost,
        )
        for one in changes
    ]
    if rows:
        table(("class", "added", "removed", "patients in", "patients out"), rows)
    else:
        emit({}, as_json=False, lines=["both lists have the same codes"])
