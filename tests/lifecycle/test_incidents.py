"""An incident from its opening to its signed closure: owners, clocks, counts, letters."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from attending.cli.app import app
from attending.errors import BadInput, Denied, NotFound, Refused
from attending.lifecycle import incidents, scoring
from attending.lifecycle.gating import check
from attending.records.incident import INCIDENT_TYPES, READERS, STEPS
from attending.times import format_instant
from tests.lifecycle.ward import FIRST, SECOND, enter, make_ward, sign

SAYS = {
    "root_cause": "The interface wrote mmol/L under the word mg/dL after its update.",
    "clinical_impact": "Nobody was called too late; nine calls were made for no reason.",
    "threshold": "Another threshold would not have helped: ranks were wrong as well.",
    "prevention": "The contract now refuses a creatinine whose median moved tenfold.",
}


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    made = make_ward(tmp_path_factory.mktemp("incidents"))
    scoring.score(made.desk, made.project)
    yield made
    made.desk.home.close()


def by(ward, person, hours=0.0):
    """Return the desk of one person, some hours later."""
    return replace(ward.desk, actor=person, at=SECOND + timedelta(hours=hours))


def opened(ward, hours=0.0, **more):
    said = {"type": "wrong_prediction", "harm": "high", "title": "creatinine in another unit"}
    return incidents.open_incident(by(ward, "omar", hours), ward.project, **(said | more))


def worked(ward, found, hours=0.5):
    """Do every step by its owner, in time."""
    for task in found.incident.tasks:
        desk = by(ward, task.owners[0], hours)
        incidents.do_step(desk, found.digest, step=task.step, says=f"{task.step} was done")


@pytest.mark.requirement("K1")
def test_the_plan_says_who_is_told_who_contains_and_by_when(ward):
    found = opened(ward)
    plan = ward.project.release
    by_step = {task.step: task for task in found.incident.tasks}
    assert tuple(by_step) == STEPS
    assert all(who in by_step["notify"].what for who in plan.playbook.notify)
    assert by_step["contain"].what == plan.playbook.contain
    assert by_step["notify"].due == SECOND + timedelta(hours=1)
    assert found.overdue(SECOND + timedelta(minutes=59)) == ()
    assert found.overdue(SECOND + timedelta(hours=3)) == ("notify", "contain")
    stranger = next(who for who in ("dana", "erik", "caro") if who not in by_step["notify"].owners)
    with pytest.raises(Denied):
        incidents.do_step(by(ward, stranger), found.digest, step="notify", says="told them")
    with pytest.raises(Refused) as early:
        owner = by_step["contain"].owners[0]
        incidents.do_step(by(ward, owner), found.digest, step="contain", says="disabled")
    assert early.value.code == "incident.order"
    late = incidents.do_step(
        by(ward, by_step["notify"].owners[0], 2), found.digest, step="notify", says="told all"
    )
    assert late.done["notify"].late


@pytest.mark.requirement("K2")
@pytest.mark.parametrize("kind", INCIDENT_TYPES)
def test_an_incident_is_of_a_type_and_an_unknown_one_is_refused(ward, kind):
    found = opened(ward, 1, type=kind, harm="low", title=f"a {kind}")
    assert incidents.standing_of(ward.desk, found.digest[:12]).incident.type == kind
    entry = [e for e in ward.desk.home.ledger.entries() if e.action == "incident.open"][-1]
    assert dict(entry.details)["type"] == kind
    done = cli(ward, "incident", "open", "bad luck", "--title", "x", "--harm", "low")
    assert done.exit_code != 0
    with pytest.raises(BadInput):
        opened(ward, since=SECOND + timedelta(days=1))
    with pytest.raises(NotFound):
        incidents.standing_of(ward.desk, ward.run.digest)


def cli(ward, *args):
    """Run one verb in the ward's home."""
    place = ["--home", str(ward.desk.home.root), "--at", format_instant(SECOND)]
    return CliRunner().invoke(app, [*args, *place])


