"""Risks on real patients by formulas that anybody can repeat, for figures of other implementations.

Needs numpy and the standard library only, so that it runs in every environment.
"""

from __future__ import annotations

import csv
import io
import zipfile
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

#: Deaths and hospice: those patients cannot come back.
_GONE = {"11", "13", "14", "19", "20", "21"}


def physionet(folder: Path, score: str = "SAPS-I") -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return deaths, a risk from one score and the score, of stays that have it."""
    path = folder / "physionet-2012-set-a" / "Outcomes-a.txt"
    with path.open(newline="", encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if int(row[score]) >= 0]
    points = np.array([float(row[score]) for row in rows])
    died = np.array([int(row["In-hospital_death"]) for row in rows])
    return died, 1 / (1 + np.exp(3.6 - 0.11 * points)), points


def diabetes(folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return readmissions within 30 days, a risk from earlier stays and days, and the patient."""
    path = folder / "diabetes-130" / "dataset_diabetes.zip"
    with (
        zipfile.ZipFile(path) as archive,
        archive.open("dataset_diabetes/diabetic_data.csv") as raw,
    ):
        rows = [
            row
            for row in csv.DictReader(io.TextIOWrapper(raw, encoding="utf-8"))
            if row["discharge_disposition_id"] not in _GONE
        ]
    back = np.array([int(row["readmitted"] == "<30") for row in rows])
    before = np.array([float(row["number_inpatient"]) for row in rows])
    days = np.array([float(row["time_in_hospital"]) for row in rows])
    patient = np.array([int(row["patient_nbr"]) for row in rows])
    return back, 1 / (1 + np.exp(2.5 - 0.35 * before - 0.03 * days)), patient
