"""A breached rollback criterion takes the version back, opens an incident, and says why."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from attending.errors import Refused
from attending.lifecycle import answering as module
from attending.lifecycle import incidents, rolling_back, scoring, watching
from attending.lifecycle.answering import answering
from attending.lifecycle.cohorts import project_snapshot
from attending.lifecycle.engines import engine_over
from attending.lifecycle.plans import signed_plan
from attending.release.criteria import MEASURES
from attending.specs.release import RollbackCriterion
from tests.lifecycle.test_answering import as_asked, later
from tests.lifecycle.ward import SECOND, enter, make_ward


@pytest.fixture
def ward(tmp_path):
    made = make_ward(tmp_path)
    scoring.score(made.desk, made.project)
    yield made
    made.desk.home.close()


@pytest.mark.requirement("G10")
@pytest.mark.requirement("G5")
def test_slow_answers_and_too_many_alerts_take_the_version_back_at_once(ward, monkeypatch):
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.0)
    desk, plan = replace(ward.desk, at=SECOND), ward.project.release.digest
    limited = enter(desk, ward.run, stage="limited", plan=plan, previous=ward.entered)
    enter(desk, ward.run, stage="live", plan=plan, previous=limited)
    scoring.join_outcomes(desk, ward.project)
    watching.monitor(desk, ward.project)
    watching.give_verdict(desk, ward.project)
    quiet = rolling_back.enforce(desk, ward.project)
    assert not quiet.breached  # the control: what was signed holds, and nothing is done
    assert quiet.stands == ()
    service = answering(ward.desk.home.root, [ward.project], clock=lambda: SECOND)
    rows = scoring.predictions_of(desk, ward.project, "v1").to_pylist()
    asked = _question(ward, desk, rows[0])
    assert service.answer(later(asked, 3), by="omar").content["kind"] == "live"
    monkeypatch.setattr(rolling_back, "signed_plan", _signed(above=0.01))
    taken = rolling_back.enforce(desk, ward.project)
    assert [one.measure for one in taken.breached] == ["alert_rate"]
    assert [(one.stage, one.by) for one in taken.stands] == [("validated", "system")]
    assert "alert_rate" in taken.stands[0].reason
    opened = incidents.standing_of(desk, taken.incident)
    assert opened.incident.opened_by == "system"
    assert opened.open_tasks()[0].step == "notify"
    entry = [e for e in ward.desk.home.ledger.entries() if e.action == "release.rollback"][-1]
    assert entry.details["by"] == "system"
    # The fallback of the signed plan answers at once, and the score of before is not told again.
    fallen = service.answer(later(asked, 4), by="omar").content
    assert (fallen["kind"], fallen["scored_by"][:4]) == ("fallback", "LACE")
    assert "deployment:fallback" in fallen["reasons"]
    with pytest.raises(Refused) as gone:
        service.answer(later(asked, 3), by="omar")
    assert gone.value.code == "prediction.no_longer"
    service.home.close()


def _question(ward, desk, row):
    engine = engine_over(desk, project_snapshot(desk, ward.project))
    return as_asked(engine, row, ward.run.model)


def _signed(*, above):
    """Return the signed plan with one criterion of long reach and a tight bound."""

    def found(desk, stands):
        plan = signed_plan(desk, stands)
        tight = RollbackCriterion(measure="alert_rate", above=above, over="400d")
        return replace(plan, spec=plan.spec.model_copy(update={"rollback_criteria": (tight,)}))

    return found


@pytest.mark.requirement("G10")
def test_a_week_of_predictions_is_judged_without_reading_one_of_them(ward, monkeypatch):
    desk = replace(ward.desk, at=SECOND)
    scoring.score(desk, ward.project)
    service = answering(desk.home.root, [ward.project], clock=lambda: SECOND)
    rows = scoring.predictions_of(desk, ward.project, "v1").to_pylist()
    service.answer(later(_question(ward, desk, rows[0]), 3), by="omar")  # beside those of batches
    service.home.close()
    since = SECOND - timedelta(days=400)
    said = list(scoring.contents_of(desk, ward.run.model, since=since, until=SECOND))
    flagged = sum(bool(one["flagged"]) for one in said)
    scored = sum(one["score"] is not None for one in said)
    assert 0 < flagged < scored

    def plan(desk, stands):
        found = signed_plan(desk, stands)
        asked = [RollbackCriterion(measure=one, above=0.99, over="400d") for one in MEASURES]
        return replace(
            found, spec=found.spec.model_copy(update={"rollback_criteria": tuple(asked)})
        )

    def unread(*_args, **_kwargs):
        raise AssertionError("a record was read")

    monkeypatch.setattr(rolling_back, "signed_plan", plan)
    monkeypatch.setattr(type(desk.home.predictions), "contents", unread)
    found = {one.measure: one for one in rolling_back.criteria(desk, ward.project)}
    assert found.keys() == MEASURES.keys()
    rates = {"alert_rate": (flagged, scored), "unscored_rate": (len(said) - scored, len(said))}
    for measure, (part, whole) in rates.items():
        assert (found[measure].value, found[measure].n) == (part / whole, whole)


@pytest.mark.requirement("G5")
def test_latency_of_every_request_stands_in_the_ledger_and_is_judged(ward, monkeypatch):
    service = answering(ward.desk.home.root, [ward.project], clock=lambda: SECOND)
    rows = scoring.predictions_of(ward.desk, ward.project, "v1").to_pylist()
    asked = _question(ward, ward.desk, rows[0])
    for seconds in range(1, 120):
        service.answer(later(asked, seconds), by="omar")
    service.home.close()
    entries = [e for e in ward.desk.home.ledger.entries() if e.action == "score.one"]
    assert len(entries) == 119
    assert all(entry.details["latency_us"] > 0 for entry in entries)
    text = "\n".join(service.seen.lines())
    assert 'outcome="live"} 119' in text
    assert 'le="+Inf"} 119' in text
    slow = RollbackCriterion(measure="latency_p99_seconds", above=0.000001, over="7d")
    fine = RollbackCriterion(measure="latency_p99_seconds", above=1e9, over="7d")
    for criterion, state in ((slow, "breached"), (fine, "holds")):

        def plan(desk, stands, criterion=criterion):
            found = signed_plan(desk, stands)
            spec = found.spec.model_copy(update={"rollback_criteria": (criterion,)})
            return replace(found, spec=spec)

        with monkeypatch.context() as patch:
            patch.setattr(rolling_back, "signed_plan", plan)
            later_desk = replace(ward.desk, at=SECOND + timedelta(seconds=1))
            (judged,) = rolling_back.criteria(later_desk, ward.project)
        assert judged.state == state
