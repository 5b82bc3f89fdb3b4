"""Scoring everyone who is due, and what became of them: stored whole, or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.digests import canonical, digest_of
from attending.engines.local import LocalEngine
from attending.errors import NotFound, Refused
from attending.lifecycle.cohorts import build_cohort
from attending.lifecycle.desk import keep_in
from attending.lifecycle.tables import table_bytes, table_from
from attending.lifecycle.training import bundle_of
from attending.records.monitoring import Verdict
from attending.records.prediction import OutcomeJoin, PredictionBatch
from attending.records.run import Run
from attending.scores.registered import SCORES
from attending.serve.batch import score_batch
from attending.serve.outcomes import join
from attending.serve.served import STAGES, Served
from attending.stores.predictions import Observed, Scored
from attending.times import format_instant, from_micros, to_micros

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.records.release import Deployment
    from attending.types import Instant


@dataclass(frozen=True)
class Batch:
    """A batch of predictions: its digest, its account and its table."""

    digest: str
    record: PredictionBatch
    table: pa.Table


def deployed(desk: Desk, project: Project, version: str = "") -> Deployment:
    """Return where the version that scores stands: the newest in silent, limited or live.

    Raises:
        Refused: no version scores.
    """
    standing = desk.home.deployments.standing(project.name).values()
    found = [item for item in standing if item.stage in STAGES and version in {"", item.version}]
    if not found:
        raise Refused(
            "no version of this model stands in silent or later",
            code="release.not_serving",
            hint="See `attending release status`, and `attending gate check silent`.",
        )
    return max(found, key=lambda item: int(item.version[1:]))


def served_version(desk: Desk, project: Project, *, version: str = "") -> Served:
    """Return the version that scores, with its model, plan and newest verdict."""
    stands = deployed(desk, project, version)
    run = desk.home.catalog.get(stands.run, Run)
    fallback = project.release.fallback
    return Served(
        model=stands.model,
        version=stands.version,
        stage=stands.stage,
        bundle=bundle_of(desk, run),
        features=project.features,
        release=project.release,
        at=desk.at,
        run=stands.run,
        artifact=digest_of(dict(stands.artifacts)),
        release_digest=stands.release_spec,
        threshold=project.release.threshold.value,
        verdict=desk.home.catalog.latest(Verdict, model=stands.model, version=stands.version),
        serves=stands.serves,
        fallback=SCORES.get(fallback.score)({}) if fallback.score else None,
    )


def entered_silent(desk: Desk, project: Project, version: str) -> Instant:
    """Return when a version entered silent; what lies before is not its to score.

    Raises:
        NotFound: it never did.
    """
    for item in desk.home.deployments.history(project.name, version=version):
        if item.stage == "silent":
            return item.effective_at
    raise NotFound(f"version {version} was never silent", code="release.never_silent")


def score(  # noqa: PLR0913 - what, for whom, when
    desk: Desk,
    project: Project,
    *,
    snapshot: str = "",
    since: Instant | None = None,
    until: Instant | None = None,
    version: str = "",
    each: Callable[[], None] | None = None,
) -> Batch:
    """Return the predictions of everyone who is due, stored with their account.

    Args:
        desk: where and when.
        project: whose model scores.
        snapshot: the start of an id; the newest of the contract's source when empty.
        since: the first prediction time; when the version entered silent if absent.
        until: the end of prediction times, not included; now if absent.
        version: such as `v1`; the newest that scores when empty.
        each: called after every shard.

    Raises:
        Refused: no version stands in silent or later.
    """
    served = served_version(desk, project, version=version)
    first = since or entered_silent(desk, project, served.version)
    cohort = build_cohort(desk, project, snapshot=snapshot)
    at = cohort.table["prediction_time"].cast(pa.int64())
    end = to_micros(until or desk.at)
    due = cohort.table.filter(
        pc.and_(pc.greater_equal(at, to_micros(first)), pc.less(at, end))
    ).combine_chunks()
    record, table = score_batch(served, due, LocalEngine(cohort.source.shards), each=each)
    record = record.model_copy(update={"snapshot": cohort.source.digest})
    table = table.append_column("index_start", due["index_start"])
    artifact = desk.home.artifacts.put(table_bytes(table))
    with desk.home.database.transaction() as unit:
        desk.home.predictions.add(unit, list(_stored(served, table)))
        digest = keep_in(
            desk,
            unit,
            record,
            action="score.batch",
            keys={"model": project.name, "version": served.version, "table": artifact},
            details={"n": record.n, "live": record.n_live, "no_score": record.n_no_score},
        )
    return Batch(digest=digest, record=record, table=table)


def _stored(served: Served, table: pa.Table) -> Iterator[Scored]:
    """Return each prediction as it is stored; its request id is the same when asked again."""
    for row in table.to_pylist():
        at = row["prediction_time"]
        micros = int(np.datetime64(at, "us").astype(np.int64))
        content = {
            "model": served.model,
            "version": served.version,
            "stage": served.stage,
            "run": served.run,
            "artifact": served.artifact,
            "release": served.release_digest,
            "features": served.features.digest,
            "subject_id": str(row["subject_id"]),
            "encounter_id": None if row["encounter_id"] is None else str(row["encounter_id"]),
            "prediction_time": format_instant(from_micros(micros)),
            "index_start": format_instant(
                from_micros(int(np.datetime64(row["index_start"], "us").astype(np.int64)))
            ),
            "kind": row["kind"],
            "score": row["score"],
            "flagged": row["flagged"],
            "threshold": served.threshold,
            "reasons": row["reasons"],
            "missing_count": row["missing_count"],
        }
        asked = {key: content[key] for key in _ASKED}
        yield Scored(
            request_id=digest_of(asked)[:32],
            model=served.model,
            version=served.version,
            stage=served.stage,
            subject_id=row["subject_id"],
            encounter_id=row["encounter_id"],
            prediction_time=from_micros(micros),
            score=row["score"],
            content=canonical(content),
        )


#: What makes two requests one.
_ASKED = ("model", "version", "subject_id", "encounter_id", "prediction_time")


def newest_batch(desk: Desk, project: Project, version: str) -> Batch:
    """Return the newest batch of a version.

    Raises:
        NotFound: nobody was scored yet.
    """
    catalog = desk.home.catalog
    record = catalog.latest(PredictionBatch, model=project.name, version=version)
    if record is None:
        raise NotFound(
            "nobody was scored yet", code="score.nothing", hint="Run `attending score` first."
        )
    table = table_from(desk.home.artifacts.read(catalog.keys(record.digest)["table"]))
    return Batch(digest=record.digest, record=record, table=table)


def join_outcomes(
    desk: Desk, project: Project, *, snapshot: str = "", version: str = ""
) -> OutcomeJoin:
    """Return how many predictions have a mature outcome, now stored beside them.

    The label function runs again on the newest snapshot; an immature outcome stays unknown.
    """
    stands = deployed(desk, project, version)
    batch = newest_batch(desk, project, stands.version)
    cohort = build_cohort(desk, project, snapshot=snapshot)
    record, table = join(batch.table, cohort.table, snapshot=cohort.source.digest)
    artifact = desk.home.artifacts.put(table_bytes(table))
    with desk.home.database.transaction() as unit:
        desk.home.predictions.observe(
            unit, list(_observed(project.name, cohort.source.digest, table))
        )
        keep_in(
            desk,
            unit,
            record,
            action="outcome.join",
            keys={"model": project.name, "version": stands.version, "table": artifact},
            details={"matured": record.n_matured, "events": record.n_events},
        )
    return record


def _observed(model: str, snapshot: str, table: pa.Table) -> Iterator[Observed]:
    for row in table.to_pylist():
        matured = row["matured_at"]
        yield Observed(
            model=model,
            subject_id=row["subject_id"],
            encounter_id=row["encounter_id"],
            prediction_time=_instant(row["prediction_time"]),
            snapshot=snapshot,
            label=row["label"],
            status=row["status"],
            matured_at=None if matured is None else _instant(matured),
        )


def _instant(value: object) -> Instant:
    return from_micros(int(np.datetime64(value, "us").astype(np.int64)))  # type: ignore[call-overload]  # a datetime
