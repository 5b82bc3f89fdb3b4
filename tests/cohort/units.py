"""Hand-made wards for tests, and a slow count of them that anyone can follow."""

from __future__ import annotations

from typing import Any

from attending.cohort.unit_ticks import shift_ticks
from attending.engines.tables import micros, whole_numbers
from attending.specs.cohort import CohortSpec
from attending.times import HOUR
from tests.engines.tables import event

#: A whole day, in hours since 1970: 2024-01-02.
START = 473_376
SHIFTS = ("07:00", "15:00", "23:00")
FALL = "FALL"


def ward(count="arrivals", **more):
    """Return a cohort of units; `more` goes into its label's count."""
    return CohortSpec.model_validate(
        {
            "name": "ward_counts",
            "version": "1",
            "construct": {"meaning": "patients of a ward and shift", "proxy": False},
            "index": {"event": "shift", "shifts": list(SHIFTS), "classes": ["INPATIENT"]},
            "observation_window": "28d",
            "label": {"kind": "unit_count", "unit_count": {"count": count, **more}},
        }
    )


def visit(subject, encounter, came, moves, left=None, **more):
    """Return the rows of a stay: `moves` are (hour, unit), `left` is when it ended."""
    same = {"encounter_id": encounter, "site": more.get("site", "NORTH")}
    rows = [event(subject, came, "ENCOUNTER//ADMISSION//INPATIENT", **same)]
    rows += [event(subject, at, f"TRANSFER_TO//{unit}", **same) for at, unit in moves]
    if left is not None:
        known = more.get("told", left)
        rows.append(event(subject, left, "ENCOUNTER//DISCHARGE//INPATIENT", known=known, **same))
    return rows


def counted_slowly(table, as_of, zone="UTC"):
    """Return {(unit, start): counts} of an event table by plain loops over every stay and shift."""
    ticks = shift_ticks(SHIFTS, zone, first=(START - 48) * HOUR, last=as_of).at.tolist()
    stays: dict[tuple[int, int], list[tuple[Any, ...]]] = {}
    falls = []
    columns = (
        whole_numbers(table["subject_id"]).tolist(),
        whole_numbers(table["encounter_id"], null=-1).tolist(),
        micros(table["time"], null=0).tolist(),
        micros(table["known_at"], null=0).tolist(),
        micros(table["superseded_at"], null=2**62).tolist(),
        table["code"].to_pylist(),
    )
    for subject, encounter, time, known, gone, code in zip(*columns, strict=True):
        if code == FALL and known <= as_of < gone:
            falls.append((subject, time))
        if code.startswith(("TRANSFER_TO//", "ENCOUNTER//DISCHARGE//")):
            unit = code.partition("//")[2] if code.startswith("TRANSFER_TO") else None
            stays.setdefault((subject, encounter), []).append((time, known, unit, gone))
    found: dict[tuple[str, int], dict[str, int]] = {}

    def add(unit, start, name):
        cell = found.setdefault((unit, start), {})
        cell[name] = cell.get(name, 0) + 1

    def shift_of(at):
        before = [tick for tick in ticks[:-1] if tick <= at]
        return before[-1] if before and at < ticks[-1] else None

    spells = []
    for (subject, _), rows in stays.items():
        order = sorted(rows, key=lambda r: (r[0], r[2] is None, r[1], r[2] or ""))
        true = [r for r in order if r[1] <= as_of < r[3]]
        ends = [at for at, r in enumerate(true) if r[2] is None]
        true = true[: ends[0] + 1] if ends else true
        for at, (time, _, unit, _) in enumerate(true):
            if unit is None:
                continue
            end = true[at + 1][0] if at + 1 < len(true) else 2**62
            for tick in ticks:
                if time < tick <= end:
                    add(unit, tick, "present")
            for when, name in ((time, "arrivals"), (end, "departures")):
                if (tick := shift_of(when)) is not None:
                    add(unit, tick, name)
            spells.append((time, unit, end, subject))
        for tick, following in zip(ticks, [*ticks[1:], None], strict=True):
            there = [r for r in order if max(r[0], r[1]) <= tick < r[3]]
            if there and all(r[2] is not None for r in there):
                add(there[-1][2], tick, "known_present")
            for time, known, unit, gone in rows:
                inside = following is not None and tick <= time < following
                if unit is not None and inside and max(time, known) <= following < gone:
                    add(unit, tick, "known_arrivals")
    for who, when in falls:
        there = [one for one in spells if one[3] == who and one[0] <= when < one[2]]
        if there and (tick := shift_of(when)) is not None:
            add(max(there)[1], tick, "outcomes")
    return found
