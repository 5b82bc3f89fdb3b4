"""A hospital with many models, a million predictions and a long ledger, for the pages to be asked.

The tour is built by its own verb. The life of its busiest model is then led again by as many models
as are wanted: the same records under another name, entered by the store's own writers, with the
release plans signed by the same persons. Predictions and entries come in large groups.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

import attending.records
from attending.lifecycle import signing
from attending.lifecycle.desk import open_desk
from attending.records.base import Record, from_content
from attending.records.decisions import SpecDocument
from attending.records.ledger import Subject
from attending.records.monitoring import Verdict
from attending.records.release import Deployment
from attending.specs.release import ReleaseSpec
from attending.stores.chain import Act
from attending.stores.tables import PREDICTIONS, RECORD_KEYS, RECORDS
from benchmarks.pages_bulk import BATCH, Made, Pattern, end_of, predict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rich.progress import Progress

    from attending.lifecycle.desk import Desk
    from attending.records.ledger import LedgerEntry
    from attending.stores.unit import Unit
    from attending.types import Instant

BUSIEST = "readmission-30d"
#: The busiest model has this share of all predictions; the others share the rest.
_SHARE = 0.4
_DIGEST = re.compile(r"[0-9a-f]{64}")
_SIGNERS = (("clara", "clinical_lead"), ("caro", "compliance_officer"))
_FILLED = ("rows", "rows_digest")


@dataclass(frozen=True)
class Size:
    """How much a store holds.

    Attributes:
        verdicts: of each model, one a day, beside those of its life.
    """

    predictions: int
    entries: int
    models: int
    verdicts: int = 60


@dataclass(frozen=True)
class Life:
    """The entries of one model's life, each with the records that it bound, by kind and keys."""

    entries: tuple[LedgerEntry, ...]
    bound: dict[int, list[tuple[str, dict[str, Any], dict[str, str], str]]]
    kinds: dict[str, type[Record]]


@dataclass
class Twin:
    """A model that leads a life again, and how names of the first are called here."""

    name: str
    names: dict[str, str] = field(default_factory=dict)

    def said(self, content: Any) -> Any:  # noqa: ANN401 - any JSON value
        """Return content as this model says it."""
        text = json.dumps(content).replace(BUSIEST, self.name)
        return json.loads(_DIGEST.sub(lambda found: self.names.get(found[0], found[0]), text))


def fill(
    home: Path, size: Size, *, at: Instant, secrets: dict[str, str], progress: Progress
) -> None:
    """Fill the home of a tour to a size.

    Args:
        home: the folder of the home; it is changed.
        size: how much it shall hold.
        at: the instant of all new entries; not before the last of the tour.
        secrets: the passphrases of its persons.
        progress: where it is shown.
    """
    with open_desk(home, at=at) as desk:
        life = _life(desk)
        there = len(desk.home.deployments.models())
        task = progress.add_task("models", total=size.models - there)
        for number in range(there, size.models):
            twin = Twin(f"model-{number:02d}-30d")
            _live(desk, life, twin)
            _verdicts(desk, twin.name, days=size.verdicts)
            _sign(desk, twin.name, secrets)
            progress.advance(task)
        _predict(desk, size, progress)
        desk.home.make_checkpoint(at=desk.at)


def _kinds() -> dict[str, type[Record]]:
    """Return the class of every kind of record."""
    for module in pkgutil.iter_modules(attending.records.__path__):
        importlib.import_module(f"attending.records.{module.name}")
    return {one.kind: one for one in _below(Record)}


def _below(kind: type[Record]) -> Iterator[type[Record]]:
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)


def _life(desk: Desk) -> Life:
    """Return what the ledger and the catalog hold of the busiest model."""
    mine = select(RECORD_KEYS.c.digest).where(
        RECORD_KEYS.c.key == "model", RECORD_KEYS.c.value == BUSIEST
    )
    rows = select(RECORDS).where(RECORDS.c.digest.in_(mine))
    bound = defaultdict(list)
    for row in desk.home.database.rows(rows.order_by(RECORDS.c.seq, RECORDS.c.nth)):
        keys = desk.home.catalog.keys(row.digest)
        bound[row.seq].append((row.digest, json.loads(row.content), keys, row.made_by))
    known = {digest for some in bound.values() for digest, *_ in some}
    papers = desk.home.ledger.search(action="document.write", limit=10_000)
    own = {one.seq for one in papers if one.details["of"] in known}
    return Life(desk.home.ledger.numbered(own | bound.keys()), dict(bound), _kinds())


