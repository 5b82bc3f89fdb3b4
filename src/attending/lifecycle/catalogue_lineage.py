"""Where a shared feature comes from, where it goes, and what two versions of it differ in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.documents.lineage import picture
from attending.errors import BadInput
from attending.features.catalogue import changed_fields
from attending.features.diff import FOR_PEOPLE
from attending.features.diff import diff as diff_specs
from attending.features.lineage import SOURCE_COLUMNS, read_by, sources_read
from attending.features.openlineage import run_event
from attending.lifecycle.catalogue import find
from attending.lifecycle.catalogue_reviews import users_of
from attending.lifecycle.catalogue_rights import require_reader
from attending.lifecycle.catalogue_uses import with_operands
from attending.lifecycle.engines import engine_over
from attending.lifecycle.ingesting import held
from attending.records.catalogue import FeatureLineage, SourceTable
from attending.records.features import FeatureChange, FeatureDiff
from attending.specs.features import FeaturesSpec
from attending.specs.read_yaml import read_spec

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from attending.documents.picture import Picture
    from attending.lifecycle.desk import Desk


def lineage(desk: Desk, reference: str, *, snapshot: str = "") -> FeatureLineage:
    """Return where a version's codes stand in a snapshot, and which models use it.

    Args:
        desk: where.
        reference: NAME@N, or NAME for the newest.
        snapshot: the start of an id; the newest when empty.

    Raises:
        Denied: the actor may not read it, or one of its operands.
    """
    parts = with_operands(desk, find(desk, reference))
    for one in parts:
        require_reader(desk, one, act="lineage")
    feature, source = parts[-1], held(desk, snapshot)
    reads = tuple(read_by(one) for one in parts)
    codes = tuple(sorted({code for one in reads for code in one.codes}))
    found: dict[str, set[str]] = {}
    if codes:
        pairs = engine_over(desk, source).map(sources_read, codes=codes, columns=SOURCE_COLUMNS)
        for pair in pairs.to_pylist():
            found.setdefault(pair["source"], set()).add(pair["code"])
    return FeatureLineage(
        feature=feature.reference,
        digest_of_feature=feature.digest,
        owner=feature.owner,
        operands=tuple(one.reference for one in parts[:-1]),
        codes=codes,
        reads=reads,
        snapshot=source.digest,
        tables=tuple(
            SourceTable(table=name, codes=tuple(sorted(found[name]))) for name in sorted(found)
        ),
        models=users_of(desk, feature),
    )


def openlineage(desk: Desk, found: FeatureLineage) -> dict[str, Any]:
    """Return a lineage as one OpenLineage run event."""
    return run_event(found, find(desk, found.feature), at=desk.at)


def pictured(found: FeatureLineage) -> Picture:
    """Return a lineage as a picture with its words and its table.

    Raises:
        BadInput: it is derived over more steps than fit beside each other.
    """
    return picture(found)


def draw(found: FeatureLineage, to: Path) -> None:
    """Write a lineage as a picture in SVG.

    Raises:
        BadInput: a file is there already, or the folder is not.
    """
    if to.exists() or not to.parent.is_dir():
        raise BadInput(
            "the file is there already, and is kept"
            if to.exists()
            else "the folder for the picture is not there",
            code="features.picture",
            hint="Name a file that is not there, in a folder that is, with --picture.",
            where=str(to),
        )
    to.write_bytes(picture(found).svg)


def diff_files(before: Path, after: Path) -> FeatureDiff:
    """Return what differs between two features files."""
    return diff_specs(read_spec(before, FeaturesSpec), read_spec(after, FeaturesSpec))


def diff_versions(desk: Desk, before: str, after: str) -> FeatureDiff:
    """Return which fields differ between two versions of the catalogue.

    Raises:
        NotFound: no such version.
        Denied: the actor may not read one of them.
    """
    old, new = find(desk, before), find(desk, after)
    for one in (old, new):
        require_reader(desk, one, act="diff")
    fields = changed_fields(old, new)
    changes = (
        FeatureChange(
            name=new.name,
            change="changed",
            fields=fields,
            changes_values=not set(fields) <= {*FOR_PEOPLE, "readers", "name"},
        ),
    )
    return FeatureDiff(before=old.digest, after=new.digest, changes=changes if fields else ())
