"""End a wait in quarantine: let rows in under the declaration that was missing, or close them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa

from attending.errors import BadInput, NotFound
from attending.ingest.mapped import mapped_source
from attending.ingest.quarantine import CLOSED, as_bytes, by_reason, closed
from attending.ingest.registry import SOURCES
from attending.ingest.release import (
    Aside,
    OntoRelease,
    Release,
    nothing_released,
    other_delivery,
    same_files,
)
from attending.lifecycle.desk import keep, keep_in
from attending.lifecycle.growing import all_of
from attending.lifecycle.ingesting import held, of_record, take_in
from attending.lifecycle.people import acting
from attending.lifecycle.quarantining import deliveries, only
from attending.records.quarantine import QuarantineDismissal, QuarantineRelease
from attending.specs.mapping import MappingSpec
from attending.specs.read_yaml import read_spec
from attending.times import format_length, to_micros

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.ingesting import Held, Taken
    from attending.lifecycle.quarantining import Delivery
    from attending.records.governance import Role

#: What a person does who ends a wait; see `govern/roles.py`.
_ACT = "quarantine"


@dataclass(frozen=True)
class Word:
    """Who says so, with a fresh passphrase, and why."""

    person: str
    passphrase: str
    because: str


@dataclass(frozen=True)
class Declared:
    """What had been missing: lags in microseconds by table or code prefix, or a mapping."""

    lags: Mapping[str, int] = field(default_factory=dict)
    mapping: Path | None = None


def release(
    desk: Desk,
    folder: Path,
    word: Word,
    *,
    declared: Declared,
    snapshot: str = "",
    each: Callable[[str], None] | None = None,
) -> tuple[Held, QuarantineRelease]:
    """Return a snapshot grown by rows that had been quarantined, and the record of it.

    The delivery is read again; nothing but rows that were set aside in it comes in.

    Args:
        desk: where and when.
        folder: the delivery in which the rows were set aside, as it was.
        word: who lets them in, and why.
        declared: what had been missing.
        snapshot: the start of the id of the snapshot that grows; the newest when empty.
        each: told the name of every table that is read.

    Raises:
        Denied: the person may not, or the passphrase is wrong.
        BadInput: no reason is given.
        NotFound: there is no such snapshot.
        Refused: the files are not those that were read, another row would come in, or none would.
    """
    role = _answerable(desk, word)
    base = held(desk, snapshot)
    mapping = declared.mapping or _kept_mapping(desk, base)
    found = _delivered(desk, base, folder, mapping=mapping)
    grown = _onto(desk, base, found, lags=declared.lags)
    taken = take_in(
        desk,
        base.snapshot.kind_of_source,
        folder,
        shards=len(base.snapshot.shards),
        lags=declared.lags,
        onto=grown,
        mapping=mapping,
        each=each,
    )
    let_in = grown.growth.released
    record = QuarantineRelease(
        before=base.digest,
        after=taken.snapshot.digest,
        delivery=found.digest,
        rows=desk.home.artifacts.put(as_bytes(closed(let_in, found.digest))),
        person=word.person,
        role=role,
        because=word.because.strip(),
        lags={name: format_length(lag) for name, lag in sorted(declared.lags.items())},
        mapping=taken.keys.get("mapping"),
        released=by_reason(let_in),
        duplicate=taken.snapshot.account.duplicate,
        ended=taken.snapshot.ended.rows if taken.snapshot.ended else 0,
        waiting=grown.growth.still,
    )
    return _kept(desk, taken, record)


def _answerable(desk: Desk, word: Word) -> Role:
    if not word.because.strip():
        raise BadInput(
            "no reason is given", code="quarantine.because", hint="Say why.", where="--because"
        )
    return acting(desk, word.person, word.passphrase, act=_ACT)


def _kept_mapping(desk: Desk, base: Held) -> Path | None:
    """Return the mapping that a mapped snapshot was read with; None for other kinds."""
    if base.snapshot.kind_of_source != "mapped":
        return None
    for name in (base.digest, *reversed(base.snapshot.layers)):
        digest = desk.home.catalog.keys(name).get("mapping")
        if digest:
            return desk.home.artifacts.path(digest)
    raise NotFound(
        "the mapping that this snapshot was read with is not kept",
        code="quarantine.mapping",
        hint="Pass --mapping.",
    )


def _delivered(desk: Desk, base: Held, folder: Path, *, mapping: Path | None) -> Delivery:
    """Return the layer of a snapshot that was read from these very files."""
    kind = base.snapshot.kind_of_source
    source = SOURCES.get(kind) if mapping is None else mapped_source(_read(mapping))
    origin = source.describe(folder)
    many = len(origin.files) + len(origin.besides)
    fits = [
        one
        for one in deliveries(desk, base)
        if one.snapshot.compacted or len(one.snapshot.files) == many
        if same_files(origin, one.snapshot.files)
    ]
    if not fits:
        raise other_delivery()
    found = next((one for one in reversed(fits) if one.rows.num_rows), fits[0])
    if not found.of("waiting").num_rows:
        raise nothing_released()
    return found


def _read(mapping: Path) -> MappingSpec:
    return read_spec(mapping, MappingSpec)


def _onto(desk: Desk, base: Held, found: Delivery, *, lags: Mapping[str, int]) -> OntoRelease:
    before, subjects = all_of(desk, base)
    aside = Aside(found.layer, waiting=found.of("waiting"), dismissed=found.of("dismissed"))
    rules = {(item.table, item.rule, item.code) for item in base.snapshot.availability}
    now = to_micros(desk.at)
    return OntoRelease(
        snapshot=base.snapshot,
        growth=Release(before, delivered_at=now, aside=aside, lags=lags, rules=rules),
        subjects=subjects,
        delivered_at=desk.at,
        rows=base.rows,
        files=found.snapshot.files,
    )


def _kept(desk: Desk, taken: Taken, record: QuarantineRelease) -> tuple[Held, QuarantineRelease]:
    """Return what was made, now kept: snapshot, record and their ledger entries at once."""
    counted = {"released": sum(record.released.values()), "waiting": sum(record.waiting.values())}
    with desk.home.database.transaction() as unit:
        keep_in(
            desk,
            unit,
            taken.snapshot,
            action="snapshot.release",
            keys={**taken.keys, "grown_from": record.before},
            details=taken.details,
        )
        keep_in(
            desk,
            unit,
            record,
            action="quarantine.release",
            keys={"snapshot": record.after, "delivery": record.delivery},
            details={**counted, "role": record.role},
        )
    return of_record(desk, taken.snapshot), record


def dismiss(
    desk: Desk, word: Word, *, snapshot: str = "", reason: str, source: str = ""
) -> QuarantineDismissal:
    """Return the record of rows that were closed; they stay beside the snapshot and in its account.

    Args:
        desk: where and when.
        word: who closes them, and why.
        snapshot: the start of the id of the snapshot; the newest when empty.
        reason: only rows of this reason.
        source: only rows of this source table.

    Raises:
        Denied: the person may not, or the passphrase is wrong.
        BadInput: nothing is said why.
        NotFound: there is no such snapshot, or no such row waits.
    """
    role = _answerable(desk, word)
    base = held(desk, snapshot)
    tables = [
        closed(only(one.of("waiting"), reason=reason, source=source), one.digest)
        for one in deliveries(desk, base)
    ]
    rows = pa.concat_tables([CLOSED.empty_table(), *tables])
    if not rows.num_rows:
        raise NotFound(
            "no such row waits",
            code="quarantine.nothing",
            hint="See `attending quarantine ls` for tables and reasons.",
        )
    record = QuarantineDismissal(
        snapshot=base.digest,
        deliveries=tuple(sorted(set(rows["delivery"].to_pylist()))),
        rows=desk.home.artifacts.put(as_bytes(rows)),
        person=word.person,
        role=role,
        because=word.because.strip(),
        dismissed=by_reason(rows),
    )
    details = {"dismissed": rows.num_rows, "role": role}
    keys = {"snapshot": base.digest}
    keep(desk, record, action="quarantine.dismiss", keys=keys, details=details)
    return record
