"""Real patients: quiet while they are drawn alike, and a real shift told in a clinician's words."""

import numpy as np
import pytest

from attending.monitor.verdict import decide
from tests.monitor import deployed as d
from tests.monitor import real

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def sets():
    return {"physionet": real.physionet(), "diabetes": real.diabetes(), "mimic": real.mimic()}


def halves(n, seed=1):
    order = np.random.default_rng(seed).permutation(n)
    return order[: n // 2], order[n // 2 :]


@pytest.mark.parametrize(("name", "rows"), [("physionet", 600), ("diabetes", 600), ("mimic", 130)])
def test_weeks_drawn_alike_from_real_patients_ask_for_nothing(sets, name, rows):
    one = sets[name]
    then, now = halves(len(one.x))
    ward = real.Ward(one, then, minimum_rows=min(rows, 200) if name != "mimic" else 100)
    rng = np.random.default_rng(2)
    answers = []
    for _ in range(12):
        taken = rng.choice(now, rows)
        report = ward.report(one.x[taken])
        answers.append(decide(ward.spec, report, at=d.AT).answer)
    assert not {"freeze", "restrict", "fallback", "stop"} & set(answers)
    assert answers.count("watch") <= 2


@pytest.mark.parametrize("name", ["physionet", "diabetes"])
def test_a_kind_that_nobody_planned_for_is_unknown_and_never_continue(sets, name):
    one = sets[name]
    then, now = halves(len(one.x))
    ward = real.Ward(one, then)
    # Somebody turned the scores round: the inputs are as ever.
    x = one.x[now[:800]]
    turned = ward.report(x, 1 - ward.risk(x))
    verdict = decide(ward.spec, turned, at=d.AT)
    assert (verdict.drift, verdict.answer) == ("unknown", "fallback")
    # Scores of other patients: nothing shows before outcomes are known, and then it does.
    mixed = np.random.default_rng(3).permutation(ward.risk(one.x[now]))
    later = ward.report(one.x[now], mixed, one.outcome[now])
    assert decide(ward.spec, later, at=d.AT).answer in {"freeze", "fallback"}


def test_another_kind_of_intensive_care_is_told_in_words_that_a_clinician_accepts(sets):
    one = sets["physionet"]
    medical, heart = one.group == 3, one.group == 2
    ward = real.Ward(one, medical)
    report = ward.report(one.x[heart])
    verdict = decide(ward.spec, report, at=d.AT)
    assert verdict.drift == "data"
    assert verdict.answer in {"freeze", "fallback"}
    told = " ".join(found.meaning for found in report.findings)
    # After heart surgery: sedated, younger kidneys, fewer platelets after the pump.
    for words in ("Glasgow Coma Scale", "urea nitrogen", "distributed otherwise than when"):
        assert words in told
    # The unit did not switch its units: sicker or other patients are not called that.
    assert not {"unit_switch", "mixed_units"} & {found.name for found in report.findings}
    together = next(found for found in report.findings if found.name == "multivariate")
    assert "the inputs tell which is which" in together.meaning


def test_later_years_are_told_in_words_though_the_set_is_small(sets):
    one = sets["mimic"]
    first, second = sorted(set(one.group.tolist()))
    early, late = one.group == first, one.group == second
    ward = real.Ward(one, early, minimum_rows=50)
    report = ward.report(one.x[late])
    verdict = decide(ward.spec, report, at=d.AT)
    assert (verdict.drift, verdict.answer) == ("data", "freeze")
    # The hospital went over to ICD-10 in these years, and a count of such codes is another count.
    told = "the number of diagnoses coded in ICD-10 is distributed otherwise than when"
    assert told in verdict.because
    (moved,) = [found for found in report.findings if found.name == "score_psi"]
    assert "The likely cause is psi of the_number_of_diagnoses_coded_in_ICD-10" in moved.meaning
    assert not {"unit_switch", "mixed_units"} & {found.name for found in report.findings}
    assert report.measure("auroc").state == "not_shown"  # few outcomes are never "fine"
    # Control: half of the stays, drawn alike, beside the other half.
    then, now = halves(len(one.x))
    calm = real.Ward(one, then, minimum_rows=50).report(one.x[now])
    assert decide(ward.spec, calm, at=d.AT).answer in {"continue", "watch"}
    few = real.Ward(one, early, minimum_rows=200).report(one.x[late][:60])
    assert "60 rows in the window" in few.measure("missing_share").why
