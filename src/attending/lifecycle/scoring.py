"""Scoring everyone who is due, and what became of them: stored whole, or not at all."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from attending.digests import canonical, digest_of
from attending.engines.local import LocalEngine
from attending.errors import NotFound, Refused
from attending.features.clocks import Zones
from attending.lifecycle.cohorts import build_cohort, project_snapshot, zones_of
from attending.lifecycle.decided_thresholds import decided_thresholds
from attending.lifecycle.desk import keep_in
from attending.lifecycle.holding import require_held
from attending.lifecycle.newest_verdict import newest_verdict
from attending.lifecycle.plans import require_cohort, signed_plan
from attending.lifecycle.recorded_acts import require_recorded
from attending.lifecycle.reviewing import require_reviewed
from attending.lifecycle.tables import table_bytes
from attending.lifecycle.training import bundle_of
from attending.records.run import Run
from attending.records.validation import ValidationReport
from attending.scores.registered import SCORES
from attending.serve.batch import score_batch
from attending.serve.decide import KINDS, LIVE
from attending.serve.held_against import held_against, scorer
from attending.serve.outcomes import join
from attending.serve.served import STAGES, Served
from attending.stores.predictions import Observed
from attending.stores.predictions import Scored as Stored
from attending.times import format_instant, parse_instant, to_micros

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from attending.engines.protocol import Engine
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.records.prediction import OutcomeJoin, PredictionBatch
    from attending.records.release import Deployment
    from attending.records.validation import CurvePoint
    from attending.types import Instant

#: What makes two requests one.
_ASKED = ("model", "version", "subject_id", "encounter_id", "prediction_time")
_INSTANT = pa.timestamp("us")
#: What `predictions_of` returns: the table of a batch, for all that a version ever scored.
MADE = pa.schema(
    [
        ("subject_id", pa.int64()),
        ("encounter_id", pa.int64()),
        ("prediction_time", _INSTANT),
        ("score", pa.float64()),
        ("flagged", pa.bool_()),
        ("kind", pa.string()),
        ("reasons", pa.string()),
        ("missing_count", pa.int32()),
        ("site", pa.string()),
        ("index_start", _INSTANT),
    ]
)


@dataclass(frozen=True)
class Scored:
    """A batch of predictions: its digest, its account and its table."""

    digest: str
    record: PredictionBatch
    table: pa.Table


def deployed(desk: Desk, project: Project, version: str = "") -> Deployment:
    """Return where the version that scores stands: the newest in silent, limited or live.

    Raises:
        Refused: no version scores.
    """
    return deployed_of(desk, project.name, version)


def deployed_of(desk: Desk, model: str, version: str = "") -> Deployment:
    """Return where the version of a model that scores stands, as `deployed` does.

    Raises:
        Refused: no version scores.
    """
    standing = desk.home.deployments.standing(model).values()
    asked = [item for item in standing if version in {"", item.version}]
    found = [item for item in asked if item.stage in STAGES]
    if not found:
        _refuse_retired(asked)
        raise Refused(
            "no version of this model stands in silent or later",
            code="release.not_serving",
            hint="See `attending release status`, and `attending gate check silent`.",
        )
    return max(found, key=lambda item: int(item.version[1:]))


def _refuse_retired(asked: Sequence[Deployment]) -> None:
    """Refuse with the date when the last that stood here was retired."""
    ended = [item for item in asked if item.stage == "retired"]
    if ended:
        last = max(ended, key=lambda item: to_micros(item.effective_at))
        raise Refused(
            f"{last.model}@{last.version} is retired since {format_instant(last.effective_at)}",
            code="release.retired",
            hint="Ask its owners what is used instead; its records are kept.",
        )


def served_version(desk: Desk, project: Project, *, version: str = "") -> Served:
    """Return the version that scores, with its model, its signed plan and its newest verdict.

    Raises:
        Refused: no version scores, its plan is not signed, or cohort.yaml is another one.
        IntegrityBroken: the plan or the model is not what its digest says.
    """
    return served_as(desk, project, deployed(desk, project, version))


def served_as(desk: Desk, project: Project, stands: Deployment) -> Served:
    """Return a version as one deployment of it lets it answer.

    Raises:
        Refused: its plan is not signed, or cohort.yaml is another one.
        IntegrityBroken: the plan or the model is not what its digest says, or the newest verdict
            or a deployment is not the one that the ledger names.
    """
    require_recorded(desk, stands.model)
    run = desk.home.catalog.get(stands.run, Run)
    require_held(desk, stands)
    signed = signed_plan(desk, stands)
    release, (threshold, places) = signed.spec, decided_thresholds(desk, stands, plan=signed)
    require_cohort(desk, project, run)
    fallback = release.fallback
    return Served(
        model=stands.model,
        version=stands.version,
        stage=stands.stage,
        bundle=bundle_of(desk, run),
        features=project.features,
        release=release,
        at=desk.at,
        run=stands.run,
        artifact=digest_of(dict(stands.artifacts)),
        release_digest=stands.release_spec,
        threshold=threshold,
        places=places,
        verdict=newest_verdict(desk, stands.model, stands.version),
        serves=stands.serves,
        fallback=SCORES.get(fallback.score)(fallback.parameters) if fallback.score else None,
        zones=_zones(desk, project),
        curve=_curve(desk, run),
    )


def _curve(desk: Desk, run: Run) -> tuple[CurvePoint, ...]:
    """Return the calibration curve of the model in its newest validation report; maybe none."""
    report = desk.home.catalog.latest(ValidationReport, run=run.digest)
    held = report.calibration if report else ()
    return next((one.curve for one in held if one.model == "model"), ())


def _zones(desk: Desk, project: Project) -> Zones:
    """Return the zones of the newest snapshot's sites, where a feature is as of a clock time."""
    if not any(feature.as_of for feature in project.features.features):
        return Zones()
    return zones_of(project_snapshot(desk, project).snapshot)