@pytest.mark.requirement("K3")
def test_a_review_needs_the_work_done_and_two_others_to_close_it(ward):
    found = opened(ward, 2)
    dana = by(ward, "dana", 3)
    with pytest.raises(Refused) as undone:
        incidents.review(dana, found.digest, **SAYS)
    assert undone.value.code == "incident.not_worked"
    worked(ward, found, 3)
    with pytest.raises(Refused):
        incidents.review(dana, found.digest, **SAYS)  # nobody was counted
    counted = incidents.assess(by(ward, "clara", 3), found.digest, since=FIRST, until=SECOND)
    assert counted.predictions == ward.desk.home.predictions.count(ward.run.model)
    assert 0 < counted.patients <= counted.predictions
    assert counted.told == 0  # all of them were silent
    assert all(one.predictions is None or one.predictions >= 11 for one in counted.sites)
    for empty in ("TBD", "n/a", "  ", "none."):
        with pytest.raises(BadInput):
            incidents.review(dana, found.digest, **(SAYS | {"clinical_impact": empty}))
    review = incidents.review(dana, found.digest, **SAYS)
    assert incidents.standing_of(dana, found.digest).state == "in review"
    with pytest.raises(Denied):
        sign(dana, review.digest, ward.secrets, person="dana", role="data_scientist")
    sign(dana, review.digest, ward.secrets, person="clara", role="clinical_lead")
    assert not incidents.standing_of(dana, found.digest).closed
    sign(dana, review.digest, ward.secrets, person="omar", role="operator")
    assert incidents.standing_of(dana, found.digest).state == "closed"
    with pytest.raises(Refused):
        incidents.review(dana, found.digest, **SAYS)


def test_the_list_of_those_touched_is_read_with_a_purpose_and_that_is_kept(ward, tmp_path):
    found = opened(ward, 4)
    with pytest.raises(NotFound):
        incidents.touched(ward.desk, found.digest, purpose="call the patients")
    counted = incidents.assess(by(ward, "clara", 4), found.digest, since=FIRST, until=SECOND)
    for short in ("", "look"):
        with pytest.raises(BadInput):
            incidents.touched(by(ward, "clara", 4), found.digest, purpose=short)
    out = tmp_path / "touched.parquet"
    clara = by(ward, "clara", 4)
    rows = incidents.write_touched(clara, found.digest, purpose="call the patients", out=out)
    table = pq.read_table(out)
    assert table.num_rows == rows == counted.predictions
    assert len(set(table["subject_id"].to_pylist())) == counted.patients
    entry = [e for e in ward.desk.home.ledger.entries() if e.action == "incident.read"][-1]
    assert (entry.actor, dict(entry.details)["purpose"]) == ("clara", "call the patients")
    with pytest.raises(BadInput):
        incidents.write_touched(clara, found.digest, purpose="call the patients", out=out)
    with pytest.raises(BadInput):
        incidents.assess(clara, found.digest, since=SECOND, until=FIRST)


@pytest.mark.requirement("K4")
def test_letters_are_filled_from_records_and_say_what_nobody_has_written_yet(ward):
    found = opened(ward, 5, drill=True)
    for reader in READERS:
        text, whole = incidents.letter_of(ward.desk, found.digest, reader=reader)
        assert not whole  # no review yet
        assert text.startswith("THIS IS A DRILL")
    worked(ward, found, 5)
    counted = incidents.assess(by(ward, "clara", 5), found.digest, since=FIRST, until=SECOND)
    review = incidents.review(by(ward, "dana", 5), found.digest, **SAYS)
    letters = {
        reader: incidents.letter_of(ward.desk, found.digest, reader=reader) for reader in READERS
    }
    assert all(whole for _, whole in letters.values())
    told = {reader: text for reader, (text, _) in letters.items()}
    assert f"{counted.patients} patients" in told["clinicians"]
    assert ward.project.release.fallback.downtime_pathway in told["clinicians"]
    assert review.threshold in told["leadership"]  # the threshold is looked at again
    assert "It does not decide" in told["patients"]
    assert "mg/dL" not in told["patients"]


def test_the_verbs_tell_what_is_open_and_overdue(ward):
    found = opened(ward, 6, title="seen by the verbs")
    late = ["--at", format_instant(SECOND + timedelta(days=9))]
    home = ["--home", str(ward.desk.home.root)]
    runner = CliRunner()
    said = json.loads(runner.invoke(app, ["incident", "ls", "--json", *home, *late]).stdout)
    mine = next(one for one in said if one["digest"] == found.digest)
    assert mine["overdue"] == ["notify", "contain", "assess", "communicate", "review"]
    shown = runner.invoke(app, ["incident", "show", found.digest[:12], *home, *late]).stdout
    assert "OVERDUE" in shown
    assert "seen by the verbs" in shown
    letter = runner.invoke(
        app, ["incident", "letter", found.digest[:12], "--to", "patients", *home, *late]
    ).stdout
    assert "ask your care team" in letter.replace("\n", " ")


def test_an_open_incident_holds_back_the_last_gate(ward):
    plan = ward.project.release.digest
    enter(by(ward, "omar", 7), ward.run, stage="limited", plan=plan, previous=ward.entered)
    fact = {one.name: one for one in check(ward.desk, ward.project, "live").conditions}
    assert fact["incidents.closed"].status == "failed"
    assert "open" in fact["incidents.closed"].note