def _live(desk: Desk, life: Life, twin: Twin) -> None:
    """Enter every record of a life under another model's name, each with its entry."""
    with desk.home.database.transaction() as unit:
        for entry in life.entries:
            for digest, content, keys, by in life.bound.get(entry.seq, ()):
                record = _record(life.kinds, twin, content)
                twin.names[digest] = record.digest
                _enter(desk, unit, record, twin=twin, keys=keys, by=by)
            details = {k: v for k, v in entry.details.items() if k not in _FILLED}
            subject = twin.said({"kind": entry.subject_kind, "digest": entry.subject})
            act = Act(desk.at, entry.actor, entry.action, Subject(**subject))
            unit.append(act, twin.said(details))


def _record(kinds: dict[str, type[Record]], twin: Twin, content: dict[str, Any]) -> Record:
    said = twin.said(content)
    if said["kind"] == SpecDocument.kind and said["spec"] == "release":
        made = ReleaseSpec.model_validate(said["says"]).digest
        twin.names[said["spec_digest"]] = said["spec_digest"] = made
    record: Record = from_content(kinds[said["kind"]], said)
    return record


def _enter(
    desk: Desk, unit: Unit, record: Record, *, twin: Twin, keys: dict[str, str], by: str
) -> None:
    if not isinstance(record, Deployment):
        desk.home.catalog.put(unit, record, at=desk.at, by=by, keys=twin.said(keys))
        return
    if record.stage == "trained":
        desk.home.deployments.give_version(unit, model=twin.name, run=record.run)
    desk.home.deployments.enter(unit, record)


def _verdicts(desk: Desk, model: str, *, days: int) -> None:
    """Give the verdicts of the days before now, the newest as the last."""
    last = desk.home.catalog.latest(Verdict, model=model)
    if last is None:
        raise SystemExit(f"{model} has no verdict")
    keys = {"model": model, "version": last.version}
    with desk.home.database.transaction() as unit:
        for day in range(days, -1, -1):
            moved = timedelta(days=day)
            given = last.model_copy(
                update={
                    "at": desk.at - moved,
                    "expires_at": last.expires_at + (desk.at - last.at) - moved,
                }
            )
            digest = desk.home.catalog.put(unit, given, at=desk.at, by="omar", keys=keys)
            subject = Subject(kind=Verdict.kind, digest=digest)
            details = {"model": model, "version": last.version, "answer": last.answer}
            unit.append(Act(desk.at, "omar", "verdict.record", subject), details)


def _sign(desk: Desk, model: str, secrets: dict[str, str]) -> None:
    plan = desk.home.catalog.list(SpecDocument.kind, model=model, spec="release")[-1].digest
    for person, role in _SIGNERS:
        signing.sign(
            replace(desk, actor=person),
            plan,
            person=person,
            passphrase=secrets[person],
            role=role,
            statement="I have read it.",
        )


def _predict(desk: Desk, size: Size, progress: Progress) -> None:
    """Store predictions to the size; each has its own entry while the ledger is too short."""
    there = sum(desk.home.predictions.count(one) for one in desk.home.deployments.models())
    wanted = max(0, size.predictions - there)
    missing = size.entries - desk.home.ledger.size
    alone = max(0, min(wanted, (missing * BATCH - wanted) // (BATCH - 1)))
    task = progress.add_task("predictions", total=wanted)
    for done in predict(desk, _made(desk), wanted=wanted, alone=alone):
        progress.update(task, completed=done)


def _made(desk: Desk) -> Made:
    """Return predictions like those of the tour, of all models that have a version, in turn."""
    stored = select(PREDICTIONS).where(PREDICTIONS.c.model == BUSIEST)
    standing = [desk.home.deployments.current(name) for name in desk.home.deployments.models()]
    models = [one for one in standing if one and one.version]
    return Made(
        busiest=next(one for one in models if one.model == BUSIEST),
        others=[one for one in models if one.model != BUSIEST],
        patterns=[Pattern.of(row) for row in desk.home.database.rows(stored)],
        end=end_of(desk),
        share=_SHARE,
    )