def entered_silent(desk: Desk, project: Project, version: str) -> Instant:
    """Return since when a version has scored; what lies before is not its to score.

    A version that was taken back begins anew when it passes its gate again.

    Raises:
        NotFound: it does not score.
    """
    begun: Instant | None = None
    for item in desk.home.deployments.history(project.name, version=version):
        begun = (begun or item.effective_at) if item.stage in STAGES else None
    if begun is None:
        raise NotFound(f"version {version} is not in silent", code="release.never_silent")
    return begun


def score(  # noqa: PLR0913 - what, for whom, when
    desk: Desk,
    project: Project,
    *,
    snapshot: str = "",
    since: Instant | None = None,
    until: Instant | None = None,
    version: str = "",
    each: Callable[[], None] | None = None,
) -> Scored:
    """Return the predictions of everyone who is due, stored with their account.

    A prediction is made once. Asked for again it is the same and is let be; where it would now be
    another, because stage, verdict or source have changed, the one that was made stands and is
    not in the batch.

    Args:
        desk: where and when.
        project: whose model scores.
        snapshot: the start of an id; the newest of the contract's source when empty.
        since: the first prediction time; when the version entered silent if absent.
        until: the end of prediction times, not included; now if absent.
        version: such as `v1`; the newest that scores when empty.
        each: called after every shard.

    Raises:
        Refused: no version stands in silent or later, or the model's input has changed and the
            review is not signed.
    """
    served = served_version(desk, project, version=version)
    first, end = since or entered_silent(desk, project, served.version), until or desk.at
    require_reviewed(desk, project, project_snapshot(desk, project, snapshot))
    cohort = build_cohort(desk, project, snapshot=snapshot)
    due, engine = _due(cohort.table, first, end), LocalEngine(cohort.source.shards)
    made = _make(served, due, engine, each=each)
    before = {
        request_of(content): data
        for data, content in _contents(desk, served.model, since=first, until=end)
    }
    made = _as_kept(made, before)
    stands = [before.get(item.request_id, item.content) != item.content for item in made.stored]
    if any(stands):
        due = due.filter(pc.invert(pa.array(stands))).combine_chunks()
        made = _as_kept(_make(served, due, engine), before)
    record = made.record.model_copy(update={"snapshot": cohort.source.digest})
    digest = _keep(desk, record, made, stands=sum(stands))
    return Scored(digest=digest, record=record, table=made.table)


