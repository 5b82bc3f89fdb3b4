"""Further scores of an adopted model, and what came of them: taken whole or not at all."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from attending.digests import canonical
from attending.errors import BadInput, Refused
from attending.ingest.pseudonyms import Pseudonyms
from attending.lifecycle.adopted_history import history_of
from attending.lifecycle.adopted_outcomes import joined
from attending.lifecycle.adopted_rows import asked_again, read_rows, require_parity
from attending.lifecycle.adopting import adoptions_of, entered_at, of_version
from attending.lifecycle.bringing import fitted_of
from attending.lifecycle.desk import keep_in
from attending.lifecycle.plans import signed_plan
from attending.lifecycle.scoring import contents_of, deployed_of, request_of
from attending.lifecycle.tables import table_bytes
from attending.records.adoption import AdoptedModel
from attending.stores.files import write_once
from attending.stores.predictions import Observed
from attending.stores.predictions import Scored as Stored
from attending.times import format_instant, from_micros, parse_instant, to_micros

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from attending.lifecycle.adopted_outcomes import Joined
    from attending.lifecycle.adopted_rows import ScoredRows
    from attending.lifecycle.desk import Desk
    from attending.models.protocol import Fitted
    from attending.records.adoption import Adoption
    from attending.records.release import Deployment
    from attending.types import Floats, Instant

#: Contributions that are kept with a score.
_TOLD = 5


@dataclass(frozen=True)
class Taken:
    """What became of a file: new scores, those that were here, and outcomes by now.

    Attributes:
        history: rows of the history that the model came in with; they are no scores of today.
        before: new scores of a time before the model came in.
        changed: outcomes that were here and are told otherwise now.
    """

    rows: int
    new: int
    known: int
    matured: int
    events: int
    parity_rows: int
    history: int = 0
    before: int = 0
    changed: int = 0


def take(desk: Desk, model: str, file: Path, *, requests: Path | None = None) -> Taken:
    """Return what became of a file of scores; outcomes in it are joined to the scores they are of.

    A row that says the outcome of a score that is here already, with the same score, is no new
    score, nor is one of the history that the model came in with. Without a column of times a score
    is of the instant at which it was taken.

    Args:
        desk: where and when.
        model: that was adopted.
        file: columns as in the file that the model came in with; outcomes may be missing.
        requests: a new CSV of patient, score and request id, for whoever wrote the file.

    Raises:
        Refused: the version takes no scores, or a score is another than the one that is here.
        BadInput: the file cannot be read in one way only, or the new one is there already.
    """
    if requests is not None and requests.exists():
        raise BadInput(f"{requests} is there already", code="adopt.requests", where="--requests")
    stands = deployed_of(desk, model)
    asked = asked_again(_adoption(desk, stands))
    known, fitted = model_of(desk, stands)
    rows = read_rows(file, asked, fitted)
    require_parity(rows)
    subjects = Pseudonyms(desk.home.pseudonym_key()).subject(rows.patients)
    if subjects.null_count:
        raise BadInput(
            f"{subjects.null_count} rows name nobody", code="adopt.no_patient", where=file.name
        )
    due = _due(desk, stands, rows, subjects=subjects.to_pylist())
    stored = _fresh(desk, stands, due, known=known, fitted=fitted)
    found = _keep(desk, stands, stored, due=due, file=rows.read.file.file_digest)
    if requests is not None:
        _write_requests(requests, rows, due, stored=stored)
    return Taken(
        rows=len(due),
        new=len(stored),
        known=sum(one["held"] is not None for one in due),
        matured=found.record.n_matured,
        events=found.record.n_events,
        parity_rows=rows.parity.rows if rows.parity else 0,
        history=sum(one["history"] for one in due),
        before=sum(one.prediction_time < entered_at(desk, stands) for one in stored),
        changed=found.changed,
    )


def _fresh(
    desk: Desk,
    stands: Deployment,
    due: Sequence[dict[str, Any]],
    *,
    known: AdoptedModel,
    fitted: Fitted | None,
) -> list[Stored]:
    """Return the scores that are not here yet, as they are stored, in the order of the file."""
    fresh = [one for one in due if _fresh_row(one)]
    plan = signed_plan(desk, stands).spec
    return [
        _stored(stands, one, known=known, threshold=plan.threshold.value, shares=share)
        for one, share in zip(fresh, _shares(fresh, known, fitted), strict=True)
    ]


def _write_requests(
    path: Path, rows: ScoredRows, due: Sequence[dict[str, Any]], *, stored: Sequence[Stored]
) -> None:
    """Write patient, score and request id of each prediction; only who took the file reads it."""
    fresh = iter(stored)
    told = (
        (who, one["score"], request_of(one["held"]) if one["held"] else next(fresh).request_id)
        for who, one in zip(rows.patients.to_pylist(), due, strict=True)
        if not one["history"]
    )
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([("patient_id", "risk", "request_id"), *told])
    write_once(path, text.getvalue().encode(), mode=0o600)


def model_of(desk: Desk, stands: Deployment) -> tuple[AdoptedModel, Fitted | None]:
    """Return the adopted model that a version is, and its file as we run it."""
    known = desk.home.catalog.get(stands.run, AdoptedModel)
    data = desk.home.artifacts.read(known.file) if known.file else None
    return known, fitted_of(known, data)


def _adoption(desk: Desk, stands: Deployment) -> Adoption:
    adoption = of_version(desk, stands)
    if adoption is None:
        raise Refused(
            "the version was fitted here and is scored by `attending score`, or its adoption is "
            "not signed any more",
            code="adopt.not_adopted",
            hint="See `attending release status`.",
        )
    return adoption


def _due(
    desk: Desk, stands: Deployment, rows: ScoredRows, *, subjects: Sequence[int]
) -> list[dict[str, Any]]:
    """Return each row with its instant, and the prediction that is here of it, if any."""
    times = _times(desk, rows, len(subjects))
    timed = times is not None
    here = _held(desk, stands, timed=timed)
    before = history_of(desk, adoptions_of(desk, stands), patients=subjects)
    outcome = rows.read.table["outcome"].to_pylist()
    sites = rows.sites.to_pylist() if rows.sites is not None else [None] * len(subjects)
    found, other = [], 0
    for at, (subject, risk) in enumerate(zip(subjects, rows.risk.tolist(), strict=True)):
        instant = times[at] if times is not None else desk.at
        held = here.get((subject, format_instant(instant) if timed else risk))
        other += held is not None and held["score"] != risk
        past = (
            (subject, to_micros(instant), risk) in before.timed
            if timed
            else outcome[at] is not None and (subject, risk) in before.scored
        )
        found.append(
            {
                "subject_id": subject, "time": instant, "score": risk, "site": sites[at],
                "outcome": outcome[at], "held": held, "history": past and held is None,
                "inputs": None if rows.x is None else rows.x[at],
            }
        )  # fmt: skip
    if other:
        raise Refused(
            f"{other} rows say another score than the one that is here of the same patient and "
            "time",
            code="adopt.other_score",
            hint="A score that was given stands; send later scores with their own time.",
        )
    _require_once(found, timed=timed)
    return found


def _require_once(due: Sequence[dict[str, Any]], *, timed: bool) -> None:
    """Refuse a file that says a score twice, or two of a patient at one instant; counted."""
    once = {
        (one["subject_id"], one["time" if timed or _fresh_row(one) else "score"]) for one in due
    }
    again = len(due) - len(once)
    if again:
        raise Refused(
            f"{again} of {len(due)} rows have a patient and {'time' if timed else 'score'} that "
            "another row has too",
            code="adopt.twice",
            hint="Send each score once; of several scores of a patient each with its own time.",
        )


def _fresh_row(one: dict[str, Any]) -> bool:
    return not one["held"] and not one["history"]


def _times(desk: Desk, rows: ScoredRows, count: int) -> list[Instant] | None:
    table = rows.read.table
    if "prediction_time" not in table.column_names:
        return None
    micros = table["prediction_time"].cast(pa.timestamp("us")).cast(pa.int64()).to_pylist()
    times = [from_micros(one) for one in micros]
    late = sum(one > desk.at for one in times)
    if late or len(times) != count:
        raise BadInput(
            f"{late} scores are of a time that has not come yet",
            code="adopt.time",
            hint="Times without a zone are read as UTC; with one, write 2026-11-29T20:30+01:00.",
        )
    return times


def _held(
    desk: Desk, stands: Deployment, *, timed: bool
) -> dict[tuple[int, str | float], dict[str, Any]]:
    """Return the scores that are here, by patient and time, or by patient and score."""
    mine = (c for c in contents_of(desk, stands.model) if c["version"] == stands.version)
    return {(int(c["subject_id"]), c["prediction_time"] if timed else c["score"]): c for c in mine}


def _stored(
    stands: Deployment,
    row: dict[str, Any],
    *,
    known: AdoptedModel,
    threshold: float | None,
    shares: Floats | None,
) -> Stored:
    """Return a score as it is stored, with its inputs and the largest shares where a file is."""
    at = format_instant(row["time"])
    content = {
        "model": stands.model,
        "version": stands.version,
        "stage": stands.stage,
        "run": stands.run,
        "artifact": known.file or "",
        "release": stands.release_spec,
        "features": known.digest,
        "subject_id": str(row["subject_id"]),
        "encounter_id": None,
        "prediction_time": at,
        "index_start": at,
        "kind": "live",
        "score": row["score"],
        "flagged": threshold is not None and row["score"] >= threshold,
        "threshold": threshold,
        "reasons": "",
        "missing_count": 0,
        "site": row["site"],
        **_inputs(known, row["inputs"], shares),
    }
    return Stored(
        request_id=request_of(content),
        model=stands.model,
        version=stands.version,
        stage=stands.stage,
        subject_id=row["subject_id"],
        encounter_id=None,
        prediction_time=row["time"],
        score=row["score"],
        content=canonical(content),
    )


def _shares(
    due: Sequence[dict[str, Any]], known: AdoptedModel, fitted: Fitted | None
) -> list[Floats | None]:
    """Return each row's shares of its score; None where the form does not tell them."""
    if fitted is None or known.form == "ONNX" or not due:
        return [None] * len(due)
    return list(fitted.contributions(np.array([one["inputs"] for one in due]))[:, :-1])


