"""Feature tables: built through the one kernel for a cohort, and kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from attending.engines.tables import digest_table
from attending.features.build import build as build_table
from attending.features.unit_features import build_units
from attending.features.warm import warm_kernel
from attending.lifecycle import catalogue_uses
from attending.lifecycle.cohorts import in_zones
from attending.lifecycle.desk import keep, required
from attending.lifecycle.engines import engine_name, engine_over
from attending.lifecycle.tables import table_from, write_table
from attending.records.features import FeatureSet

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from attending.lifecycle.cohorts import BuiltCohort
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project


@dataclass(frozen=True)
class BuiltFeatures:
    """A feature set record and its table."""

    digest: str
    record: FeatureSet
    table: pa.Table


def build_features(
    desk: Desk,
    project: Project,
    cohort: BuiltCohort,
    *,
    each: Callable[[], None] | None = None,
) -> BuiltFeatures:
    """Return the features of a cohort, now kept.

    Args:
        desk: where and when.
        project: whose features.yaml is built.
        cohort: for whom, and when.
        each: called after every shard.

    Raises:
        Refused: a feature is not its definition in the catalogue, is retired, or waits for a
            review.
        Denied: the actor may not read one.
    """
    shared = catalogue_uses.checked(desk, project)
    record, table = made_features(desk, project, cohort, each=each)
    record = record.model_copy(update={"notes": (*record.notes, *shared.notes)})
    with TemporaryDirectory() as folder:
        path = Path(folder, "features.parquet")
        write_table(table, path)
        artifact = desk.home.artifacts.put(path)
    digest = keep(
        desk,
        record,
        action="features.build",
        keys={
            "model": project.name,
            "cohort": cohort.digest,
            "table": artifact,
            f"table_{cohort.digest[:12]}": artifact,
        },
        details={
            "table_rows": record.rows,
            "features": len(record.features),
            "engine": engine_name(desk),
        },
    )
    catalogue_uses.keep_uses(desk, project, shared, feature_set=digest)
    return BuiltFeatures(digest=digest, record=record, table=table)


def made_features(
    desk: Desk,
    project: Project,
    cohort: BuiltCohort,
    *,
    each: Callable[[], None] | None = None,
) -> tuple[FeatureSet, pa.Table]:
    """Return the features that a project asks for a cohort, made and not kept."""
    if project.cohort.of_units:
        return build_units(project.features, cohort.table)
    due = in_zones(cohort.table, cohort.source.snapshot)
    return build_table(project.features, due, engine_over(desk, cohort.source), each=each)


def built_features(desk: Desk, project: Project, cohort: BuiltCohort) -> BuiltFeatures:
    """Return the features that were built for a cohort from features.yaml as it is now.

    Raises:
        NotFound: none were.
        Denied: the actor may not read a feature of them.
    """
    catalogue_uses.require_readers(desk, project)
    catalog = desk.home.catalog
    kept = [
        found
        for found in catalog.all(FeatureSet, cohort=cohort.digest)
        if found.definition_digest == project.features.digest
    ]
    record = required(
        kept[-1] if kept else None,
        "feature set",
        hint="Run `attending features build`; features.yaml may have changed since.",
    )
    digest = record.digest
    artifact = catalog.keys(digest)[f"table_{cohort.digest[:12]}"]
    return BuiltFeatures(digest, record, table_from(desk.home.artifacts.read(artifact)))


def with_table(built: BuiltFeatures, table: pa.Table) -> BuiltFeatures:
    """Return features whose table somebody made by hand, named by what it holds now.

    >>> from attending.records.features import FeatureSet
    >>> said = FeatureSet(name="x", version="1", definition_digest="", features=(), rows=0,
    ...     table_digest="as built")
    >>> import pyarrow as pa
    >>> edited = with_table(BuiltFeatures("", said, pa.table({})), pa.table({"a": [1.0]}))
    >>> edited.record.table_digest == "as built"
    False
    """
    record = built.record.model_copy(update={"table_digest": digest_table(table)})
    return BuiltFeatures(record.digest, record, table)


def warm() -> dict[str, int]:
    """Return in how many forms the kernel is compiled, now kept for every later process.

    >>> warm()["kernels"]
    1
    """
    return {"kernels": warm_kernel()}