@dataclass(frozen=True)
class _Made:
    """A batch that is not kept yet: its account, its table, and its rows as they are stored."""

    record: PredictionBatch
    table: pa.Table
    stored: tuple[Stored, ...]


def _due(table: pa.Table, first: Instant, end: Instant) -> pa.Table:
    """Return the rows of a cohort from one instant up to another, which is not included."""
    at = table["prediction_time"].cast(pa.int64())
    inside = pc.and_(pc.greater_equal(at, to_micros(first)), pc.less(at, to_micros(end)))
    return table.filter(inside).combine_chunks()


def _make(
    served: Served, due: pa.Table, engine: Engine, *, each: Callable[[], None] | None = None
) -> _Made:
    record, table = score_batch(served, due, engine, each=each)
    table = table.append_column("index_start", due["index_start"])
    return _Made(record, table, tuple(_stored(served, table)))


def _as_kept(made: _Made, before: dict[str, bytes]) -> _Made:
    """Return a batch in which rows that an older release kept are as it kept them."""
    kept = (before.get(item.request_id, item.content) for item in made.stored)
    both = zip(made.stored, kept, strict=True)
    stored = tuple(replace(new, content=old) if _same(old, new) else new for new, old in both)
    return replace(made, stored=stored)


def _same(old: bytes, new: Stored) -> bool:
    """Return whether a row of an older release says the same, but for what it was held against.

    It kept the model's threshold with every row, that of the fallback score too.
    """
    if old == new.content:
        return True
    was: dict[str, Any] = json.loads(old)
    now: dict[str, Any] = json.loads(new.content)
    if now["kind"] == KINDS[LIVE] or "scored_by" in was:
        return False
    left = dict.fromkeys(("threshold", "threshold_place", "scored_by"))
    return was | left == now | left


def _keep(desk: Desk, record: PredictionBatch, made: _Made, *, stands: int) -> str:
    """Return the digest of a batch, kept with all its predictions or not at all."""
    artifact = desk.home.artifacts.put(table_bytes(made.table))
    with desk.home.database.transaction() as unit:
        new = desk.home.predictions.add(unit, made.stored)
        return keep_in(
            desk,
            unit,
            record,
            action="score.batch",
            keys={"model": record.model, "version": record.version, "table": artifact},
            details={
                "n": record.n,
                "live": record.n_live,
                "fallback": record.n_fallback,
                "no_score": record.n_no_score,
                "new": new,
                "made_before": stands,
            },
        )


def _contents(
    desk: Desk, model: str, *, since: Instant | None = None, until: Instant | None = None
) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """Yield the stored predictions of a model: their bytes and what these say."""
    for data in desk.home.predictions.contents(model, since=since, until=until):
        yield data, json.loads(data)


def contents_of(
    desk: Desk, model: str, *, since: Instant | None = None, until: Instant | None = None
) -> Iterator[dict[str, Any]]:
    """Yield what the stored predictions of a model say, whatever their version."""
    for _, content in _contents(desk, model, since=since, until=until):
        yield content


def request_of(content: dict[str, Any]) -> str:
    """Return the id of a request, the same when the same is asked again."""
    return digest_of({key: content[key] for key in _ASKED})[:32]


def _stored(served: Served, table: pa.Table) -> Iterator[Stored]:
    """Yield each prediction as it is stored."""
    for row in table.to_pylist():
        at = _instant(row["prediction_time"])
        kind = row["kind"]
        threshold, place = held_against(served, kind, unit=row["unit"], site=row["site"])
        instead = None if kind == KINDS[LIVE] else scorer(served, kind)
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
            "prediction_time": format_instant(at),
            "index_start": format_instant(_instant(row["index_start"])),
            "kind": kind,
            "score": row["score"],
            "flagged": row["flagged"],
            "threshold": threshold,
            "reasons": row["reasons"],
            "missing_count": row["missing_count"],
            "site": row["site"],
            **({"unit": row["unit"]} if row["unit"] is not None else {}),
            **({"threshold_place": place} if place else {}),
            **({"scored_by": instead} if instead else {}),
        }
        yield Stored(
            request_id=request_of(content),
            model=served.model,
            version=served.version,
            stage=served.stage,
            subject_id=row["subject_id"],
            encounter_id=row["encounter_id"],
            prediction_time=at,
            score=row["score"],
            content=canonical(content),
        )


