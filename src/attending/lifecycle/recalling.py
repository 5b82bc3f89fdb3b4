"""The recall list: everyone who was scored by a version, with a code list, with an observation."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.documents.csv_cells import csv_bytes
from attending.errors import BadInput, NotFound
from attending.features.reach import reached, reaches
from attending.lifecycle.carried import snapshot_of
from attending.lifecycle.desk import note
from attending.lifecycle.engines import engine_over
from attending.lifecycle.ingesting import held
from attending.lifecycle.tables import table_bytes
from attending.records.ledger import Subject
from attending.records.run import Run
from attending.specs.features import FeaturesSpec
from attending.stores.files import write_once
from attending.times import to_micros

if TYPE_CHECKING:
    from pathlib import Path

    from attending.lifecycle.desk import Desk
    from attending.types import Instant, Mask

_SHORTEST_PURPOSE = 10
_COLUMNS = ("subject_id", "time", "code", "known_at", "superseded_at", "encounter_id", "site")


@dataclass(frozen=True)
class Recall:
    """Which scores of a model are looked for; one of version, code list and code is given.

    Attributes:
        version: such as `v3`.
        code_list: name and version, such as `chronic@7`: a feature read it.
        code: of an observation that a feature could see, such as `LOINC//2160-0`.
        since, until: when the observation was made; the end is not included.
        site: where it was made; anywhere when empty.
    """

    model: str
    version: str = ""
    code_list: str = ""
    code: str = ""
    since: Instant | None = None
    until: Instant | None = None
    site: str = ""


def recall(desk: Desk, asked: Recall, *, purpose: str) -> pa.Table:
    """Return every score that is asked for, in time order; who asked and why is kept.

    By an observation, every score is listed whose features had it in a window at the prediction
    time, known by then and not yet corrected. Windows of a stay hold the rows of that stay.

    Args:
        desk: where, when and who.
        asked: which scores.
        purpose: one sentence.

    Raises:
        BadInput: no purpose, or not exactly one of version, code list and code.
        NotFound: no such model or version, or what a version read was not kept.
    """
    if len(purpose.strip()) < _SHORTEST_PURPOSE:
        raise BadInput("expected the purpose in a sentence", code="recall.purpose")
    given = [word for word in (asked.version, asked.code_list, asked.code) if word]
    if len(given) != 1:
        raise BadInput(
            "expected one of --version, --code-list and --code",
            code="recall.asked",
            hint="Ask one question at a time; each list is complete by itself.",
        )
    versions = _versions(desk, asked)
    found = desk.home.predictions.listed(asked.model, versions=versions)
    if asked.code:
        found = found.filter(pa.array(_saw(desk, asked, found, versions=versions)))
    patients = len(pc.unique(found["subject_id"]))
    details = {"predictions": found.num_rows, "patients": patients, "purpose": purpose.strip()}
    details |= {"version": asked.version, "code_list": asked.code_list, "code": asked.code}
    with desk.home.database.transaction() as unit:
        subject = Subject(kind="model", digest=asked.model)
        note(desk, unit, action="recall.list", subject=subject, details=details)
    return found


def write(table: pa.Table, out: Path) -> None:
    """Write a list into a new file: CSV by its name, Parquet else.

    Raises:
        BadInput: there is a file already.
        DependencyDown: the folder cannot be written.
    """
    if out.exists():
        raise BadInput("there is a file already", code="recall.out", where=str(out))
    write_once(out, _csv(table) if out.suffix == ".csv" else table_bytes(table), mode=0o600)


def _csv(table: pa.Table) -> bytes:
    """Return the list as CSV; ids are text, for a spreadsheet would round them."""
    written = table.set_column(
        table.column_names.index("prediction_time"),
        "prediction_time",
        pc.strftime(table["prediction_time"], "%Y-%m-%dT%H:%M:%SZ"),
    )
    for name in ("subject_id", "encounter_id"):
        place = written.column_names.index(name)
        written = written.set_column(place, name, written[name].cast(pa.string()))
    return csv_bytes(written.column_names, zip(*written.to_pydict().values(), strict=True))


def _versions(desk: Desk, asked: Recall) -> tuple[str, ...]:
    """Return the versions of the model that the question is about."""
    history = desk.home.deployments.history(asked.model)
    known = tuple(dict.fromkeys(item.version for item in history if item.version))
    if not known:
        raise NotFound("no version of this model is here", code="model.missing")
    if asked.version and asked.version not in known:
        raise NotFound(
            f"there is no version {asked.version} of this model",
            code="version.missing",
            hint=f"There are {', '.join(known)}.",
        )
    if asked.version:
        return (asked.version,)
    if asked.code_list:
        return tuple(one for one in known if asked.code_list in _lists(_spec(desk, asked, one)))
    return known


def _lists(spec: FeaturesSpec) -> set[str]:
    """Return the code lists that a feature reads, with their versions."""
    read = {feature.code_list for feature in spec.features}
    return {f"{one.name}@{one.version}" for one in spec.code_lists if one.name in read}


def _spec(desk: Desk, asked: Recall, version: str) -> FeaturesSpec:
    """Return what features a version has, as they were kept with its run."""
    history = desk.home.deployments.history(asked.model, version=version)
    run = desk.home.catalog.get(history[-1].run, Run)
    digest = run.specs.get("features", "")
    if not digest or digest not in desk.home.artifacts:
        raise NotFound(
            f"the features of {version} were not kept, so the list could not be complete",
            code="recall.features",
            hint="Ask by --version, which needs no features.",
        )
    return FeaturesSpec.model_validate(json.loads(desk.home.artifacts.read(digest)))


def _saw(desk: Desk, asked: Recall, found: pa.Table, *, versions: tuple[str, ...]) -> Mask:
    """Return which scores had an observation that is meant in a window of a feature."""
    marks = np.zeros(found.num_rows, np.bool_)
    of_version = np.asarray(found["version"].to_pylist(), dtype=object)
    for version in versions:
        far = reaches(_spec(desk, asked, version), asked.code)
        mine = np.flatnonzero(of_version == version)
        if far and len(mine):
            rows = _observed(desk, asked, version)
            marks[mine] = reached(found.take(pa.array(mine)), rows, far)
    return marks


def _observed(desk: Desk, asked: Recall, version: str) -> pa.Table:
    """Return the observations that are meant, from the newest snapshot of the version's source."""
    run = desk.home.catalog.get(desk.home.deployments.run_of(asked.model, version), Run)
    source = snapshot_of(desk, run).source_system
    engine = engine_over(desk, held(desk, source=source))
    rows = engine.map(lambda events: events, codes=(asked.code,), columns=_COLUMNS)
    time = rows["time"].cast(pa.int64())
    meant = pc.is_valid(time)
    if asked.since is not None:
        meant = pc.and_(meant, pc.greater_equal(time, to_micros(asked.since)))
    if asked.until is not None:
        meant = pc.and_(meant, pc.less(time, to_micros(asked.until)))
    if asked.site:
        meant = pc.and_(meant, pc.equal(rows["site"].cast(pa.string()), asked.site))
    return rows.filter(pc.fill_null(meant, fill_value=False))
