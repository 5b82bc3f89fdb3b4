"""A small ward of made-up patients, its features, a fitted model and a release plan."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from attending.engines.local import LocalEngine
from attending.features.build import build
from attending.models.bundle import Bundle
from attending.models.calibration import CALIBRATIONS
from attending.models.reference import correlated_pairs, summarise
from attending.models.registered import MODELS
from attending.records.events import EVENTS
from attending.records.monitoring import Verdict
from attending.serve.served import Served
from attending.specs.features import FeaturesSpec
from attending.specs.release import ReleaseSpec
from attending.times import DAY, HOUR, from_micros, parse_instant, to_micros

AT = parse_instant("2026-03-02T06:00:00Z")
START = to_micros(parse_instant("2026-02-01T00:00:00Z"))
BORN = to_micros(parse_instant("1950-05-17T00:00:00Z"))
CREATININE, HEART, LACTATE = "LOINC//2160-0", "LOINC//8867-4", "LOINC//2524-7"
UNITS = {CREATININE: "mg/dL", HEART: "/min", LACTATE: "mmol/L"}


def _lab(name, code, aggregate, window, **more):
    return {
        "name": name,
        "label": name.replace("_", " "),
        "codes": (code,),
        "window": window,
        "aggregate": aggregate,
        "unit": UNITS[code],
        "owner": "dr.lane",
        "purpose": "renal function and acuity",
    } | more


FEATURES = FeaturesSpec.model_validate(
    {
        "name": "ward",
        "version": "1",
        "features": [
            {"name": "age", "label": "age", "kind": "age", "owner": "dr.lane", "purpose": "risk"},
            _lab(
                "creatinine_last",
                CREATININE,
                "last",
                "48h",
                plausible={"low": 0.1, "high": 30},
            ),
            _lab("heart_rate_mean", HEART, "mean", "24h"),
            _lab("heart_rate_std", HEART, "std", "24h"),
            _lab("lactate_max", LACTATE, "max", "72h", freshness="24h"),
        ],
    }
)

RELEASE = {
    "model": "readmission",
    "intended_use": {
        "population": "adult inpatients",
        "decision_point": "discharge",
        "outcome": "readmission in 30 days",
        "user_roles": ("charge nurse",),
    },
    "non_intended": ("children",),
    "risk_level": "high",
    "oversight": "a nurse decides",
    "scope": {"min_age": 18, "classes": ("INPATIENT",), "sites": ("NORTH", "SOUTH")},
    "stages": (
        {"stage": "silent", "at_least": "30d"},
        {"stage": "limited", "at_least": "30d", "sites": ("NORTH",)},
        {"stage": "live", "at_least": "30d"},
    ),
    "delivery": (
        {"channel": "ehr", "pattern": "batch", "wording": "High risk", "clicks_to_action": 2},
    ),
    "action_window": "24h",
    "threshold": {"from_validation": True},
    "rollback_criteria": ({"measure": "oe", "above": 1.5, "over": "7d"},),
    "fallback": {"kind": "none", "downtime_pathway": "usual discharge checklist"},
    "owners": {"technical": "t", "clinical": "c", "operational": "o", "incident": "i"},
    "playbook": {"notify": ("c",), "contain": "disable", "assess": "review", "communicate": "c"},
    "training_material": {"material": "a", "version": "1", "required_roles": ("charge nurse",)},
}


def release(**more):
    return ReleaseSpec.model_validate(RELEASE | more)


def row(subject, time, code, value=None, *, known=None, encounter=None, site="NORTH", unit=None):
    """One event; `time` and `known` in microseconds."""
    return {
        "subject_id": subject,
        "time": None if time is None else from_micros(time).replace(tzinfo=None),
        "code": code,
        "numeric_value": value,
        "unit": UNITS.get(code) if unit is None else unit,
        "known_at": from_micros(time if known is None else known).replace(tzinfo=None),
        "encounter_id": encounter,
        "source": "test/rows",
        "source_row": "1",
        "site": site,
    }


def table(rows):
    return pa.Table.from_pylist(sorted(rows, key=_order), schema=EVENTS)


def _order(one):
    keys = (one["subject_id"], one["time"] or one["known_at"].min, one["known_at"], one["code"])
    return (*keys, one["numeric_value"] or 0.0, one["unit"] or "")


def stay(subject, *, born=BORN, site="NORTH", kind="INPATIENT", seed=None):
    """A patient with one stay of four days and a prediction at its end."""
    rng = np.random.default_rng(subject if seed is None else seed)
    begin = START + int(rng.integers(0, 20)) * DAY + int(rng.integers(0, 24)) * HOUR
    encounter = 1000 + subject
    rows = [
        row(subject, born, "MEDS_BIRTH", known=min(begin, max(born, begin - DAY)), site=site),
        row(subject, begin, f"ENCOUNTER//ADMISSION//{kind}", encounter=encounter, site=site),
    ]
    for code, mean, spread in ((CREATININE, 1.1, 0.4), (HEART, 82, 15), (LACTATE, 1.6, 0.8)):
        for _ in range(int(rng.integers(0, 9))):
            at = begin + int(rng.integers(0, 96 * 60)) * 60_000_000
            late = int(rng.integers(0, 5)) * HOUR
            value = max(0.2, rng.normal(mean, spread))
            rows.append(row(subject, at, code, value, known=at + late, site=site))
    prediction = {
        "subject_id": subject,
        "encounter_id": encounter,
        "prediction_time": from_micros(begin + 4 * DAY).replace(tzinfo=None),
        "index_start": from_micros(begin).replace(tzinfo=None),
    }
    return rows, prediction


PREDICTIONS = pa.schema(
    [
        ("subject_id", pa.int64()),
        ("encounter_id", pa.int64()),
        ("prediction_time", pa.timestamp("us")),
        ("index_start", pa.timestamp("us")),
    ]
)


def ward(folder, *, n=160):
    """Two shards, the cohort, and its engine: adults and children, three sites, two classes."""
    rows, asked = [], []
    for subject in range(1, n + 1):
        site = ("NORTH", "SOUTH", "WEST")[subject % 11 % 3]
        kind = "OBSERVATION" if subject % 13 == 0 else "INPATIENT"
        born = START - 9 * 365 * DAY if subject % 17 == 0 else BORN + subject * 90 * DAY
        some, one = stay(subject, born=born, site=site, kind=kind)
        rows += some
        asked.append(one)
    # A subject without any row at all is asked for too.
    asked.append({**asked[0], "subject_id": n + 50, "encounter_id": None})
    events = table(rows)
    shards = []
    for shard in range(2):
        mask = pa.array([subject % 2 == shard for subject in events["subject_id"].to_pylist()])
        path = folder / f"shard-{shard:05d}.parquet"
        pq.write_table(events.filter(mask), path)
        shards.append(path)
    cohort = pa.Table.from_pylist(asked, schema=PREDICTIONS)
    return events, cohort, LocalEngine(shards)


def bundle(cohort, engine, kind="logistic"):
    """A model fitted on the ward's features with made-up outcomes."""
    _, features = build(FEATURES, cohort, engine)
    names = FEATURES.names
    x = np.column_stack([features[name].to_numpy(zero_copy_only=False) for name in names])
    rng = np.random.default_rng(5)
    margin = -1.5 + 1.5 * np.nan_to_num(x[:, 1] - 1.1) + 0.02 * np.nan_to_num(x[:, 2] - 80)
    y = (rng.random(len(x)) < 1 / (1 + np.exp(-margin))).astype(np.int8)
    parameters = {"num_iterations": 20, "min_data_in_leaf": 5} if kind == "lightgbm" else {}
    fitted = MODELS.get(kind).fit(x, y, names=names, parameters=parameters, seed=3)
    return Bundle(
        estimator=kind,
        fitted=fitted,
        calibration=CALIBRATIONS.get("platt")(fitted.margin(x), y),
        feature_set=FEATURES.digest,
        missing="native",
        references=tuple(summarise(c, name=n) for n, c in zip(names, x.T, strict=True)),
        risk_reference=summarise(fitted.risk(x), name="risk"),
        correlated=correlated_pairs(x, names=names),
    )


def verdict(answer="continue", *, at=AT - timedelta(hours=1), hours=36, **more):
    return Verdict(
        model="readmission",
        version="v1",
        stage="live",
        risk_level="high",
        at=at,
        answer=answer,
        drift="none",
        severity="info",
        because="test",
        action="none",
        owner="technical owner",
        changes=("a finding",),
        evidence=("e" * 64,),
        expires_at=at + timedelta(hours=hours),
        **more,
    )


def served(model, **more):
    asked = {
        "model": "readmission",
        "version": "v1",
        "stage": "live",
        "bundle": model,
        "features": FEATURES,
        "release": release(),
        "at": AT,
        "run": "a" * 64,
        "artifact": "b" * 64,
        "threshold": 0.3,
        "verdict": verdict(),
    }
    return Served(**(asked | more))


def instants(asked):
    """The keywords of `score_one` for one row of the cohort."""
    return {
        "subject_id": asked["subject_id"],
        "encounter_id": asked["encounter_id"],
        "prediction_time": parse_instant(asked["prediction_time"].isoformat() + "Z"),
        "index_start": parse_instant(asked["index_start"].isoformat() + "Z"),
    }
