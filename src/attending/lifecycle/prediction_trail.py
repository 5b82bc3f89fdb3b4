"""From one score back: what bound it, its source files, definitions, run, files and signatures.

It shows no value, no instant and no identifier of the patient.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from attending.digests import digest_of
from attending.errors import IntegrityBroken
from attending.lifecycle import run_trail
from attending.lifecycle.run_trail import Stop, with_approvals
from attending.records.decisions import SpecDocument
from attending.records.prediction import PredictionBatch
from attending.records.run import Run
from attending.records.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from attending.lifecycle.desk import Desk
    from attending.records.ledger import LedgerEntry


def trail(desk: Desk, request_id: str) -> tuple[Stop, ...]:
    """Return every stop from a score back to the source, approvals with each.

    Raises:
        NotFound: no such prediction, or a record of the trail is not here.
        IntegrityBroken: the prediction is not the one that its ledger entry bound, or a record is
            not what its digest says.
    """
    content = json.loads(desk.home.predictions.get(request_id).content)
    entry = _entry(desk, request_id)
    run = desk.home.catalog.get(content["run"], Run)
    stops = [
        Stop("prediction", request_id, _said(content), entry.at, entry.actor),
        *_scored_from(desk, entry, content),
        *_definitions(desk, run),
        *_plan(desk, content),
    ]
    return (*with_approvals(desk, stops), *_of_the_run(desk, run))


def _entry(desk: Desk, request_id: str) -> LedgerEntry:
    """Return the ledger entry that bound a prediction, its rows being those that it bound.

    Raises:
        IntegrityBroken: they are not, or there is no such entry.
    """
    seq = desk.home.predictions.bound_by(request_id)
    found = desk.home.check_rows_of(seq)
    entry = next(desk.home.ledger.entries(seq, seq + 1), None)
    if found or entry is None:
        raise IntegrityBroken(
            found[0].message if found else "no ledger entry bound this prediction",
            code="prediction.changed",
            hint="Run `attending audit verify`; restore the store from a backup.",
            where=f"ledger:{seq}",
        )
    return entry


def _said(content: dict[str, Any]) -> str:
    kind = content.get("kind") or content.get("outcome", "")
    return f"{content['model']} {content['version']} in {content['stage']}: {kind}"


def _scored_from(desk: Desk, entry: LedgerEntry, content: dict[str, Any]) -> Iterator[Stop]:
    """Yield what the score was made from: a batch and its snapshot, or the events of a request."""
    if entry.subject_kind != PredictionBatch.kind:
        told = "the rows that came with the request"
        yield Stop("events", str(content.get("events", "")), told, entry.at, entry.actor)
        return
    batch = desk.home.catalog.get(entry.subject, PredictionBatch)
    yield Stop("prediction_batch", batch.digest, f"{batch.n} scores", entry.at, entry.actor)
    if batch.snapshot:
        yield from _snapshot(desk, batch.snapshot, said="scored from")


def _snapshot(desk: Desk, digest: str, *, said: str) -> Iterator[Stop]:
    """Yield a snapshot with the source files of all its layers."""
    snapshot = desk.home.catalog.get(digest, Snapshot)
    first = desk.home.ledger.search(subject=digest)[0]
    yield Stop("snapshot", digest, f"{said} {snapshot.source_system}", first.at, first.actor)
    for layer in (*snapshot.layers, digest):
        for item in desk.home.catalog.get(layer, Snapshot).files:
            yield Stop("source_file", item.digest, item.name, first.at, first.actor)


def _definitions(desk: Desk, run: Run) -> Iterator[Stop]:
    """Yield each feature's definition as the run asked for it, from the spec that was kept."""
    digest = (run.specs or {}).get("features")
    if digest is None or digest not in desk.home.artifacts:
        return
    spec = json.loads(desk.home.artifacts.read(digest))
    yield Stop("features.yaml", digest, f"version {spec['version']}")
    for item in spec["features"]:
        told = f"{item['name']}: {item['label']}, owner {item['owner']}"
        yield Stop("definition", digest_of(item), told)


def _plan(desk: Desk, content: dict[str, Any]) -> Iterator[Stop]:
    """Yield the release plan under which the version answered."""
    for line in desk.home.catalog.list(SpecDocument.kind, model=content["model"], spec="release"):
        found = desk.home.catalog.get(line.digest, SpecDocument)
        if found.spec_digest == content["release"]:
            told = "the plan under which it answered"
            yield Stop("release", line.digest, told, line.made_at, line.made_by)


def _of_the_run(desk: Desk, run: Run) -> Iterator[Stop]:
    """Yield the run's own trail, the files of its snapshot in it."""
    for stop in run_trail.trail(desk, run):
        if stop.what == "snapshot":
            yield from _snapshot(desk, stop.digest, said="fitted on")
        else:
            yield stop
