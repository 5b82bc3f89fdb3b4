"""What waits for whom: the next gate's open conditions, for those roles alone."""

from __future__ import annotations

from attending.lifecycle.desk import create_home, keep
from attending.lifecycle.owing import owed_by
from attending.records.governance import Condition, GateDecision
from attending.records.ledger import Subject
from attending.records.release import Deployment
from attending.times import parse_instant

AT = parse_instant("2026-03-02T06:00:00Z")


def decision(to, before):
    open_one = Condition(name="card", status="missing", whose="clinical_lead", note="no card")
    met = Condition(name="leaks", status="met", whose="data_scientist")
    return GateDecision(
        gate=f"to {to}", model="sepsis", run="a" * 64, from_stage=before, to_stage=to, as_of=AT,
        documents={}, conditions=(open_one, met), allowed=False,
    )  # fmt: skip


def test_an_open_condition_of_the_next_gate_waits_for_its_role_and_for_nobody_else(tmp_path):
    desk = create_home(tmp_path / "home", at=AT, seed=1)
    stands = Deployment(model="sepsis", version="v1", stage="trained", run="a" * 64, artifacts={},
                        act="advance", effective_at=AT, by="omar")  # fmt: skip
    with desk.home.database.transaction() as unit:
        digest = desk.home.deployments.enter(unit, stands)
        desk.home.ledger.append(
            unit, at=AT, actor="omar", action="release.advance",
            subject=Subject(kind="deployment", digest=digest),
        )  # fmt: skip
    for to, before in (("validated", "trained"), ("silent", "validated")):
        keep(desk, decision(to, before), action="gate.decide", keys={"model": "sepsis"})
    assert [one.says for one in owed_by(desk, "clara", ("clinical_lead",))] == [
        "to validated: card: no card"
    ]
    assert owed_by(desk, "dana", ("data_scientist",)) == ()
    desk.home.close()
