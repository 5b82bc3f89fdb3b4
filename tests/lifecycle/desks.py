"""A small home with the papers of one model, for whoever asks about it afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

from attending.lifecycle import signing, simulating
from attending.lifecycle.desk import create_home, keep
from attending.lifecycle.papers import keep_page
from attending.records.incident import Incident, IncidentStep, Task
from attending.records.ledger import Subject
from attending.records.release import Deployment, Retirement
from attending.records.snapshot import IngestAccount, Quarantine, Snapshot
from attending.times import parse_instant
from tests.documents.example_records import report, run

AT = parse_instant("2026-03-02T06:00:00Z")
MODEL = "readmission-30d"


def papers(root):
    """Return a home in which a model was fitted, reported, signed, shown wrong, and retired."""
    desk = create_home(root, at=AT, seed=7)
    secrets = simulating.add_persons(desk)
    dana = replace(desk, actor="dana")
    pulled = keep(desk, _snapshot(), action="snapshot.ingest", keys={"source": "ward"})
    fitted = keep(dana, run(snapshot=pulled), action="run.fit", keys={"model": MODEL})
    told = report().model_copy(update={"model": report().model.model_copy(update={"run": fitted})})
    reported = keep(dana, told, action="validation.report", keys={"model": MODEL, "run": fitted})
    page = keep_page(
        dana, b"<p>Calibrated by Platt; myocarditis was rare.</p>", of=reported, title="Report"
    )
    approval = signing.sign(
        replace(desk, actor="clara"),
        reported,
        person="clara",
        passphrase=secrets["clara"],
        role="clinical_lead",
        statement="Fit for silent use on the cardiac ward.",
    )
    stands = None
    for act, stage in (("advance", "silent"), ("retire", "retired")):
        stands = _enter(desk, fitted, act=act, stage=stage, previous=stands)
    _incident(desk)
    keep(dana, run(model="other", seed=9), action="run.fit", keys={"model": "other"})
    return SimpleNamespace(
        desk=desk, run=fitted, report=reported, page=page, approval=approval, secrets=secrets
    )


def _snapshot():
    return Snapshot(
        kind_of_source="hospital", source_system="ward", source_version="1", time_zone="UTC",
        shards=(), rows=0, subjects=0, watermark=AT, account=IngestAccount(tables=()),
        quarantine=Quarantine(name="quarantine.parquet", digest="0" * 64, rows=0),
    )  # fmt: skip


def _enter(desk, fitted, *, act, stage, previous):
    stands = Deployment(
        model=MODEL, version="v1", stage=stage, run=fitted, artifacts={}, previous=previous,
        release_spec=None, act=act, effective_at=AT, by="clara", reason="Replaced by v2.",
    )  # fmt: skip
    with desk.home.database.transaction() as unit:
        digest = desk.home.deployments.enter(unit, stands)
        subject = Subject(kind="deployment", digest=digest)
        desk.home.ledger.append(
            unit, at=AT, actor="clara", action=f"release.{act}", subject=subject
        )
    if act == "retire":
        gone = Retirement(
            model=MODEL, version="v1", deployment=digest, retired_at=AT, by="clara",
            reason="Replaced by v2.", owners={"clinical": "clara"},
        )  # fmt: skip
        keep(desk, gone, action="release.retirement", keys={"model": MODEL, "version": "v1"})
    return digest


def _incident(desk):
    due = AT + timedelta(hours=4)
    happened = Incident(
        model=MODEL, version="v1", type="stale_feature", harm="medium",
        title="Creatinine was a day old", since=AT, opened_at=AT, opened_by="omar",
        tasks=(Task(step="notify", owners=("omar",), what="Tell the wards.", due=due),),
    )  # fmt: skip
    digest = keep(desk, happened, action="incident.open", keys={"model": MODEL, "version": "v1"})
    step = IncidentStep(
        incident=digest, step="notify", says="The wards were told by telephone.", done_at=AT,
        done_by="omar", late=False,
    )  # fmt: skip
    keep(desk, step, action="incident.step", keys={"incident": digest, "step": "notify"})
