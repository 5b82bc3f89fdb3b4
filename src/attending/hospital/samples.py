"""Laboratory results: what is drawn when, how late the result comes, what is put right later.

A panel is drawn on arrival and every morning near 05:30 local time. Results take about an hour,
longer for albumin and the natriuretic peptide, with a heavy tail; 1 in 200 comes days late.
1 in 100 is corrected and 1 in 500 withdrawn, by a second version; 1 in 500 rows is written twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from attending.hospital.columns import instants, numbered, numbers, words
from attending.hospital.conditions import INDEX
from attending.hospital.contacts import encounter_ids, patient_ids
from attending.hospital.physiology import LABS, between, measured
from attending.hospital.sites import HOUR_SECONDS, SITES

if TYPE_CHECKING:
    from attending.hospital.contacts import Contacts
    from attending.hospital.people import People
    from attending.hospital.sites import LocalClock
    from attending.hospital.stays import Stays
    from attending.types import Floats, Ints, Mask

STATUSES = ("final", "corrected", "entered-in-error")
#: Panels that are ordered together: chemistry and blood count.
_CHEMISTRY = ("creatinine", "sodium", "potassium", "urea_nitrogen", "glucose")
_COUNT = ("haemoglobin", "leukocytes", "platelets")
_SLOW = ("albumin", "natriuretic_peptide")
_CORRECTED, _WITHDRAWN, _LATE, _TWICE = 0.01, 0.002, 0.005, 0.002


@dataclass(frozen=True)
class Draws:
    """Blood draws; arrays of one length.

    Args:
        contact: row of Contacts.
        at: UTC second.
        latents: shape (n, signals).
        first: whether it is the one on arrival.
        ill: severity at admission, standardised.
        light: whether fewer tests are asked for (planned stays, walk-ins, clinics).
    """

    contact: Ints
    at: Ints
    latents: Floats
    first: Mask
    ill: Floats
    light: Mask


def draw_times(
    stays: Stays, clock: LocalClock, rng: np.random.Generator
) -> tuple[Ints, Ints, Mask]:
    """Return stay, UTC second and whether on arrival, for every draw within a stay."""
    arrival = stays.came + ((0.4 + rng.random(len(stays))) * HOUR_SECONDS).astype(np.int64)
    first_day = clock.day(stays.admitted, stays.site)
    days = clock.day(stays.discharged, stays.site) - first_day
    stay = np.repeat(np.arange(len(stays)), days)
    step = np.arange(len(stay)) - np.repeat(np.cumsum(days) - days, days) + 1
    hour = np.clip(rng.normal(5.5, 0.6, size=len(stay)), 3.5, 8.0)
    at = clock.moment(first_day[stay] + step, hour, site=stays.site[stay])
    useful = (at > arrival[stay] + 4 * HOUR_SECONDS) & (at < stays.discharged[stay])
    on_arrival = np.arange(len(stays))
    return (
        np.concatenate((on_arrival, stay[useful])),
        np.concatenate((arrival, at[useful])),
        np.concatenate((np.ones(len(stays), np.bool_), np.zeros(int(useful.sum()), np.bool_))),
    )


def draws(
    contacts: Contacts,
    stays: Stays,
    *,
    usual: Floats,
    clock: LocalClock,
    rng: np.random.Generator,
) -> Draws:
    """Return all blood draws: in stays, at 45 of 100 walk-ins, at 25 of 100 clinic visits."""
    stay, at, first = draw_times(stays, clock, rng)
    part = (at - stays.admitted[stay]) / np.maximum(stays.discharged - stays.admitted, 1)[stay]
    inside = between(stays.first[stay], stays.last[stay], part[:, None])
    chance = np.concatenate(
        [np.full(contacts.blocks[k + 1] - contacts.blocks[k], p) for k, p in ((2, 0.45), (3, 0.25))]
    )
    other = contacts.blocks[2] + np.flatnonzero(rng.random(len(chance)) < chance)
    outside = usual[contacts.who[other]] + 0.4 * rng.normal(size=(len(other), usual.shape[1]))
    return Draws(
        contact=np.concatenate((stay, other)),
        at=np.concatenate((at, contacts.began[other] + 600)),
        latents=np.concatenate((inside, outside)),
        first=np.concatenate((first, np.ones(len(other), np.bool_))),
        ill=np.concatenate((stays.severity[stay], np.zeros(len(other)))),
        light=np.concatenate((stays.is_planned[stay], np.ones(len(other), np.bool_))),
    )


def _asked(made: Draws, heart: Mask, rng: np.random.Generator) -> dict[str, Mask]:
    """Return by analyte which draws it was measured in."""
    n = len(made.at)
    lighter = np.where(made.light & ~made.first, 0.6, 1.0)
    panel = {
        name: rng.random(n) < chance * lighter
        for name, chance in (("chemistry", 0.94), ("count", 0.92))
    }
    peptide = np.where(heart, np.where(made.first, 0.8, 0.15), np.where(made.first, 0.2, 0.02))
    alone = {
        "albumin": np.where(made.first, 0.7, 0.35) * np.where(made.light, 0.6, 1.0),
        "lactate": np.where(made.first, 0.12 + 0.45 * (made.ill > 0.5), 0.05) * ~made.light,
        "natriuretic_peptide": peptide * np.where(made.light, 0.3, 1.0),
    }
    asked = dict.fromkeys(_CHEMISTRY, panel["chemistry"]) | dict.fromkeys(_COUNT, panel["count"])
    return asked | {name: rng.random(n) < chance for name, chance in alone.items()}


@dataclass(frozen=True)
class _Results:
    """Rows of results; arrays of one length."""

    draw: Ints
    analyte: Ints
    value: Floats
    resulted: Ints


def _results(made: Draws, heart: Mask, rng: np.random.Generator) -> _Results:
    asked = _asked(made, heart, rng)
    rows, analytes, values, minutes = [], [], [], []
    for at, signal in enumerate(LABS):
        draw = np.flatnonzero(asked[signal.name])
        rows.append(draw)
        analytes.append(np.full(len(draw), at))
        values.append(measured(signal, made.latents[draw, at], rng))
        minutes.append(np.full(len(draw), 150.0 if signal.name in _SLOW else 60.0))
    draw, median = np.concatenate(rows), np.concatenate(minutes)
    wait = median * np.exp(0.45 * rng.normal(size=len(draw)))
    wait *= np.where(rng.random(len(draw)) < 0.02, 10.0, 1.0)
    late = rng.random(len(draw)) < _LATE
    wait += np.where(late, (1.0 + 5.0 * rng.random(len(draw))) * 1440.0, 0.0)
    order = np.lexsort((np.concatenate(analytes), made.contact[draw], made.at[draw]))
    return _Results(
        draw=draw[order],
        analyte=np.concatenate(analytes)[order],
        value=np.concatenate(values)[order],
        resulted=(made.at[draw] + (wait * 60.0).astype(np.int64))[order],
    )


def lab_table(
    people: People, contacts: Contacts, *, made: Draws, rng: np.random.Generator
) -> pa.Table:
    """Return the table of results in the order in which they came.

    A corrected result was first shown with an error of about 15 % of its value.
    """
    heart = people.conditions[contacts.who[made.contact], INDEX["heart_failure"]]
    results = _results(made, heart, rng)
    n = len(results.draw)
    fate = rng.random(n)
    corrected = fate < _CORRECTED
    again = np.flatnonzero(fate < _CORRECTED + _WITHDRAWN)
    wrong = results.value * np.exp(0.15 * rng.normal(size=n))
    shown = np.where(corrected, _rounded(wrong, results.analyte), results.value)
    hours = np.exp(rng.normal(1.8, 0.8, size=len(again)))
    second = results.resulted[again] + (hours * HOUR_SECONDS).astype(np.int64)
    row = np.concatenate((np.arange(n), again))
    withdrawn = np.concatenate((np.zeros(n, np.bool_), ~corrected[again]))
    version = np.concatenate((np.ones(n, np.int64), np.full(len(again), 2)))
    table = _table(
        contacts,
        made,
        results=results,
        row=row,
        changes={
            "result_id": numbered("R", row + 1, width=9),
            "version": pa.array(version),
            "status": words(STATUSES, np.where(withdrawn, 2, version - 1)),
            "value": numbers(np.concatenate((shown, results.value[again])), missing=withdrawn),
            "resulted_at": instants(np.concatenate((results.resulted, second))),
        },
    )
    return _ordered(table, rng)


def _rounded(values: Floats, analyte: Ints) -> Floats:
    scale = 10.0 ** np.array([signal.places for signal in LABS])[analyte]
    return np.asarray(np.round(values * scale) / scale)


def _table(
    contacts: Contacts,
    made: Draws,
    *,
    results: _Results,
    row: Ints,
    changes: dict[str, pa.Array],
) -> pa.Table:
    draw, analyte = results.draw[row], results.analyte[row]
    contact = made.contact[draw]
    return pa.table(
        {
            "result_id": changes["result_id"],
            "version": changes["version"],
            "status": changes["status"],
            "patient_id": patient_ids(contacts.who[contact]),
            "encounter_id": encounter_ids(contacts.number[contact]),
            "site": words([site.name for site in SITES], contacts.site[contact]),
            "loinc": words([signal.loinc for signal in LABS], analyte),
            "value": changes["value"],
            "unit": words([signal.unit for signal in LABS], analyte),
            "collected_at": instants(made.at[draw]),
            "resulted_at": changes["resulted_at"],
            "known_at": changes["resulted_at"],
        }
    )


def _ordered(table: pa.Table, rng: np.random.Generator) -> pa.Table:
    """Return rows by the moment they came, with a few of them twice."""
    came = table["known_at"].cast(pa.int64()).to_numpy()
    twice = np.flatnonzero(rng.random(len(came)) < _TWICE)
    row = np.concatenate((np.arange(len(came)), twice))
    order = np.lexsort((row, came[row]))
    return table.take(row[order])
