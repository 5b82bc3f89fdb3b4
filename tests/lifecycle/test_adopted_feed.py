"""Files of an adopted model, day by day: whose a record is, what a row is of, and what is said."""

from __future__ import annotations

import pytest

from attending.records.prediction import OutcomeJoin
from tests.lifecycle.outside import Unit, rows, write

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
