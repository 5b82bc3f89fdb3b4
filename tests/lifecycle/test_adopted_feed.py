"""Files of an adopted model, day by day: whose a record is, what a row is of, and what is said."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from attending.ingest.pseudonyms import Pseudonyms
from attending.ingest.without import rows_of_patients
from attending.lifecycle.desk import open_desk
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


def test_outcomes_of_the_history_are_no_new_scores_and_no_part_of_the_verdict(unit):
    first, last = "2025-12-21T06:00:00Z", AT
    history = timed(1500, first=first, last=last)
    waiting = [dict(row) for row in history[-200:]]
    for row in history[-200:]:
        row["died"] = ""
    unit.history = write(unit.history, history)
    adoption = unit.enter()
    day = timed(40, first=AT, last=LATER, seed=3, name="D")
    unit.run("intake", "scores", str(write(unit.folder / "day.csv", day)), "--by", "omar", at=LATER)
    late = write(unit.folder / "late.csv", [*waiting, *day])
    taken, _ = unit.run(
        "intake", "scores", str(late), "--requests", str(unit.folder / "r.csv"), "--by", "omar",
        at=KNOWN,
    )  # fmt: skip
    assert (taken["rows"], taken["new"], taken["known"], taken["history"]) == (240, 0, 40, 200)
    assert len((unit.folder / "r.csv").read_text().splitlines()) == 41
    report = unit.run("monitor", "run", "--by", "omar", at=KNOWN)[0]["report"]
    assert (report["n_predictions"], report["n_matured"]) == (40, 40)
    said = unit.words("intake", "scores", str(late), "--by", "omar", at=KNOWN)
    assert "240 rows: 0 new scores, 40 known" in said
    assert "200 rows are of the history that the model came in with: they are no new" in said
    # A score of the same patient at another time, before the model came in, is one, and is said.
    other = write(
        unit.folder / "other.csv",
        [row | {"prediction_time": "2026-02-27T00:00:01Z"} for row in waiting[:3]],
    )
    said = unit.words("intake", "scores", str(other), "--by", "omar", at=KNOWN)
    assert "3 new scores (3 of a time before the model came in)" in said
    # Once the history was erased with one of its patients, it is known no more, and it is said.
    with open_desk(unit.home, at=parse_instant(KNOWN), actor="omar") as desk:
        held = desk.home.catalog.keys(adoption["digest"])["history"]
        assert rows_of_patients(desk.home.artifacts.path(held), [subject_of(desk, "P3")]) == 1
        desk.home.artifacts.erase(held)
    said = unit.words("intake", "scores", str(late), "--by", "omar", at=KNOWN)
    assert "200 new scores (200 of a time before the model came in), 40 known" in said


def subject_of(desk, patient):
    return Pseudonyms(desk.home.pseudonym_key()).subject(pa.array([patient]))[0].as_py()


def test_without_times_an_outcome_of_the_history_is_known_by_patient_and_score(unit):
    unit.enter()
    some = write(unit.folder / "some.csv", rows()[:30])
    taken, _ = unit.run("intake", "scores", str(some), "--by", "omar", at=LATER)
    assert (taken["new"], taken["history"]) == (0, 30)
    # Without an outcome it may be a later score of the same patient, which is as high.
    again = write(unit.folder / "again.csv", [{**row, "died": ""} for row in rows()[:30]])
    taken, _ = unit.run("intake", "scores", str(again), "--by", "omar", at=LATER)
    assert (taken["new"], taken["history"]) == (30, 0)


def test_what_is_changed_or_stands_twice_is_said(unit):
    double = rows()
    unit.history = write(unit.history, [*double, double[7]])
    adoption, _ = unit.adopt()
    told = "1 row is of a patient and score that another row has too; all of them are counted."
    assert told in adoption["scores"]["notes"]
    assert f"note: {told}" in unit.words("adopt", str(unit.history), "--by", "dana")
    page = Path(adoption["pages"]["card"]).read_text(encoding="utf-8")
    assert "another row has too" in page
    unit.enter()
    day = timed(45, first=AT, last=LATER, seed=3, name="D")
    file = write(unit.folder / "day.csv", day)
    unit.run("intake", "scores", str(file), "--by", "omar", at=LATER)
    day[4]["died"] = str(1 - int(day[4]["died"]))
    file = write(unit.folder / "mended.csv", day)
    said = unit.words("intake", "scores", str(file), "--by", "omar", at=LATER)
    assert "0 new scores, 45 known" in said and "1 outcome changed" in said
    said = unit.words("intake", "scores", str(file), "--by", "omar", at=LATER)
    assert "changed" not in said
    twice = write(unit.folder / "twice.csv", [*day, day[0]])
    _, said = unit.run("intake", "scores", str(twice), "--by", "omar", at=LATER, code=3)
    assert (
        "1 of 46 rows have a patient and time that another row has too" in said
        and "adopt.twice" in said
    )


def test_nobody_proposes_without_a_name(unit):
    _, said = unit.run("adopt", str(unit.history), code=2)
    assert "adopt.author" in said and "--by" in said
    _, said = unit.run("adopt", str(unit.history), "--by", "nobody", code=2)
    assert "actor.unknown" in said and "no person 'nobody' here" in said
    assert unit.adopt()[0]["authors"] == ["dana"]


def test_the_audit_names_the_files_that_were_taken_and_whose_a_figure_is(unit):
    unit.enter()
    digest = hashlib.sha256(unit.history.read_bytes()).hexdigest()
    day = write(unit.folder / "day.csv", timed(45, first=AT, last=LATER, seed=3, name="D"))
    unit.run("intake", "scores", str(day), "--by", "omar", at=LATER)
    unit.history = write(unit.folder / "other.csv", rows(1400, seed=11))
    unit.adopt(at=LATER)  # nobody signs it
    found, _ = unit.run("audit", "ask", "icu-mortality", project=False, at=LATER)
    adopted, proposed, since = found["data_pulled"]
    assert adopted == f"history.csv, 1,500 rows, SHA-256 {digest}, adopted"
    assert proposed.startswith("other.csv, 1,400 rows") and "proposed, not signed" in proposed
    assert since.startswith("files of scores and outcomes since, 1 time, the newest SHA-256 ")
    assert hashlib.sha256(day.read_bytes()).hexdigest() in since
    assert len(set(found["metrics"])) == len(found["metrics"]) == 2
    assert found["metrics"][0].endswith("; adopted")
    assert found["metrics"][1].endswith("; proposed, not signed")


def test_before_the_first_score_the_watch_says_how_scores_come(unit):
    unit.enter()
    _, said = unit.run("monitor", "run", "--by", "omar", code=2)
    assert "nobody was scored yet" in said
    assert "Take today's scores: `attending intake scores FILE`." in said
    assert "attending score`" not in said
