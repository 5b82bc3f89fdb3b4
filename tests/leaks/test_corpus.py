"""The corpus of planted leaks: every leak is caught by its gate, and no clean twin is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from attending.errors import Refused
from attending.lifecycle import leak_corpus
from attending.lifecycle.leak_corpus import answer_source, corpus, read_base, require_all
from attending.lifecycle.leak_planting import ground, planted
from attending.records.gates import GateFinding
from attending.train import value_gates

LEAST = 25


@pytest.fixture(scope="module")
def answers():
    return answer_source("hospital")


@pytest.mark.requirement("D4")
@pytest.mark.requirement("D5")
def test_every_planted_leak_of_the_hospital_is_caught_and_no_clean_twin_is_refused(answers):
    missed = [item.name for item in answers if not item.caught]
    refused = {item.name: item.false for item in answers if item.false}
    assert (len(answers) >= LEAST, missed, refused) == (True, [], {})
    require_all(answers)
    gates = {item.gate for item in answers}
    assert {"leak.availability", "leak.billing_time", "leak.post_outcome_document"} <= gates
    with pytest.raises(Refused, match="leaks missed: note-of-the-night-shift"):
        require_all(
            [replace(item, caught=item.name != "note-of-the-night-shift") for item in answers]
        )


@pytest.mark.requirement("D6")
def test_a_note_signed_after_the_prediction_is_refused_by_its_own_gate(answers):
    late = {item.name: item for item in answers if item.gate == "leak.late_note"}
    assert late["discharge-summary-signed-late"].figure > 0.9
    assert 0.4 <= late["note-of-the-night-shift"].figure < 0.75
    assert all(item.caught for item in late.values())


def test_a_gate_knows_no_name_of_the_corpus():
    """The same rows under other names are refused alike, so no gate reads a name."""
    asked = corpus("hospital")
    (twins,) = [item for item in asked.twins if item.name == "group-weight-at-discharge"]
    plant = twins.leaky.plant[0].model_copy(update={"code": "ZZ//1"})
    ask = twins.leaky.features[0].model_copy(update={"name": "q", "codes": ("ZZ//1",)})
    other = twins.leaky.model_copy(update={"plant": (plant,), "features": (ask,)})
    renamed = twins.model_copy(update={"leaky": other})
    few = asked.model_copy(update={"twins": (renamed,), "patients": 400})
    base = read_base(few)
    answer = leak_corpus._answer("hospital", renamed, base)
    assert answer.caught
    assert not answer.false


@pytest.mark.fault("D04")
def test_d04_a_column_prepared_on_all_rows_is_refused_and_on_training_rows_it_is_not(monkeypatch):
    asked = corpus("hospital")
    (twins,) = [item for item in asked.twins if item.name == "standardised-on-all-rows"]
    base = read_base(asked.model_copy(update={"twins": (twins,), "patients": 600}))
    # Control: with this gate off nothing else sees that the test rows had a part in it.
    with monkeypatch.context() as off:
        off.setattr(
            value_gates,
            "fit_on_all",
            lambda name, _column: GateFinding(
                gate="leak.fit_on_all", feature=name, answer="met", whose="data"
            ),
        )
        assert leak_corpus._answer("hospital", twins, base).refused == ()
    answer = leak_corpus._answer("hospital", twins, base)
    assert answer.refused == ("leak.fit_on_all",)
    assert answer.false == ()  # the twin that was prepared on the training rows
    with pytest.raises(Refused) as refused:
        require_all([replace(answer, caught=False)])
    assert refused.value.exit_code == 3


def test_planting_is_the_same_every_time():
    asked = corpus("hospital").model_copy(update={"patients": 200, "years": 1})
    base = read_base(asked)
    from attending.cohort.build import build
    from attending.lifecycle.leak_corpus import Held
    from attending.times import from_micros

    _, cohort = build(base.specs.cohort, Held(base.events), as_of=from_micros(base.as_of))
    people = ground(cohort, cut=0, gap=0, load=base.load)
    (twins,) = [item for item in asked.twins if item.name == "outcome-in-disguise"]
    first, again = (planted(base.events, twins.leaky, people) for _ in range(2))
    assert first.equals(again)
    assert first.num_rows == base.events.num_rows + len(people.at)
    assert np.isin("SCORE//index", first["code"].to_pylist())


@pytest.mark.data
def test_every_planted_leak_of_real_stays_is_caught(data_folder):
    found = answer_source("mimic-iv", folder=data_folder / "mimic-iv-demo")
    assert len(found) == 8
    require_all(found)
