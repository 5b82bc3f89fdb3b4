"""Verbs on where features come from and what changed in them: lineage, diff."""

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
    SnapshotOption,
    clock,
    emit,
    home_path,
    progress,
    table,
)
from attending.digests import short
from attending.lifecycle import catalogue_lineage

if TYPE_CHECKING:
    from attending.records.catalogue import FeatureLineage

_ONE = "NAME@N of the catalogue, or the path of a features file."


def features_lineage(
    name: Annotated[str, typer.Argument(help="NAME@N, or NAME for the newest version.")],
    openlineage: Annotated[
        bool, typer.Option("--openlineage", help="Print one OpenLineage run event.")
    ] = False,
    picture: Annotated[
        Path | None, typer.Option("--picture", help="Draw it into this file, as SVG.")
    ] = None,
    snapshot: SnapshotOption = "",
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Show a shared feature from the source tables over its codes to the models that use it.

    Example: attending features lineage sodium_last --home H
    """
    with open_desk(home_path(home), at=clock(at), by=by) as desk, progress("reading"):
        found = catalogue_lineage.lineage(desk, name, snapshot=snapshot)
        event = catalogue_lineage.openlineage(desk, found) if openlineage else {}
        if picture is not None:
            catalogue_lineage.draw(found, picture)
    if openlineage:
        emit(event, as_json=True)
        return
    emit({"digest": found.digest, **found.content()}, as_json=as_json, lines=_tree(found))


def _tree(found: FeatureLineage) -> list[str]:
    lines = [f"snapshot {short(found.snapshot)}"]
    for one in found.tables:
        lines += [f"  table {one.table}", *(f"    code {code}" for code in one.codes)]
    lines += [f"feature {found.feature} {short(found.digest_of_feature)}, owner {found.owner}"]
    lines += [f"  reads {code}" for code in found.codes]
    lines += [f"  is derived from {one}" for one in found.operands]
    lines += [f"  feeds model {one}" for one in found.models]
    return lines


def features_diff(
    before: Annotated[str, typer.Argument(help=_ONE)],
    after: Annotated[str, typer.Argument(help=_ONE)],
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Show which fields differ between two versions of a feature, or two features files.

    Example: attending features diff sodium_last@1 sodium_last@2 --home H
    """
    if all(one.endswith((".yaml", ".yml")) for one in (before, after)):
        found = catalogue_lineage.diff_files(Path(before), Path(after))
    else:
        with open_desk(home_path(home), at=clock(at), by=by) as desk:
            found = catalogue_lineage.diff_versions(desk, before, after)
    if not as_json and found.changes:
        table(
            ("feature", "change", "fields", "can change values"),
            [
                (one.name, one.change, ", ".join(one.fields), "yes" if one.changes_values else "no")
                for one in found.changes
            ],
        )
    lines = [] if found.changes else ["both say the same"]
    emit({"digest": found.digest, **found.content()}, as_json=as_json, lines=lines)
