"""Real patients as streams: inputs, a risk fitted on some of them, outcomes, and a group each."""

from __future__ import annotations

import csv
import gzip
import io
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from attending.monitor.reference import About, reference
from attending.monitor.run import run
from attending.specs.monitoring import DataMonitor, MonitoringSpec
from attending.statistics.auroc import auroc_interval
from attending.statistics.logistic import fit
from tests.monitor import deployed as d

_DATA = Path(os.environ.get("ATTENDING_TEST_DATA", "../shared/data"))


@dataclass(frozen=True)
class Real:
    """Patients of a real set: inputs with gaps, labels of the inputs, outcomes and groups."""

    x: Any
    labels: dict[str, str]
    outcome: Any
    group: Any

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.labels)


def physionet() -> Real:
    """Means of the first two days of 4,000 intensive care stays; the group is the kind of unit."""
    labels = {
        "Age": "age", "HR": "heart rate", "GCS": "Glasgow Coma Scale", "Creatinine": "creatinine",
        "BUN": "urea nitrogen", "Temp": "temperature", "Platelets": "platelets",
        "WBC": "white cells", "HCT": "haematocrit", "Glucose": "glucose", "Na": "sodium",
    }  # fmt: skip
    rows = pq.read_table(_DATA / "physionet-2012-set-a" / "events.parquet")
    wanted = pc.is_in(rows["Parameter"], pa.array([*labels, "ICUType"]))
    rows = rows.filter(pc.and_(wanted, pc.greater_equal(rows["Value"], 0)))
    means = rows.group_by(["RecordID", "Parameter"]).aggregate([("Value", "mean")])
    ids, at = np.unique(means["RecordID"].to_numpy(), return_inverse=True)
    found = {name: np.full(len(ids), np.nan) for name in [*labels, "ICUType"]}
    names = means["Parameter"].to_numpy(zero_copy_only=False)
    for name, column in found.items():
        column[at[names == name]] = means["Value_mean"].to_numpy()[names == name]
    path = _DATA / "physionet-2012-set-a" / "Outcomes-a.txt"
    with path.open(newline="", encoding="utf-8") as stream:
        died = {
            int(row["RecordID"]): int(row["In-hospital_death"]) for row in csv.DictReader(stream)
        }
    outcome = np.array([died[one] for one in ids.tolist()], np.int8)
    x = np.column_stack([found[name] for name in labels])
    return Real(x, labels, outcome, found["ICUType"].astype(int))


def diabetes() -> Real:
    """Stays of 130 hospitals; the group is whether they were admitted from the emergency room."""
    labels = {
        "time_in_hospital": "days in hospital", "num_lab_procedures": "laboratory tests",
        "num_procedures": "procedures", "num_medications": "medicines",
        "number_inpatient": "earlier stays", "number_emergency": "emergency visits",
        "number_diagnoses": "diagnoses",
    }  # fmt: skip
    path = _DATA / "diabetes-130" / "dataset_diabetes.zip"
    with (
        zipfile.ZipFile(path) as archive,
        archive.open("dataset_diabetes/diabetic_data.csv") as raw,
    ):
        rows = list(csv.DictReader(io.TextIOWrapper(raw, encoding="utf-8")))[::5]
    x = np.array([[float(row[name]) for name in labels] for row in rows])
    outcome = np.array([int(row["readmitted"] == "<30") for row in rows], np.int8)
    return Real(x, labels, outcome, np.array([int(row["admission_source_id"]) for row in rows]))


def mimic() -> Real:
    """Admissions of the MIMIC-IV demo: first laboratory values; the group is a range of years."""
    # As some comorbidity scores do, one input counts diagnoses and reads ICD-10 alone: the hospital
    # went over to it from the earlier years to the later.
    items = {
        "50912": "creatinine", "51006": "urea nitrogen", "50983": "sodium", "50971": "potassium",
        "51222": "haemoglobin", "51301": "white cells", "51265": "platelets",
    }  # fmt: skip
    folder = _DATA / "mimic-iv-demo" / "hosp"
    years = {row["subject_id"]: row["anchor_year_group"] for row in _rows(folder / "patients")}
    stays = _rows(folder / "admissions")
    place = {row["hadm_id"]: at for at, row in enumerate(stays)}
    x = np.full((len(stays), len(items) + 1), np.nan)
    x[:, -1] = 0
    for row in _rows(folder / "diagnoses_icd"):
        x[place[row["hadm_id"]], -1] += row["icd_version"] == "10"
    columns = {item: at for at, item in enumerate(items)}
    for row in sorted(_rows(folder / "labevents"), key=lambda one: one["charttime"]):
        at, column = place.get(row["hadm_id"]), columns.get(row["itemid"])
        if at is not None and column is not None and row["valuenum"] and np.isnan(x[at, column]):
            x[at, column] = float(row["valuenum"])
    outcome = np.array([int(row["hospital_expire_flag"]) for row in stays], np.int8)
    named = (*items.values(), "the number of diagnoses coded in ICD-10")
    labels = {label.replace(" ", "_"): label for label in named}
    return Real(x, labels, outcome, np.array([years[row["subject_id"]] for row in stays]))


def _rows(path: Path) -> list[dict[str, str]]:
    with gzip.open(f"{path}.csv.gz", "rt", encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


class Ward:
    """A model fitted on some patients of a real set, watched on others."""

    def __init__(self, real: Real, then: Any, *, minimum_rows: int = 200) -> None:
        self.real = real
        self.spec = MonitoringSpec(risk_level="high", data=DataMonitor(minimum_rows=minimum_rows))
        known = real.x[then]
        self.middle = np.nanmean(known, axis=0)
        self.spread = np.nanstd(known, axis=0)
        self.beta = fit(self._columns(known), real.outcome[then].astype(float)).coefficients
        risk = self.risk(known)
        found = auroc_interval(real.outcome[then], risk)
        about = About("icu", "v1", threshold=d.THRESHOLD, labels=real.labels,
                      auroc=(found.value, found.low, found.high),
                      weights=dict.fromkeys(real.names, 1 / len(real.names)))  # fmt: skip
        self.then = known
        self.held = reference(self._table(known), risk, real.names, about=about)

    def risk(self, x: Any) -> Any:
        return 1 / (1 + np.exp(-self._columns(x) @ self.beta))

    def report(self, x: Any, risk: Any = None, outcome: Any = None) -> Any:
        """Return what the monitors see of some patients who come within four weeks."""
        scored = self.risk(x) if risk is None else risk
        asked = d.current(
            x, scored, features=self._table(x), then=self.then,
            outcomes=None if outcome is None else d.outcomes(scored, outcome),
        )  # fmt: skip
        return run(self.spec, self.held, asked, at=d.AT)

    def _columns(self, x: Any) -> Any:
        z = np.clip(np.nan_to_num((x - self.middle) / self.spread), -4, 4)
        return np.column_stack([z, np.ones(len(x))])

    def _table(self, x: Any) -> pa.Table:
        return pa.table({name: x[:, at] for at, name in enumerate(self.real.names)})
