"""A made-up deployed model: validation rows, a reference, and weeks of predictions to watch."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pyarrow as pa

from attending.monitor.current import Current
from attending.monitor.reference import About, reference
from attending.monitor.simulated_year import Validation
from attending.records.monitoring import Finding, MonitorReport
from attending.specs.monitoring import MonitoringSpec
from attending.statistics.auroc import auroc_interval
from attending.times import EPOCH, parse_instant

NAMES = ("creatinine", "lactate", "sodium", "heart_rate", "resp_rate", "prior_stays")
SOURCES = dict(zip(NAMES, ("labs", "labs", "labs", "vitals", "vitals", ""), strict=True))
AT = parse_instant("2026-06-01T00:00:00Z")
SPEC = MonitoringSpec(risk_level="high")
THRESHOLD = 0.25


def rows(n, *, seed, shift=0.0):
    """Features with gaps and the risks made from them; `shift` makes patients sicker."""
    rng = np.random.default_rng(seed)
    z = rng.normal(shift, 1, n)
    x = np.column_stack(
        [
            np.exp(0.3 * (0.7 * z + rng.normal(size=n))),
            1.5 * np.exp(0.4 * (0.6 * z + rng.normal(size=n))),
            139 - 2 * z + 3 * rng.normal(size=n),
            82 + 8 * z + 10 * rng.normal(size=n),
            17 + z + 2 * rng.normal(size=n),
            rng.poisson(np.exp(0.3 * z)).astype(float),
        ]
    )
    x[rng.random(n) < 0.15, 1] = np.nan
    x[rng.random(n) < 0.05, 0] = np.nan
    risk = 1 / (1 + np.exp(-(-1.9 + 0.9 * z)))
    return x, risk


def table(x):
    return pa.table({name: x[:, at] for at, name in enumerate(NAMES)})


X, RISK = rows(5000, seed=1)
Y = (np.random.default_rng(2).random(5000) < RISK).astype(np.float64)
TIMES = np.datetime64("2025-01-01", "us") + np.linspace(0, 125 * 86400e6, 5000).astype("m8[us]")
FOUND = auroc_interval(Y, RISK)
ABOUT = About(
    "readmission",
    "v1",
    threshold=THRESHOLD,
    auroc=(FOUND.value, FOUND.low, FOUND.high),
    sources=SOURCES,
    labels={name: name.replace("_", " ") for name in NAMES},
    weights=dict.fromkeys(NAMES, 1 / 6),
)
HELD = reference(table(X), RISK, NAMES, about=ABOUT, outcome=Y, times=TIMES)
VALIDATION = Validation(X, RISK)


def predictions(risk, *, days=28.0, sites=None, kind=None, reasons=None, end=AT):
    """A table like that of `serve.batch`, evenly over the days before `end`."""
    n = len(risk)
    micros = (end - EPOCH) // timedelta(microseconds=1)
    time = micros - np.linspace(days * 86400e6 - 1, 0, n).astype(np.int64)
    kinds = np.array(["live"] * n if kind is None else kind)
    live = kinds == "live"
    return pa.table(
        {
            "subject_id": np.arange(n) + 1,
            "encounter_id": pa.array(np.arange(n) + 1),
            "prediction_time": pa.array(time, pa.timestamp("us")),
            "score": pa.array(risk, mask=~live),
            "flagged": pa.array(risk >= THRESHOLD, mask=~live),
            "kind": kinds,
            "reasons": [""] * n if reasons is None else list(reasons),
            "missing_count": np.zeros(n, np.int32),
            "site": ["NORTH"] * n if sites is None else list(sites),
        }
    )


def current(x, risk, *, made=None, **more):
    asked = {
        "model": "readmission",
        "version": "v1",
        "stage": "live",
        "predictions": predictions(risk) if made is None else made,
        "features": table(x),
    }
    return Current(**(asked | more))


def outcomes(risk, label, *, days=80.0, mature=None, end=AT):
    """Predictions with outcomes that matured evenly over the days before `end`."""
    made = predictions(risk, days=days, end=end)
    ripe = np.ones(len(risk), np.bool_) if mature is None else mature
    return (
        made.append_column("label", pa.array(np.asarray(label, np.int8), mask=~ripe))
        .append_column("status", pa.array(np.where(ripe, "no_event", "immature")))
        .append_column(
            "matured_at",
            pa.array(made["prediction_time"].to_numpy(), pa.timestamp("us"), mask=~ripe),
        )
    )


def finding(drift, severity, **more):
    asked = {
        "drift": drift,
        "severity": severity,
        "name": "psi",
        "subject": "creatinine",
        "figure": 0.4,
        "bound": 0.25,
        "meaning": "Creatinine moved.",
        "action": "",
        "owner": "",
    }
    return Finding(**(asked | more))


def report(*findings, at=AT, **more):
    asked = {
        "model": "readmission",
        "version": "v1",
        "stage": "live",
        "at": at,
        "reference": HELD.digest,
        "spec": SPEC.digest,
        "n_predictions": 1000,
        "n_matured": 500,
        "n_events": 80,
        "findings": findings,
    }
    return MonitorReport(**(asked | more))


def names(made):
    """(drift, severity, name, subject, site) of each finding above info."""
    return {
        (f.drift, f.severity, f.name, f.subject, f.site)
        for f in made.findings
        if f.severity != "info"
    }
