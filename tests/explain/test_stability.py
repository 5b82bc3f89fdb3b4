"""Explanations that hold, and the models whose explanations do not: each is stopped."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from attending.documents.stability_page import stability_document, weighed_words
from attending.errors import BadInput
from attending.explain.agreement import agreed, leaders
from attending.explain.importance import importance
from attending.explain.measured_again import Errors, measured_again, unstable, with_errors
from attending.explain.prediction import explain
from attending.explain.removal import removal
from attending.explain.stability import Refits, Rows, stability
from attending.models.bundle import Bundle
from attending.records.base import from_content
from attending.records.explanation import StabilityReport
from attending.specs.explanations import AgreementAsked, ExplanationsAsked
from attending.train.candidate import At, Table, fit_one
from attending.train.refits import on_samples
from attending.train.shadows import beside_shadows
from attending.train.split import Rows as Keys
from tests.explain.test_prediction import AT, HIGH, inputs
from tests.models.hospital_rows import NAMES
from tests.models.test_bundle import X, bundle_of

#: A model of four features: which three lead, not which five.
ASKED = ExplanationsAsked(top=3, patients=60, refits=6)
HONEST = ("age", "creatinine", "prior_stays", "lactate")


@pytest.fixture(scope="module")
def bundle():
    return bundle_of("logistic")


def hospital(*, seed, patients=4000):
    """Four features, each with a signal of its own."""
    rng = np.random.default_rng(seed)
    age, stays = rng.uniform(20, 90, patients), rng.poisson(2.0, patients).astype(float)
    creatinine, lactate = (rng.lognormal(0.0, 0.4, patients) for _ in range(2))
    x = np.column_stack([age, creatinine, stays, lactate])
    margin = -3 + 0.05 * (age - 50) + 2.5 * np.log(creatinine) + 0.7 * stays + 2 * np.log(lactate)
    return x, (rng.random(patients) < 1 / (1 + np.exp(-margin))).astype(np.int8)


def tried(x, y, *, names=HONEST, kind="logistic", asked=ASKED, earlier=True, leaves=4, said=None):
    """Fit a model on the first two thirds and try its explanations on the rest."""
    spec = SimpleNamespace(
        seed=7, missing="native", calibration="platt", monotone={}, class_weights="none"
    )
    n = len(x)
    at = np.arange(n)
    keys = Keys(at, at, at, at, np.ones(n, bool), y)
    table = Table(x, y, names, keys, spec, "f" * 64, said=said or {})
    parameters = (
        {"num_iterations": 40, "num_leaves": leaves, "min_data_in_leaf": 10}
        if kind == "lightgbm"
        else {}
    )
    candidate = SimpleNamespace(estimator=kind, parameters=parameters)
    fitted, rest = n // 2, 2 * n // 3
    parts = At(np.arange(fitted), np.empty(0, np.int64), np.arange(fitted, rest))
    found = on_samples(table, candidate, split=parts, seed=3, draws=asked.refits)
    drawn = np.arange(rest, rest + asked.patients)
    others = np.arange(rest, n)
    moved = np.random.default_rng(5).normal(1.0, 0.05, (len(drawn), x.shape[1]))
    rows = Rows(
        x[drawn],
        drawn,
        x[others],
        others,
        earlier=x[drawn] * moved if earlier else None,
        earlier_of=np.arange(len(drawn)) if earlier else None,
    )
    beside = beside_shadows(table, candidate, split=parts, seed=3)
    refits = Refits(found.bootstrap, found.halves, beside, found.refused)
    return stability(fit_one(table, candidate, at=parts), rows, refits, seed=3, asked=asked)


@pytest.mark.requirement("F10")
@pytest.mark.parametrize("kind", ["logistic", "lightgbm"])
def test_explanations_of_a_model_with_a_signal_hold_and_those_of_shuffled_labels_do_not(kind):
    x, y = hospital(seed=1)
    found = tried(x, y, kind=kind)
    assert found.outcome == "met", found.reasons
    assert [one.outcome for one in found.comparisons] == ["met"] * 5
    nearest = found.comparisons[2]
    assert nearest.jaccard > nearest.by_chance
    shuffled = y.copy()
    np.random.default_rng(2).shuffle(shuffled)
    try:
        refused = tried(x, shuffled, kind=kind)
    except Exception as error:  # noqa: BLE001 - named in the next line
        assert getattr(error, "code", "") == "model.calibration_reversed", error
    else:
        assert refused.outcome == "failed"
        assert {one.name for one in refused.comparisons if one.outcome == "failed"} & {
            "half_refits",
            "bootstrap_refits",
        }


@pytest.mark.parametrize("kind", ["logistic", "lightgbm"])
def test_a_feature_that_is_there_twice_is_refused_by_name(kind):
    x, y = hospital(seed=1)
    again = x[:, 1] * np.random.default_rng(2).normal(1.0, 0.01, len(x))
    asked = ASKED.model_copy(update={"top": 5})
    twice, names = np.column_stack([x, again]), (*HONEST, "creatinine_again")
    found = tried(twice, y, names=names, kind=kind, asked=asked)
    assert found.outcome == "failed"
    assert [(one.first, one.second) for one in found.same_things] == [
        ("creatinine", "creatinine_again")
    ]
    assert "creatinine and creatinine_again say the same" in " ".join(found.reasons)


@pytest.mark.parametrize("kind", ["logistic", "lightgbm"])
def test_a_random_feature_that_is_shown_as_a_reason_is_refused_by_name(kind):
    # Few patients, so that a fit takes noise for a reason.
    x, y = hospital(seed=1, patients=900)
    asked = ASKED.model_copy(update={"top": 5})
    noise = [np.random.default_rng(seed).normal(size=len(x)) for seed in range(6)]
    found = [
        tried(np.column_stack([x, coin]), y, names=(*HONEST, "coin"), kind=kind, asked=asked,
              leaves=31)
        for coin in noise
    ]  # fmt: skip
    assert [one.outcome for one in found] == ["failed"] * 6
    for one in found:
        assert any(said.startswith("coin is shown to ") for said in one.reasons), one.reasons
        coin = next(shown for shown in one.shown if shown.feature == "coin")
        assert coin.weight is not None and coin.chance is not None
    # The direction alone lets luck pass: half of a lucky coin's fits agree with the other half.
    assert any(one.shown[0].direction > asked.direction for one in found) or kind == "lightgbm"


@pytest.mark.parametrize("kind", ["logistic", "lightgbm"])
def test_a_random_input_that_nobody_is_shown_is_refused_by_the_default_plan(kind):
    # Three of five are shown, and small trees never ask for the coin: only weighing all sees it.
    x, y = hospital(seed=1, patients=1500)
    noisy = np.column_stack([x, np.random.default_rng(4).normal(size=len(x))])
    names, plan = (*HONEST, "coin"), ASKED.model_copy(update={"refits": 4})
    less = {"weighed": "shown", "weighed_reason": "the control"}
    unseen = tried(noisy, y, names=names, kind=kind, asked=plan.model_copy(update=less))
    assert "coin" in {one.feature for one in unseen.seldom}
    assert not any("coin" in said for said in unseen.reasons)
    assert (unseen.inputs.outcome, unseen.inputs.reason) == ("left_out", "the control")
    assert weighed_words(unseen) == (
        "only shown factors were asked to weigh more than chance: the control",
    )
    # The default plan asks it of every input.
    found = tried(noisy, y, names=names, kind=kind, asked=plan)
    assert (found.outcome, found.inputs.outcome) == ("failed", "failed")
    assert [said.split(" ")[0] for said in found.reasons if "take it out" in said] == ["coin"]
    because = plan.model_copy(update={"kept": {"coin": "a trial asks for it", "age": "known"}})
    kept = tried(noisy, y, names=names, kind=kind, asked=because)
    assert not any("coin" in said for said in kept.reasons)
    assert weighed_words(kept) == (
        "coin is kept as an input although it weighs no more than chance: a trial asks for it",
    )
    named = {"coin": "Coin, tossed at admission"}
    page, refused = (
        stability_document(one, named, model="m", run="r", synthetic=True).decode()
        for one in (kept, found)
    )
    assert "Coin, tossed at admission is kept as an input although it weighs no more" in page
    assert "Coin, tossed at admission is an input, and the model gives as much weight" in refused
    honest = tried(x, y, kind=kind, asked=plan)
    assert honest.seldom == () and honest.inputs.outcome == "met"


def test_inputs_that_cannot_be_weighed_are_not_shown_unless_the_plan_asks_only_what_is_shown(
    bundle,
):
    rows = Rows(X[:30], np.arange(30), X, np.arange(len(X)))
    elsewhere = Refits(absent="the model was fitted elsewhere")
    out = {"bootstrap_refits": "no", "half_refits": "no", "day_earlier": "no"}
    plan = replace_leave_out(ASKED, **out)
    found = stability(bundle, rows, elsewhere, seed=3, asked=plan)
    assert (found.outcome, found.inputs.outcome) == ("not_shown", "not_shown")
    assert weighed_words(found) == (
        "it is not shown that every input weighs more than chance: the model was fitted elsewhere",
    )
    less = {"weighed": "shown", "weighed_reason": "fitted elsewhere"}
    left = stability(bundle, rows, elsewhere, seed=3, asked=plan.model_copy(update=less))
    assert (left.outcome, left.inputs.outcome) == ("met", "left_out")
    with pytest.raises(ValueError, match="say why less is asked"):
        ExplanationsAsked(weighed="shown")


def test_values_that_say_one_thing_are_one_factor_when_the_specs_say_so():
    x, y = hospital(seed=1)
    again = x[:, 1] * np.random.default_rng(2).normal(1.0, 0.01, len(x))
    asked = ASKED.model_copy(update={"top": 3})
    twice, names = np.column_stack([x, again]), (*HONEST, "creatinine_again")
    said = {"creatinine": "Creatinine", "creatinine_again": "Creatinine"}
    one = tried(twice, y, names=names, asked=asked, said=said)
    assert one.outcome == "met", one.reasons
    assert [(held.name, held.features) for held in one.concepts] == [
        ("Creatinine", ("creatinine", "creatinine_again"))
    ]
    assert "Creatinine" in {shown.feature for shown in one.shown}
    # What the two get together holds better than what each gets.
    halves = [next(h for h in held if h.name == "half_refits") for held in
              (one.comparisons, one.by_feature)]  # fmt: skip
    assert halves[0].rank > halves[1].rank
    # Where only the rows say so, the two are shown together and the gate asks for a name.
    unsaid = tried(twice, y, names=names, asked=asked)
    assert unsaid.concepts[0].name == "creatinine with creatinine_again"
    assert unsaid.outcome == "failed" and "say the same" in " ".join(unsaid.reasons)


def test_what_cannot_be_compared_is_not_shown_unless_the_plan_left_it_out_with_a_reason():
    x, y = hospital(seed=1)
    found = tried(x, y, earlier=False)
    assert found.outcome == "not_shown" and found.reasons == ()
    assert (found.comparisons[1].name, found.comparisons[1].reason) == (
        "day_earlier",
        "too few patients were there 24 h earlier",
    )
    plan = replace_leave_out(ASKED, day_earlier="predicted at admission")
    left_out = tried(x, y, earlier=False, asked=plan)
    assert left_out.outcome == "met"
    assert left_out.comparisons[1].reason == "predicted at admission"


def replace_leave_out(asked, **reasons):
    return asked.model_copy(update={"leave_out": reasons})


def turned(bundle, x, groups):
    """The largest share becomes the smallest, each with its direction."""
    shares = groups.summed(bundle.contributions(x)[:, :-1])
    return np.sign(shares) / np.maximum(np.abs(shares), 1e-9)


def test_the_named_factors_move_the_score_more_than_others_do(monkeypatch):
    x, y = hospital(seed=1)
    weak = np.random.default_rng(8).normal(size=(len(x), 4))
    named = (*HONEST, *(f"weak_{k}" for k in range(4)))
    gone = tried(np.column_stack([x, weak]), y, names=named).removal
    assert gone.outcome == "met" and gone.share >= 0.9
    three = tried(x[:, :3], y, names=HONEST[:3]).removal
    assert (three.outcome, three.share) == ("left_out", None)  # there are no others
    # The control: an explanation that names the factors that move the score the least.
    bundle, rows = bundle_of("logistic"), X[:100]
    right = removal(bundle, rows, bundle.groups, others=X, seed=1, asked=0.9)
    monkeypatch.setattr(Bundle, "shares", turned)
    wrong = removal(bundle, rows, bundle.groups, others=X, seed=1, asked=0.9)
    assert (right.outcome, wrong.outcome) == ("met", "failed")


def test_without_an_error_every_explanation_stays_and_a_large_one_changes_it(bundle):
    still = measured_again(bundle, X[:40], bundle.groups, errors=Errors(1, 0.0, 3), top=3)
    assert (still.agreed.jaccard.mean(), still.same_first, still.risk_change) == (1.0, 1.0, 0.0)
    small, large = (
        measured_again(bundle, X[:60], bundle.groups, errors=Errors(1, error, 20), top=3).agreed
        for error in (0.05, 3.0)
    )
    assert small.jaccard.mean() > 0.9 > large.jaccard.mean()
    with pytest.raises(BadInput) as refused:
        stability(bundle, Rows(X[:0], np.arange(0), X, np.arange(600)), Refits(), seed=1)
    assert refused.value.code == "explain.stability"


def test_the_same_seed_gives_the_same_report_and_old_reports_read_back(bundle):
    rows = Rows(X[:30], np.arange(30), X, np.arange(len(X)))
    one, other = (stability(bundle, rows, Refits(), seed=3, asked=ASKED) for _ in range(2))
    assert one.digest == other.digest
    assert from_content(StabilityReport, one.content()) == one
    old = StabilityReport(
        patients=1, draws=1, top=5, seed=1, relative_error=0.05, mean_jaccard=1.0,
        low_jaccard=1.0, same_first=1.0, mean_risk_change=0.0, threshold=0.8, steady=True,
    )  # fmt: skip
    assert "outcome" not in old.content() and "comparisons" not in old.content()


def test_thresholds_are_those_of_the_plan(bundle):
    rows = Rows(X[:30], np.arange(30), X, np.arange(len(X)))
    hard = AgreementAsked(jaccard=1.0, sign=1.0, rank=1.0)
    asked = ASKED.model_copy(update={"nearest_patients": hard})
    found = stability(bundle, rows, Refits(absent="fitted elsewhere"), seed=3, asked=asked)
    assert found.outcome == "failed"
    assert found.comparisons[2].asked == (1.0, 1.0, 1.0)
    assert found.comparisons[3].reason == "fitted elsewhere"


def test_a_single_explanation_says_when_small_errors_change_it(bundle):
    firm = explain(bundle, HIGH, inputs(), at=AT, top=3)
    assert firm.unstable == "" and "Unstable" not in firm.sentence
    assert "unstable" not in firm.content()
    # Values that all but cancel each other: which of them leads is decided by the error.
    wide = replace(bundle, references=tuple(
        replace(one, quantiles=tuple(40 * value for value in one.quantiles))
        for one in bundle.references
    ))  # fmt: skip
    shaky = explain(wide, HIGH, inputs(), at=AT, top=1)
    assert shaky.unstable and shaky.unstable in shaky.sentence
    again = with_errors(wide, HIGH)
    assert (again[0] == HIGH).all() and (again[1:] != HIGH).any()
    assert unstable(wide.shares(again, wide.groups), top=1) == shaky.unstable
    assert len(shaky.sentence) <= 300


def test_agreement_counts_ties_and_rows_without_any_factor():
    none = agreed(np.zeros((1, 3)), np.zeros((1, 3)), top=2)
    assert (none.jaccard.tolist(), none.sign.tolist()) == ([1.0], [1.0])
    assert leaders(np.array([[1.0, -1.0, 1.0]]), top=2).tolist() == [[True, True, False]]


def test_importance_is_ordered_and_adds_up_to_one(bundle):
    found = importance(bundle, X)
    assert {item.feature for item in found[:2]} == {"age", "prior_stays"}
    sizes = [item.mean_absolute for item in found]
    assert sizes == sorted(sizes, reverse=True)
    assert {item.feature for item in found} == set(NAMES)
    assert sum(item.share for item in found) == pytest.approx(1.0)
