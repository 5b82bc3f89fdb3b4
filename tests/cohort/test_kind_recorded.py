"""The given column is the label: the stay's own row answers, and no other stay's."""

from __future__ import annotations

import pytest

from attending.cohort.build import build
from attending.govern.declared import judge_proxies
from attending.specs.features import FeaturesSpec
from attending.times import parse_instant
from tests.cohort.patients import birth, cohort, hour, stay
from tests.engines.tables import engine, event, events

END = parse_instant("2030-01-01T00:00:00Z")
LABEL = {
    "kind": "recorded",
    "readmission": None,
    "horizon": "30d",
    "recorded": {"event": ["BACK//<30"], "none": ["BACK//>30", "BACK//NO"]},
}


def answer(word, encounter, at="2024-04-10T08:00"):
    return event(1, hour(at), f"BACK//{word}", encounter_id=encounter)


def labels(tmp_path, rows, *, label=None):
    stays = [*stay(1, 1, "2024-03-08T08:00", "2024-03-11T08:00"),
             *stay(1, 2, "2024-03-20T08:00", "2024-03-21T08:00")]  # fmt: skip
    said = cohort(label=label or LABEL, exclusions=[])
    _, table = build(said, engine(tmp_path, events([birth(1, "1950-01-01"), *stays, *rows])),
                     as_of=END)  # fmt: skip
    return [(row["status"], row["label"]) for row in table.to_pylist()]


@pytest.mark.requirement("A6")
def test_the_stays_own_word_is_its_label_and_another_stays_is_not(tmp_path):
    # Both answers lie within thirty days of both discharges.
    found = labels(tmp_path, [answer("<30", 1), answer("NO", 2)])
    assert found == [("event", 1), ("no_event", 0)]
    with pytest.raises(ValueError, match="both the event and none"):
        cohort(label={**LABEL, "recorded": {"event": ["BACK//NO"], "none": ["BACK//NO"]}})


def test_a_stay_without_an_answer_or_with_one_too_late_has_no_label(tmp_path):
    found = labels(tmp_path, [answer(">30", 1), answer("<30", 2, "2024-04-20T08:01")])
    assert found == [("no_event", 0), ("censored", None)]


def test_no_feature_may_read_the_answer():
    features = FeaturesSpec.model_validate({
        "name": "f", "version": "1",
        "features": [{"name": "back", "label": "Came back", "codes": ["BACK//*"], "window": "1d",
                      "aggregate": "any", "owner": "dana", "purpose": "p", "status": "approved"}],
    })  # fmt: skip
    spec = cohort(label=LABEL, exclusions=[])
    assert [one.answer for one in judge_proxies(features, spec)] == ["refused"]
