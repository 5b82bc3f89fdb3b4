"""Scoring, outcomes, monitors and verdict through the store of one small synthetic home."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta

import pyarrow.compute as pc
import pytest

from attending.errors import BadInput, Refused
from attending.lifecycle import gating, scoring, watching
from attending.lifecycle.desk import keep
from attending.lifecycle.projects import open_project
from attending.lifecycle.tables import table_from
from attending.lifecycle.trying_policy import Trial, try_policy
from attending.records.monitoring import Finding, Reference
from tests.lifecycle.ward import FIRST, SECOND, enter, make_ward, sign


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    """A home with a version in silent, a later extract, and the refusal from before it stood."""
    made = make_ward(tmp_path_factory.mktemp("scoring"))
    yield made
    made.desk.home.close()


@pytest.fixture(scope="module")
def scored(ward):
    """The batch of the silent months."""
    return scoring.score(ward.desk, ward.project)


@pytest.fixture(scope="module")
def joined(ward, scored):
    """The join of outcomes, by the later extract."""
    return scoring.join_outcomes(ward.desk, ward.project)


@pytest.fixture(scope="module")
def watched(ward, joined):
    """The report of the monitors and the verdict on it."""
    report = watching.monitor(ward.desk, ward.project)
    return report, watching.give_verdict(ward.desk, ward.project)


def actions(ward, action):
    """Return the ledger entries of one action."""
    return [entry for entry in ward.desk.home.ledger.entries() if entry.action == action]


def stored(ward):
    """Return the stored predictions with their newest outcomes."""
    return ward.desk.home.predictions.table(ward.run.model, version="v1")


def test_scoring_is_refused_where_no_version_is_silent(ward):
    assert ward.refused.code == "release.not_serving"
    assert ward.refused.exit_code == 3
    with pytest.raises(Refused) as refused:
        scoring.served_version(ward.desk, ward.project, version="v9")
    assert refused.value.code == "release.not_serving"
    served = scoring.served_version(ward.desk, ward.project)
    assert (served.version, served.stage, served.at) == ("v1", "silent", SECOND)
    assert served.run == ward.run.digest
    assert served.threshold == 0.25


def test_only_a_signed_plan_is_served_and_an_edit_of_the_file_changes_nothing(ward, tmp_path):
    assert (ward.unsigned.code, ward.unsigned.exit_code) == ("serve.plan", 3)
    place = tmp_path / "project"
    shutil.copytree(ward.project.folder.root, place)
    plan = place / "release.yaml"
    plan.write_text(plan.read_text().replace("value: 0.25", "value: 0.05"))
    edited = open_project(place)
    # The control: the file now says another threshold than the one that was signed.
    assert edited.release.threshold.value == 0.05
    served = scoring.served_version(ward.desk, edited)
    assert served.threshold == 0.25
    assert served.release.digest == served.release_digest == ward.project.release.digest


def test_other_patients_or_another_outcome_are_not_scored(ward, tmp_path):
    place = tmp_path / "project"
    shutil.copytree(ward.project.folder.root, place)
    cohort = place / "cohort.yaml"
    cohort.write_text(cohort.read_text().replace("horizon: 30d", "horizon: 7d"))
    edited = open_project(place)
    assert edited.cohort.digest != ward.project.cohort.digest
    with pytest.raises(Refused) as refused:
        scoring.score(ward.desk, edited)
    assert refused.value.code == "serve.cohort"


def test_a_site_with_rows_enough_has_a_reference_of_its_own(ward):
    held = ward.desk.home.catalog.all(Reference, run=ward.run.digest, scope="site")
    sites = {one.site for one in held}
    assert sites == {"GENERAL"}  # the other sites have too few rows for a picture
    assert sum(one.n for one in held) <= ward.reference.n
    assert all(one.n >= ward.project.monitoring.data.minimum_rows for one in held)


def test_the_batch_holds_who_was_due_since_silent_and_is_stored_once(ward, scored):
    times = scored.table["prediction_time"].to_pylist()
    assert scored.record.n == scored.record.n_live == len(times) > 100
    assert FIRST <= scored.record.period_start <= scored.record.period_end < SECOND
    entry = actions(ward, "score.batch")[0]
    assert entry.subject == scored.digest
    assert entry.details["new"] == scored.record.n
    again = scoring.score(ward.desk, ward.project)
    assert again.digest == scored.digest
    assert actions(ward, "score.batch")[-1].details["new"] == 0
    assert stored(ward).num_rows == scored.record.n
    kept = ward.desk.home.catalog.keys(scored.digest)["table"]
    assert table_from(ward.desk.home.artifacts.read(kept)).num_rows == scored.record.n


def test_a_window_is_scored_alone_and_an_empty_one_is_no_error(ward, scored):
    until = FIRST + timedelta(days=30)
    some = scoring.score(ward.desk, ward.project, since=FIRST, until=until)
    assert 0 < some.record.n < scored.record.n
    assert scoring.score(ward.desk, ward.project, since=FIRST, until=FIRST).record.n == 0
    assert stored(ward).num_rows == scored.record.n


def test_outcomes_are_joined_and_the_immature_are_counted_never_negative(ward, scored, joined):
    assert joined.n == scored.record.n
    assert joined.n_immature > 0 < joined.n_events
    table = stored(ward)
    labels, status = table["label"].to_pylist(), table["status"].to_pylist()
    assert status.count("immature") == joined.n_immature
    assert all(
        label is None for label, why in zip(labels, status, strict=True) if why == "immature"
    )
    assert labels.count(1) == joined.n_events
    happened = table.filter(pc.is_valid(table["label_time"]))
    assert happened.num_rows == joined.n_events
    assert pc.all(pc.greater(happened["label_time"], happened["prediction_time"])).as_py()
    assert scoring.join_outcomes(ward.desk, ward.project).digest == joined.digest
    assert actions(ward, "outcome.join")[0].details["immature"] == joined.n_immature


def test_the_reference_is_of_the_test_rows(ward):
    held = ward.reference
    keys = ward.desk.home.catalog.keys(held.digest)
    assert (keys["version"], keys["run"]) == ("v1", ward.run.digest)
    test = next(part for part in ward.run.split.slices if part.name == "test")
    assert held.n == test.rows
    assert held.base_rate == pytest.approx(test.events / test.rows)
    assert held.auroc == pytest.approx(ward.run.chosen().test.auroc)
    assert held.auroc_low < held.auroc < held.auroc_high
    assert held.threshold == 0.25


def test_monitors_see_what_was_scored_in_the_window_and_all_outcomes(ward, joined, watched):
    report, verdict = watched
    assert (report.n_matured, report.n_events) == (joined.n_matured, joined.n_events)
    # The newest batch was an empty one; the monitors look at every batch of their window.
    assert scoring.score(ward.desk, ward.project, since=FIRST, until=FIRST).record.n == 0
    seen = table_from(ward.desk.home.artifacts.read(report.predictions))
    assert seen.num_rows == report.n_predictions
    assert 0 < seen.num_rows < joined.n
    begin = (SECOND - timedelta(days=28)).replace(tzinfo=None)
    assert min(seen["prediction_time"].to_pylist()) >= begin
    every = scoring.predictions_of(ward.desk, ward.project, "v1")
    assert pc.sum(pc.greater(every["prediction_time"], begin)).as_py() == seen.num_rows
    assert report.n_matured > seen.num_rows  # outcomes are of the whole life
    assert actions(ward, "monitor.run")[0].subject == report.digest
    assert actions(ward, "verdict.record")[0].subject == verdict.digest
    keys = ward.desk.home.catalog.keys(verdict.digest)
    assert (keys["model"], keys["version"]) == (ward.run.model, "v1")
    assert report.digest in verdict.evidence
    assert scoring.served_version(ward.desk, ward.project).verdict == verdict


def test_today_answers_and_an_old_verdict_no_longer_holds(ward, watched):
    verdict, lines = watching.today(ward.desk, ward.project)
    assert verdict == watched[1]
    assert 3 <= len(lines) <= 10
    assert "out of date" not in lines[0]
    late = replace(ward.desk, at=SECOND + timedelta(days=60))
    _, lines = watching.today(late, ward.project)
    assert "out of date" in lines[0]
    assert "fallback" in lines[0]


def test_the_policy_is_tried_on_quiet_years(ward):
    told = []
    report = try_policy(ward.desk, ward.project, Trial(1, 1, each=lambda: told.append(1)))
    assert report.years == 1
    assert report.reference == ward.reference.digest
    assert len(told) == 1 + len(report.shifts)
    assert actions(ward, "monitor.simulate")[-1].subject == report.digest


def test_a_trial_that_was_cut_short_goes_on_and_ends_with_the_same_report(ward, tmp_path):
    whole = try_policy(ward.desk, ward.project, Trial(2, 1))
    kept, told = tmp_path / "years.jsonl", []
    again = Trial(2, 1, resume=kept, each=lambda: told.append(1))
    assert try_policy(ward.desk, ward.project, again).as_bytes() == whole.as_bytes()
    lines = kept.read_text().splitlines(keepends=True)
    assert len(lines) == 1 + len(told) == 1 + 2 + len(whole.shifts)
    # Cut in the middle of a line: that year is lived through again, and those after it.
    kept.write_text("".join(lines[:9]) + lines[9][:5])
    told.clear()
    assert try_policy(ward.desk, ward.project, again).as_bytes() == whole.as_bytes()
    assert len(told) == len(lines) - 9
    assert kept.read_text() == "".join(lines)
    # What is kept is what counts, so years of another policy are refused and left alone.
    for other in ('{"years of": "0"}\n', "a letter to nobody", "\n", "[]\n"):
        kept.write_text(other)
        with pytest.raises(BadInput, match="no years of this policy") as caught:
            try_policy(ward.desk, ward.project, again)
        assert caught.value.code == "simulate.resume"
        assert kept.read_text() == other
    kept.write_bytes(b"\xff\n")
    with pytest.raises(BadInput, match="no years of this policy"):
        try_policy(ward.desk, ward.project, again)


def test_no_gate_to_the_wards_before_the_policy_as_it_stands_was_tried(ward):
    def told(project=ward.project):
        return gating._FACTS["limited"]["policy.tried"](ward.desk, project, ward.run)

    report = try_policy(ward.desk, ward.project, Trial(1, 1))
    assert told().status == "not_shown"
    assert "1 quiet years, 20 are asked for: run `attending monitor simulate" in told().note
    keys = {"model": ward.project.name, "version": "v1"}

    def kept(**changed):
        calm = {"actionable_per_year": 2.0} | changed  # at a ward this small chance asks for more
        keep(ward.desk, report.model_copy(update=calm), action="monitor.simulate", keys=keys)
        return told()

    assert kept(years=20).status == "met"
    assert kept(years=20, reference="f" * 64).status == "not_shown"
    assert kept(years=300, wrong_stops=4, rate=4 / 300).status == "failed"
    blind = tuple(one.model_copy(update={"detected": 0}) for one in report.shifts)
    assert "of 16 large shifts were seen" in kept(years=20, shifts=blind).note
    # A policy that asks for acts all the time sees every shift; how many a home bears it says.
    assert (
        "2.5 findings of a quiet year ask for an act, 2 is"
        in kept(years=20, actionable_per_year=2.5).note
    )
    assert kept(years=20, actionable_per_year=None, acts_per_year=2.5).status == "failed"
    (ward.desk.home.root / "policy").mkdir(exist_ok=True)
    (ward.desk.home.root / "policy" / "notify.yaml").write_text("budget: {act: 3}\n")
    assert kept(years=20, actionable_per_year=2.5).status == "met"
    assert kept(years=21).status == "met"
    other = ward.project.monitoring.model_copy(update={"expires": 1})
    edited = told(replace(ward.project, said={"monitoring": other}))
    assert (edited.status, "has changed" in edited.note) == ("not_shown", True)


def test_a_freeze_is_not_taken_back_before_it_is_signed(ward, watched):
    quiet = watched[0].model_copy(update={"findings": ()})
    found = Finding(
        drift="concept",
        severity="act",
        name="calibration",
        subject="outcomes",
        meaning="Events happen more often than the scores say.",
        action="Look.",
        owner="clinical owner",
    )

    def on_day(day, report):
        desk = replace(ward.desk, at=SECOND + timedelta(days=day))
        keep(
            desk,
            report.model_copy(update={"at": desk.at}),
            action="monitor.run",
            keys={"model": ward.run.model, "version": "v1"},
        )
        return watching.give_verdict(desk, ward.project)

    assert on_day(1, quiet).answer == "continue"  # the control: nothing found, nothing held
    assert on_day(2, quiet.model_copy(update={"findings": (found,)})).answer == "freeze"
    held = on_day(3, quiet)
    assert held.answer == "freeze"
    later = replace(ward.desk, at=SECOND + timedelta(days=3, hours=1))
    sign(later, held.digest, ward.secrets, person="clara", role="clinical_lead")
    assert on_day(4, quiet).answer == "continue"


def test_what_was_scored_in_silent_stands_when_the_stage_changes(ward, scored):
    before = stored(ward).num_rows
    late = replace(ward.desk, at=SECOND + timedelta(days=5))
    plan = ward.project.release.digest
    enter(late, ward.run, stage="limited", plan=plan, previous=ward.entered)
    now = scoring.score(late, ward.project)
    assert now.record.stage == "limited"
    assert now.record.n == 0
    assert actions(ward, "score.batch")[-1].details["made_before"] == scored.record.n
    assert set(stored(ward)["stage"].to_pylist()) == {"silent"}
    assert stored(ward).num_rows == before
    joined = scoring.join_outcomes(late, ward.project)
    assert joined.n == before
