"""What a new user is told when a file cannot be adopted: what is so, and what to write where."""

from __future__ import annotations

import gzip
import pickle
from pathlib import Path

import pytest

from attending.lifecycle.adopted_wording import of_adoption
from tests.lifecycle.outside import Unit, model_bytes, rows, write

LATER = "2026-03-02T06:00:00Z"
ALONE = ("patient_id", "risk", "died")


@pytest.fixture
def unit(tmp_path):
    return Unit(tmp_path)


def _alone(n=1500):
    """Return scores and outcomes without inputs."""
    return [{name: row[name] for name in ALONE} for row in rows(n)]


def _history(unit, found):
    write(unit.history, found)
    return unit


def test_a_score_that_is_missing_is_told_as_the_page_says(unit):
    found = _alone()
    found[3]["risk"] = ""
    _, said = _history(unit, found).adopt(code=2)
    assert "adopt.no_score" in said and "1 of 1500 rows have no score" in said
    assert "--drop-missing" not in said


def test_old_scores_that_were_rounded_are_known_as_such(unit):
    found = [{**row, "risk": f"{float(row['risk']):.3f}"} for row in rows()]
    _, said = _history(unit, found).adopt("--model", str(unit.model), code=3)
    assert "adopt.parity" in said and "they agree to 3 decimals" in said
    assert "Export them in full" in said and "units" not in said
    # Other scores with three decimals are not rounded ones of this model.
    found = [{**row, "risk": f"{float(row['risk']) * 0.9:.3f}"} for row in rows()]
    _, said = _history(unit, found).adopt("--model", str(unit.model), code=3)
    assert "decimals" not in said and "same units" in said


def test_all_inputs_that_are_missing_are_counted_and_none_is_guessed(unit):
    lacks = ("age", "visits")
    kept = [{k: v for k, v in row.items() if k not in lacks} for row in rows()]
    _, said = _history(unit, kept).adopt("--model", str(unit.model), code=2)
    assert "adopt.input" in said and "2 of 5 inputs of the model are missing: age, visits" in said
    assert "Did you mean" not in said
    _, said = _history(unit, _alone()).adopt("--model", str(unit.model), code=2)
    assert "5 of 5 inputs of the model are missing" in said


def test_an_outcome_alone_is_told_to_come_with_its_score(unit):
    write(unit.history, _alone())
    unit.enter()
    bare = [{"patient_id": row["patient_id"], "died": row["died"]} for row in rows(60)]
    file = write(unit.folder / "outcomes.csv", bare)
    _, said = unit.run("intake", "scores", str(file), "--by", "omar", at=LATER, code=2)
    assert "adopt.no_score" in said and "An outcome is taken with its score" in said


def test_times_without_a_zone_are_said_to_be_utc(unit):
    day = [{**row, "scored_at": "2026-02-28 10:00"} for row in _alone()]
    write(unit.history, day)
    adoption = unit.enter()
    read = {one["taken_as"]: one["reading"] for one in adoption["scores"]["columns"]}
    assert read["time"] == "no zone is named: read as UTC"
    soon = [
        {**row, "scored_at": "2026-03-02 08:00", "patient_id": f"D{row['patient_id']}", "died": ""}
        for row in _alone(60)
    ]
    file = write(unit.folder / "day.csv", soon)
    words = ("intake", "scores", str(file), "--by", "omar")
    _, said = unit.run(*words, at=LATER, code=2)
    assert "adopt.time" in said and "read as UTC" in said and "+01:00" in said
    write(file, [{**row, "scored_at": "2026-03-02T06:30+01:00"} for row in soon])  # 05:30 UTC
    assert unit.run(*words, at=LATER)[0]["new"] == 60


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (gzip.compress(model_bytes()), "got a gzip archive, a packed file, which may hold a"),
        (b"PK\x03\x04" + b"0" * 30, "got a zip archive, a packed file, which may hold a pickle"),
        (pickle.dumps({}), "got a pickle, which runs code when it is read"),
    ],
)
def test_what_a_refused_file_may_hold_is_told_as_it_is(unit, data, told):
    unit.model.write_bytes(data)
    _, said = unit.adopt("--model", str(unit.model), code=3)
    assert told in said
    assert ("Unpack it" in said) == ("packed" in told)


def test_what_may_be_meant_is_told_in_the_words_of_adopt_yaml(unit):
    # Two columns of yes and no: the model's inputs are never meant, others are asked about.
    found = [{**row, "ventilated": row["died"]} for row in rows()]
    adoption, _ = _history(unit, found).adopt("--model", str(unit.model))
    notes = " ".join(adoption["scores"]["notes"])
    inputs = set(rows(1)[0]) - set(ALONE)
    assert "ventilated" in notes and not any(f"{one}," in notes for one in inputs)
    assert "columns: {outcome: COLUMN} in adopt.yaml" in notes and "--outcome" not in notes
    assert not inputs & set(adoption["scores"]["unused"])
    assert adoption["scores"]["unused"] == ["ventilated"]


def test_no_option_that_adopt_lacks_is_named_in_a_paper_or_a_refusal(unit):
    for page in unit.adopt()[0]["pages"].values():
        text = Path(page).read_text(encoding="utf-8").split("</style>")[1]
        assert "validation.yaml beside adopt.yaml" in text and "--" not in text
    two = [{**row, "death": row["died"]} for row in _alone()]
    _, said = _history(unit, two).adopt(code=2)
    assert "columns: {outcome: died} in adopt.yaml" in said and "--" not in said
    assert of_adoption("If percentages, write --percent.") == (
        "If percentages, write columns: {percent: true} in adopt.yaml."
    )