def predictions_of(
    desk: Desk, project: Project, version: str, *, since: Instant | None = None
) -> pa.Table:
    """Return the predictions that a version has made, in time order, as a batch's table.

    Args:
        desk: where and when.
        project: whose model.
        version: such as `v1`.
        since: the first prediction time; from the beginning if absent.

    Raises:
        NotFound: nobody was scored, or not since then.
    """
    rows = [
        {
            **{name: content.get(name) for name in MADE.names},
            "subject_id": int(content["subject_id"]),
            "encounter_id": None
            if content["encounter_id"] is None
            else int(content["encounter_id"]),
            "prediction_time": parse_instant(content["prediction_time"]).replace(tzinfo=None),
            "index_start": parse_instant(content["index_start"]).replace(tzinfo=None),
        }
        for _, content in _contents(desk, project.name, since=since)
        if content["version"] == version
    ]
    if not rows:
        first = "Run `attending score` first."
        if project.adopted:
            first = "Take today's scores: `attending intake scores FILE`."
        raise NotFound("nobody was scored yet", code="score.nothing", hint=first)
    return pa.Table.from_pylist(rows, schema=MADE)


def join_outcomes(
    desk: Desk, project: Project, *, snapshot: str = "", version: str = ""
) -> OutcomeJoin:
    """Return how many predictions have a mature outcome, now stored beside them.

    The label function runs again on the newest snapshot; an immature outcome stays unknown.

    Args:
        desk: where and when.
        project: whose cohort.yaml says what the outcome is.
        snapshot: the start of an id; the newest of the contract's source when empty.
        version: such as `v1`; the newest that scores when empty.

    Raises:
        Refused: no version stands in silent or later.
        NotFound: nobody was scored yet.
    """
    stands = deployed(desk, project, version)
    made = predictions_of(desk, project, stands.version)
    cohort = build_cohort(desk, project, snapshot=snapshot)
    whose = {"model": project.name, "version": stands.version}
    record, table = join(made, cohort.table, snapshot=cohort.source.digest)
    record = record.model_copy(update=whose)
    artifact = desk.home.artifacts.put(table_bytes(table))
    observed = list(_observed(record, table, stands=stands, events=_events(cohort.table)))
    with desk.home.database.transaction() as unit:
        desk.home.predictions.observe(unit, observed)
        keep_in(
            desk,
            unit,
            record,
            action="outcome.join",
            keys={**whose, "table": artifact},
            details={
                "matured": record.n_matured,
                "events": record.n_events,
                "immature": record.n_immature,
            },
        )
    return record


def _events(cohort: pa.Table) -> dict[tuple[object, ...], datetime]:
    """Return when each outcome happened, by subject, encounter and prediction time."""
    some = cohort.filter(pc.is_valid(cohort["label_time"]))
    return {_row_key(row): row["label_time"] for row in some.to_pylist()}


def _row_key(row: dict[str, Any]) -> tuple[object, ...]:
    return (row["subject_id"], row["encounter_id"], row["prediction_time"])


def _observed(
    record: OutcomeJoin,
    table: pa.Table,
    *,
    stands: Deployment,
    events: dict[tuple[object, ...], datetime],
) -> Iterator[Observed]:
    """Yield what became of each prediction, as the snapshot of the join tells it."""
    for row in table.to_pylist():
        happened = events.get(_row_key(row)) if row["label"] == 1 else None
        yield Observed(
            model=stands.model,
            version=stands.version,
            subject_id=row["subject_id"],
            encounter_id=row["encounter_id"],
            prediction_time=_instant(row["prediction_time"]),
            snapshot=record.snapshot or "",
            label=row["label"],
            status=row["status"],
            label_time=None if happened is None else _instant(happened),
            matured_at=None if row["matured_at"] is None else _instant(row["matured_at"]),
        )


def _instant(value: datetime) -> Instant:
    """Return the instant of a time of a table, which is UTC without saying so."""
    return value.replace(tzinfo=UTC)
