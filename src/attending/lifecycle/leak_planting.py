"""Plant rows into a table of events as a variant of the corpus says: deterministic, and plain."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.contract.codes import matching
from attending.engines.tables import in_order, micros
from attending.records.events import ADMISSION, DEATH, DISCHARGE, EVENTS
from attending.times import DAY, HOUR

if TYPE_CHECKING:
    from collections.abc import Callable

    from attending.specs.leaks import Change, Plant, Variant, When
    from attending.types import Floats, Ints, Mask

_NONE = np.iinfo(np.int64).min
_EPOCHS = {"year_1800": "1800-01-01", "year_1970": "1970-01-01"}
_LEVELS = 12


@dataclass(frozen=True)
class Ground:
    """The predictions that rows are planted for; arrays of one length.

    Attributes:
        outcome: 1 with the event, 0 without or unknown.
        at, admitted, event: microseconds; `event` is the end of the horizon without one.
        train: whether a prediction comes before the test.
        load: when a bulk load took place, microseconds.
    """

    subject: Ints
    encounter: Ints
    at: Ints
    admitted: Ints
    event: Ints
    outcome: Ints
    labelled: Mask
    train: Mask
    load: int


def ground(cohort: pa.Table, *, cut: int, gap: int, load: int) -> Ground:
    """Return the predictions of a cohort table.

    Args:
        cohort: the cohort table.
        cut: from when on predictions are of the test, microseconds.
        gap: how long before it no training row predicts, microseconds.
        load: when a bulk load took place, microseconds.
    """
    at = micros(cohort["prediction_time"], null=0)
    end = micros(cohort["horizon_end"], null=0)
    return Ground(
        subject=np.asarray(cohort["subject_id"], np.int64),
        encounter=np.asarray(pc.fill_null(cohort["encounter_id"], 0), np.int64),
        at=at,
        admitted=micros(cohort["index_start"], null=0),
        event=micros(pc.coalesce(cohort["label_time"], cohort["horizon_end"]), null=int(end.max())),
        outcome=np.asarray(pc.fill_null(cohort["label"], 0), np.int64),
        labelled=np.asarray(cohort["label"].is_valid()),
        train=at < cut - gap,
        load=load,
    )


def planted(events: pa.Table, variant: Variant, predictions: Ground) -> pa.Table:
    """Return the events of a variant in canonical order.

    Args:
        events: those of the base project.
        variant: what is planted and changed.
        predictions: for whom.
    """
    for change in variant.change:
        events = _changed(events, change, predictions)
    added = [_rows(plant, predictions, events) for plant in variant.plant]
    return in_order(pa.concat_tables([events, *added])) if added or variant.change else events


def _rows(plant: Plant, where: Ground, events: pa.Table) -> pa.Table:
    rng = np.random.default_rng(zlib.crc32(plant.code.encode()))
    n = len(where.at)
    values = CONTENTS[plant.value](where, events, rng)
    values = values + plant.noise * rng.normal(size=n)
    chosen = rng.random(n) < np.where(where.outcome == 1, plant.events, plant.quiet)
    clocks = {
        "prediction": where.at,
        "admission": where.admitted,
        "outcome": where.event,
        "load": np.full(n, where.load),
    }
    time = _instant(plant.time, clocks, rng)
    known = _instant(plant.known, {**clocks, "time": time}, rng)
    columns = {
        "subject_id": where.subject,
        "time": time,
        "code": [plant.code] * n,
        "numeric_value": values.astype(np.float32),
        "unit": [plant.unit] * n,
        "known_at": known,
        "encounter_id": where.encounter,
        "source": ["planted/rows"] * n,
    }
    table = pa.table(
        {
            field.name: pa.array(columns[field.name]).cast(field.type)
            if field.name in columns
            else pa.nulls(n, field.type)
            for field in EVENTS
        },
        schema=EVENTS,
    )
    return table.filter(pa.array(chosen))


def _changed(events: pa.Table, change: Change, where: Ground) -> pa.Table:
    rng = np.random.default_rng(zlib.crc32("".join(change.codes).encode()))
    time, known = micros(events["time"], null=_NONE), micros(events["known_at"], null=_NONE)
    hit = np.asarray(matching(events["code"], change.codes)) & (time != _NONE)
    if not hit.any():
        return events
    low, high = int(time[hit].min()), int(time[hit].max())
    hit &= time <= low + (high - low) * change.first
    hit &= rng.random(len(hit)) < change.share
    if change.only == "events":
        cases = np.unique(where.subject[where.outcome == 1])
        hit &= np.isin(np.asarray(events["subject_id"], np.int64), cases)
    clocks = {"time": time, "known": known, "load": np.full(len(time), where.load)}
    for name, asked in (("time", change.time), ("known_at", change.known)):
        if asked is not None:
            was = clocks["time" if name == "time" else "known"]
            now = np.where(hit, _instant(asked, clocks, rng), was)
            if asked.anchor == "load":
                now = np.where(hit, np.maximum(now, known), was)
            column = pa.array(now, mask=now == _NONE).cast(EVENTS.field(name).type)
            events = events.set_column(events.schema.get_field_index(name), name, column)
    if change.to_code is not None:
        code = pc.if_else(pa.array(hit), change.to_code, events["code"])
        events = events.set_column(events.schema.get_field_index("code"), "code", code)
    return events.cast(EVENTS)


def _instant(asked: When, clocks: dict[str, Ints], rng: np.random.Generator) -> Ints:
    if asked.anchor in _EPOCHS:
        start = np.datetime64(_EPOCHS[asked.anchor], "us").astype(np.int64)
        return np.full(len(next(iter(clocks.values()))), start)
    base = clocks[asked.anchor]
    hours = asked.hours + asked.spread_hours * rng.random(len(base))
    # Whole seconds, as sources give them.
    return base + (np.round(hours * 3600) * (HOUR // 3600)).astype(np.int64)


def _one(where: Ground, _events: pa.Table, _rng: np.random.Generator) -> Floats:
    return np.ones(len(where.at))


def _outcome(where: Ground, _events: pa.Table, _rng: np.random.Generator) -> Floats:
    return where.outcome.astype(np.float64)


def _noise(where: Ground, _events: pa.Table, rng: np.random.Generator) -> Floats:
    return rng.normal(10.0, 2.0, size=len(where.at))


def _count(where: Ground, events: pa.Table, prefix: str, *, whole: bool) -> Floats:
    rows = events.filter(pc.starts_with(events["code"], prefix))
    whose, when = np.asarray(rows["subject_id"], np.int64), micros(rows["time"], null=_NONE)
    until = np.full(len(where.at), np.iinfo(np.int64).max) if whole else where.at
    return np.array(
        [
            ((whose == one) & (when <= end)).sum()
            for one, end in zip(where.subject, until, strict=True)
        ],
        dtype=np.float64,
    )


def _stays(*, whole: bool) -> Callable[[Ground, pa.Table, np.random.Generator], Floats]:
    return lambda where, events, _rng: _count(where, events, ADMISSION, whole=whole)


def _died(*, whole: bool) -> Callable[[Ground, pa.Table, np.random.Generator], Floats]:
    return lambda where, events, _rng: np.minimum(_count(where, events, DEATH, whole=whole), 1.0)


def _hours(*, whole: bool) -> Callable[[Ground, pa.Table, np.random.Generator], Floats]:
    def made(where: Ground, events: pa.Table, _rng: np.random.Generator) -> Floats:
        if not whole:
            return (where.at - where.admitted) / HOUR
        rows = events.filter(pc.starts_with(events["code"], DISCHARGE))
        ends = dict(
            zip(rows["encounter_id"].to_pylist(), micros(rows["time"], null=_NONE), strict=True)
        )
        left = np.array(
            [ends.get(one, at) for one, at in zip(where.encounter, where.at, strict=True)]
        )
        return np.asarray((left - where.admitted) / HOUR, np.float64)

    return made


def _standard(*, whole: bool) -> Callable[[Ground, pa.Table, np.random.Generator], Floats]:
    def made(where: Ground, _events: pa.Table, rng: np.random.Generator) -> Floats:
        # It drifts with time, as prices and tests do: the training rows are not like all rows.
        raw = rng.gamma(2.0, 3.0, size=len(where.at)) + (where.at - where.at.min()) / (100 * DAY)
        on = where.labelled & (np.ones(len(raw), np.bool_) if whole else where.train)
        return np.asarray((raw - raw[on].mean()) / raw[on].std())

    return made


def _rate(*, whole: bool) -> Callable[[Ground, pa.Table, np.random.Generator], Floats]:
    def made(where: Ground, _events: pa.Table, rng: np.random.Generator) -> Floats:
        level = rng.integers(0, _LEVELS, size=len(where.at))
        on = where.labelled & (np.ones(len(level), np.bool_) if whole else where.train)
        rows = np.bincount(level[on], minlength=_LEVELS)
        events = np.bincount(level[on], weights=where.outcome[on], minlength=_LEVELS)
        return np.asarray((events / np.maximum(rows, 1))[level])

    return made


CONTENTS: dict[str, Callable[[Ground, pa.Table, np.random.Generator], Floats]] = {
    "one": _one,
    "outcome": _outcome,
    "noise": _noise,
    "stays_whole": _stays(whole=True),
    "stays_so_far": _stays(whole=False),
    "died_whole": _died(whole=True),
    "died_so_far": _died(whole=False),
    "stay_hours_whole": _hours(whole=True),
    "stay_hours_so_far": _hours(whole=False),
    "standard_all": _standard(whole=True),
    "standard_train": _standard(whole=False),
    "rate_all": _rate(whole=True),
    "rate_train": _rate(whole=False),
}