def _inputs(known: AdoptedModel, x: Floats | None, shares: Floats | None) -> dict[str, Any]:
    """Return the inputs of a score, and the features that moved it most."""
    if x is None:
        return {}
    values = [None if np.isnan(value) else float(value) for value in x]
    told: dict[str, Any] = {
        "inputs": dict(zip(known.features, values, strict=True)),
        "missing_count": values.count(None),
    }
    if shares is not None:
        first = np.argsort(-np.abs(shares), kind="stable")[:_TOLD]
        told["factors"] = {known.features[at]: float(shares[at]) for at in first}
    return told


def _keep(
    desk: Desk,
    stands: Deployment,
    stored: Sequence[Stored],
    *,
    due: Sequence[dict[str, Any]],
    file: str,
) -> Joined:
    """Return the account of outcomes, kept with the scores in one transaction."""
    told = [one for one in due if one["outcome"] is not None and not one["history"]]
    observed = [_observed(desk, stands, one, file=file) for one in told]
    found = joined(desk, stands, stored=stored, observed=observed, file=file)
    record = found.record
    artifact = desk.home.artifacts.put(table_bytes(found.table))
    with desk.home.database.transaction() as unit:
        desk.home.predictions.add(unit, stored)
        desk.home.predictions.observe(unit, observed)
        keep_in(
            desk,
            unit,
            record,
            action="score.taken",
            keys={"model": stands.model, "version": stands.version, "table": artifact},
            details={
                "n": len(due),
                "new": len(stored),
                "matured": record.n_matured,
                "events": record.n_events,
                "history": sum(one["history"] for one in due),
                "changed": found.changed,
                "file": file,
            },
        )
    return found


def _observed(desk: Desk, stands: Deployment, row: dict[str, Any], *, file: str) -> Observed:
    held = row["held"]
    return Observed(
        model=stands.model,
        version=stands.version,
        subject_id=row["subject_id"],
        encounter_id=None,
        prediction_time=parse_instant(held["prediction_time"]) if held else row["time"],
        snapshot=file,
        label=row["outcome"],
        status="observed",
        matured_at=desk.at,
    )
