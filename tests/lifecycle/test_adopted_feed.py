"""Files of an adopted model, day by day: whose a record is, what a row is of, and what is said."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from attending.records.prediction import OutcomeJoin
from attending.times import format_instant, parse_instant
from tests.lifecycle.outside import AT, Unit, rows, write

LATER, KNOWN, NEXT = "2026-03-02T06:00:00Z", "2026-03-03T06:00:00Z", "2026-03-04T06:00:00Z"


@pytest.fixture
def unit(tmp_path):
    return Unit(tmp_path)


def test_a_second_model_on_the_same_file_leaves_the_outcomes_of_the_first(unit):
    unit.enter()
    day = [{**row, "prediction_time": "2026-03-02T05:00:00Z"} for row in rows(260, seed=9)]
    silent = [{k: v for k, v in row.items() if k != "died"} for row in day]
    file = write(unit.folder / "day.csv", silent)
    unit.run("intake", "scores", str(file), "--by", "omar", at=LATER)
    known = write(unit.folder / "outcomes.csv", day)
    unit.run("intake", "scores", str(known), "--by", "omar", at=KNOWN)
    before, _ = unit.run("monitor", "run", "--by", "omar", at=KNOWN)
    assert before["report"]["n_matured"] == 260 and before["report"]["n_events"] > 0

    second = unit.beside("icu-challenger")
    second.enter(at=KNOWN)
    second.run("intake", "scores", str(file), "--by", "omar", at=NEXT)
    theirs, _ = second.run("monitor", "run", "--by", "omar", at=NEXT)
    assert theirs["report"]["n_matured"] == 0
    after, _ = unit.run("monitor", "run", "--by", "omar", at=NEXT)
    for name in ("n_matured", "n_events", "outcomes"):
        assert after["report"][name] == before["report"][name]
    assert theirs["report"]["outcomes"] != after["report"]["outcomes"]


def test_an_account_of_outcomes_that_names_no_model_keeps_its_digest():
    counts = {"n": 3, "n_matured": 2, "n_events": 1, "n_immature": 1, "n_censored": 0}
    of_old = {"predictions": "a" * 64, "outcomes": "b" * 64, "n_competing": 0, "n_lost": 0}
    old = OutcomeJoin(**counts, **of_old)
    assert old.digest == "9d0b9c009c35a0abb50d156c6a1f8d6f88afd4dbd9611535ca51db3522d6436f"
    assert OutcomeJoin(**counts, **of_old, model="icu", version="v1").digest != old.digest


def timed(n, *, first, last, seed=8, name="P"):
    """Return rows that were scored evenly between two instants."""
    start, end = parse_instant(first), parse_instant(last)
    step = (end - start) / n
    return [
        {**row, "patient_id": f"{name}{at}", "prediction_time": format_instant(start + step * at)}
        for at, row in enumerate(rows(n, seed=seed))
    ]


def volume_of(found):
    (measure,) = [one for one in found["report"]["measures"] if one["name"] == "volume_ratio"]
    told = [one["meaning"] for one in found["report"]["findings"] if one["name"] == "volume"]
    return measure, told


def test_predictions_are_counted_from_the_instant_at_which_the_model_came_in(unit):
    unit.history = write(unit.history, timed(1500, first="2025-12-21T06:00:00Z", last=AT))
    unit.enter()  # 150 a week are usual

    def day(number, count, *, first, last):
        at = format_instant(parse_instant(AT) + timedelta(days=number))
        some = timed(count, first=first, last=last, seed=number, name=f"D{number}-")
        file = write(unit.folder / f"{number}-{count}.csv", some)
        unit.run("intake", "scores", str(file), "--by", "omar", at=at)
        return volume_of(unit.run("monitor", "run", "--by", "omar", at=at)[0])

    measure, told = day(1, 20, first="2026-03-01T06:00:00Z", last="2026-03-02T06:00:00Z")
    assert not told and measure["state"] == "not_shown" and "2026-03-01" in measure["why"]
    measure, told = day(3, 40, first="2026-03-02T06:00:00Z", last="2026-03-04T06:00:00Z")
    assert not told and measure["n"] == 60 and 0.8 < measure["value"] < 1.1
    # Nothing comes any more, and many older scores do: the finding stands.
    measure, told = day(6, 100, first="2026-02-24T06:00:00Z", last="2026-03-01T05:00:00Z")
    assert measure["n"] == 60 and measure["value"] < 0.5
    said = "60 predictions in 6.0 days where 129 are usual, counted since 2026-03-01, when it"
    assert told == [f"{said} came in; patients may go unscored."]
    # A week after, the seven days are whole.
    measure, told = day(9, 5, first="2026-03-09T06:00:00Z", last="2026-03-10T06:00:00Z")
    assert measure["n"] == 24 and "in seven days where 150 are usual" in told[0]


def test_the_plan_of_another_model_is_refused_before_anybody_signs(unit):
    unit.spec("adopt", lambda text: text.replace("icu-mortality", "icu-three"))
    _, said = unit.adopt(code=3)
    assert "release.yaml is of the model 'icu-mortality', adopt.yaml of 'icu-three'" in said
    assert "release.other_model" in said and "the same name" in said
    # An act that was proposed before is not entered with it either.
    unit.spec("adopt", lambda text: text.replace("icu-three", "icu-mortality"))
    unit.adopt()
    unit.spec("release", lambda text: text.replace("icu-mortality", "icu-three"))
    _, said = unit.run("release", "enter", "--by", "omar", code=3)
    assert "release.other_model" in said


def test_scores_without_an_outcome_yet_are_a_limitation_on_report_and_card(unit):
    unit.history = write(
        unit.history,
        [{**row, "died": ""} if at % 8 == 0 else row for at, row in enumerate(rows())],
    )
    adoption, _ = unit.adopt()
    for name in ("report", "card"):
        page = " ".join(Path(adoption["pages"][name]).read_text(encoding="utf-8").split())
        assert "188 rows without an outcome yet were left out" in page, name
        assert "may be too good" in page
        assert "Leave out all scores younger than the outcome takes" in page
