"""Read an extract back as a source's customer would: strings, empty means missing."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import timedelta

import numpy as np

from attending.times import parse_instant

THIRTY_DAYS = timedelta(days=30)


def rows(folder, name):
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def rank_auroc(outcome, score):
    """Return the chance that an event scores above a non-event, ties counting half."""
    _, place, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    events = int(np.sum(outcome))
    others = len(outcome) - events
    return (ranks[np.asarray(outcome) == 1].sum() - events * (events + 1) / 2) / (events * others)


def readmissions(encounters, *, end):
    """Return by encounter whether an unplanned stay began within 30 days of a live discharge.

    Only stays whose 30 days were over at `end`.
    """
    stays = defaultdict(list)
    for row in encounters:
        if row["class"] in {"INPATIENT", "OBSERVATION"}:
            stays[row["patient_id"]].append(row)
    outcome = {}
    for row in (row for mine in stays.values() for row in mine):
        if not row["discharged_at"] or row["disposition"] == "DIED":
            continue
        left = parse_instant(row["discharged_at"])
        if left + THIRTY_DAYS > end:
            continue
        outcome[row["encounter_id"]] = any(
            left < parse_instant(other["admitted_at"]) <= left + THIRTY_DAYS
            for other in stays[row["patient_id"]]
            if other["admission_type"] != "ELECTIVE"
        )
    return outcome
