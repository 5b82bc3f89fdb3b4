"""The time that readers have to act decides how scores reach them, and a gate holds to it."""

from __future__ import annotations

import pytest

from attending.lifecycle.desk import note, open_desk
from attending.records.ledger import Subject
from attending.records.release import Deployment
from attending.records.run import Run
from attending.times import parse_instant
from tests.faults.conftest import AT, Ward

PEOPLE = {
    "dana": "data_scientist", "erik": "data_engineer", "clara": "clinical_lead",
    "caro": "compliance_officer", "omar": "operator",
}  # fmt: skip


@pytest.fixture
def fitted(tmp_path):
    """A ward with a model that stands at `validated`, and all persons of its release plan."""
    ward = Ward(tmp_path)
    folder, _ = ward.write()
    ward.ingest(folder)
    ward.study()
    ward.asked("train", "fit")
    secret = tmp_path / "secret"
    secret.write_text("a sentence for everyone to remember\n")
    secret.chmod(0o600)
    for person, role in PEOPLE.items():
        ward.asked(
            "user", "add", person, "--name", person, "--role", role,
            "--passphrase-file", str(secret),
        )  # fmt: skip
    stand_at_validated(ward)
    return ward


def stand_at_validated(ward):
    """Let the run stand where the readiness review begins; the gates before it are not asked."""
    at = parse_instant(AT)
    with open_desk(ward.home, at=at) as desk, desk.home.database.transaction() as unit:
        run = desk.home.catalog.latest(Run)
        version = desk.home.deployments.give_version(unit, model=run.model, run=run.digest)
        step = Deployment(
            model=run.model, version=version, stage="validated", run=run.digest, artifacts={},
            act="advance", effective_at=at, by="system",
        )  # fmt: skip
        desk.home.deployments.enter(unit, step)
        note(desk, unit, action="release.advance", subject=Subject.of(step), details={})


def plan(ward, **said):
    """Change the release plan, and return what the readiness review finds of it."""
    pattern = said.pop("pattern", None)
    ward.specs("release", lambda spec: spec.update(said))
    if pattern:
        ward.specs("release", lambda spec: spec["delivery"][0].update(pattern=pattern))
    decision = ward.asked("gate", "check", "silent", code=3).json
    return next(one for one in decision["conditions"] if one["name"] == "release.complete")


@pytest.mark.requirement("G3")
def test_an_action_window_that_a_batch_would_miss_closes_the_gate_until_scores_come_on_demand(
    fitted,
):
    assert plan(fitted, action_window="24h", pattern="batch")["status"] == "met"
    assert plan(fitted, action_window="12h")["status"] == "met"
    late = plan(fitted, action_window="2h")
    assert late["status"] == "failed"
    assert "pattern 'batch' is too slow for an action window of 2h" in str(late)
    assert plan(fitted, pattern="on_demand")["status"] == "met"
    # A window without a unit, or a pattern that nobody knows, is refused.
    for change in ({"action_window": 2}, {"action_window": "soon"}):
        fitted.specs("release", lambda spec, change=change: spec.update(change))
        refused = fitted.asked("gate", "check", "silent", code=2)
        assert "action_window" in refused.err
    fitted.specs("release", lambda spec: spec.update(action_window="2h"))
    fitted.specs("release", lambda spec: spec["delivery"][0].update(pattern="sometimes"))
    assert "pattern" in fitted.asked("gate", "check", "silent", code=2).err
