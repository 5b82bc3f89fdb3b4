"""One patient and a batch get the same bits; scope, missing inputs and the verdict are obeyed."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pyarrow.compute as pc
import pytest

from attending.errors import IntegrityBroken, Refused
from attending.models.protocol import Fitted
from attending.records.base import from_content
from attending.records.prediction import Prediction
from attending.scores.registered import SCORES
from attending.serve.batch import score_batch
from attending.serve.score import score_explained, score_one
from attending.specs.features import FeaturesSpec
from attending.times import DAY, HOUR
from tests.serve import ward as w


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    return w.ward(tmp_path_factory.mktemp("ward"))


@pytest.fixture(scope="module", params=["logistic", "lightgbm"])
def model(request, ward):
    return w.bundle(ward[1], ward[2], request.param)


@pytest.fixture(scope="module")
def logistic(ward):
    return w.bundle(ward[1], ward[2])


def one(events, served, asked):
    rows = events.filter(pc.equal(events["subject_id"], asked["subject_id"]))
    return score_one(served, rows, **w.instants(asked))


@pytest.mark.requirement("G1", "G2")
def test_one_patient_gets_the_bits_of_the_batch(ward, model):
    events, cohort, engine = ward
    served = w.served(model)
    record, table = score_batch(served, cohort, engine)
    assert record.n == cohort.num_rows == record.n_live + record.n_no_score
    assert 60 < record.n_live < record.n
    for asked, batch in zip(cohort.to_pylist(), table.to_pylist(), strict=True):
        made = one(events, served, asked)
        assert made.score == batch["score"]  # to the bit
        assert made.flagged == batch["flagged"]
        assert made.outcome == batch["kind"]
        assert ";".join((*made.reasons, *made.degraded)) == batch["reasons"]
        assert len(made.missing) == batch["missing_count"]
        assert made.site == batch["site"]
    with pytest.raises(IntegrityBroken):
        score_batch(served, cohort, _Disordered(events))


class _Disordered:
    def __init__(self, events):
        self.events = events.take(np.arange(events.num_rows)[::-1])

    def map(self, work, **_):
        return work(self.events)


def test_a_batch_repeats_itself_and_keeps_the_order_of_the_cohort(ward, logistic):
    _, cohort, engine = ward
    served = w.served(logistic)
    first, table = score_batch(served, cohort, engine)
    again, _ = score_batch(served, cohort, engine)
    assert first.digest == again.digest
    mixed = cohort.take(np.random.default_rng(1).permutation(cohort.num_rows))
    _, other = score_batch(served, mixed, engine)
    assert other.sort_by("subject_id")["score"] == table.sort_by("subject_id")["score"]


@pytest.mark.requirement("G13")
@pytest.mark.fault("S13")
def test_outside_the_intended_use_there_is_no_score(ward, logistic):
    served = w.served(logistic)
    wide = w.release(scope={"min_age": 0}).model_copy()
    child, asked = w.stay(900, born=w.START - 17 * 365 * DAY)
    rows = w.table(child)
    # Control: without the rules the child is scored like anyone.
    assert score_one(replace(served, release=wide), rows, **w.instants(asked)).outcome == "live"
    made = score_one(served, rows, **w.instants(asked))
    assert (made.outcome, made.score, made.scope) == ("no_score", None, "out")
    assert made.reasons == ("out_of_scope:under_age",)
    for rule, changed in (
        ("class", {"kind": "OBSERVATION"}),
        ("site", {"site": "WEST"}),
    ):
        some, asked = w.stay(901, **changed)
        made = score_one(served, w.table(some), **w.instants(asked))
        assert made.scope_reasons == (rule,)
        assert made.score is None


def test_the_eighteenth_birthday_is_inside_and_the_day_before_is_not(logistic):
    _, asked = w.stay(7)
    at = w.to_micros(w.instants(asked)["prediction_time"])
    birthday = np.datetime64(at, "us").astype("M8[M]") - np.timedelta64(18 * 12, "M")
    offset = at - int(np.datetime64(at, "us").astype("M8[M]").astype("M8[us]").astype(np.int64))
    born = int(birthday.astype("M8[us]").astype(np.int64)) + offset
    served = w.served(logistic)
    for shift, outcome in ((0, "live"), (1, "no_score")):
        rows, asked = w.stay(7, born=born + shift)
        assert score_one(served, w.table(rows), **w.instants(asked)).outcome == outcome


def test_what_is_not_known_is_outside(logistic):
    rows, asked = w.stay(7)
    served = w.served(logistic)
    unborn = [r for r in rows if r["code"] != "MEDS_BIRTH"]
    made = score_one(served, w.table(unborn), **w.instants(asked))
    assert made.scope_reasons == ("age_unknown",)
    late = [r | {"known_at": r["known_at"] + timedelta(days=60)} for r in rows]
    made = score_one(served, w.table(late), **w.instants(asked))
    assert set(made.scope_reasons) == {"patient_unknown", "age_unknown", "class", "site"}


def test_a_stated_role_or_decision_point_outside_the_plan_is_refused(logistic):
    rows, asked = w.stay(7)
    scope = w.RELEASE["scope"] | {"decision_points": ("discharge",)}
    served = w.served(logistic, release=w.release(scope=scope))
    inside = replace(served, decision_point="discharge", user_role="charge nurse")
    assert score_one(inside, w.table(rows), **w.instants(asked)).outcome == "live"
    outside = replace(served, decision_point="triage", user_role="insurer")
    made = score_one(outside, w.table(rows), **w.instants(asked))
    assert made.scope_reasons == ("decision_point", "user_role")


def test_the_limited_stage_keeps_to_its_sites(logistic):
    limited = w.served(logistic, stage="limited")
    for site, outcome in (("NORTH", "live"), ("SOUTH", "no_score")):
        rows, asked = w.stay(7, site=site)
        assert score_one(limited, w.table(rows), **w.instants(asked)).outcome == outcome


def test_the_dead_are_not_scored(logistic):
    rows, asked = w.stay(7)
    at = w.to_micros(w.instants(asked)["prediction_time"])
    rows.append(w.row(7, at - HOUR, "MEDS_DEATH", known=at - HOUR))
    made = score_one(w.served(logistic), w.table(rows), **w.instants(asked))
    assert made.scope_reasons == ("deceased",)


@pytest.mark.fault("S09")
def test_s09_unknown_closed_dead_and_test_patients_get_a_named_refusal_and_no_score(logistic):
    rows, asked = w.stay(7)
    at = w.to_micros(w.instants(asked)["prediction_time"])
    end = w.row(7, at - 3 * HOUR, "ENCOUNTER//DISCHARGE//INPATIENT", encounter=1007)
    test = w.row(7, None, "PATIENT//TEST", known=at - 9 * DAY)
    dead = w.row(7, at - HOUR, "MEDS_DEATH")
    scope = w.RELEASE["scope"] | {"closed_for": 2 * HOUR}
    asked_for = w.served(logistic, release=w.release(scope=scope))
    # Control: without the rules a child's mannequin of a closed stay is scored like anyone.
    free = w.served(logistic, release=w.release(scope={"min_age": 0}))
    assert score_one(free, w.table([*rows, end]), **w.instants(asked)).outcome == "live"
    for more, rule in ((end, "closed"), (test, "test_patient"), (dead, "deceased")):
        made = score_one(asked_for, w.table([*rows, more]), **w.instants(asked))
        assert (made.outcome, made.score, made.scope_reasons) == ("no_score", None, (rule,))
    for none in ([], [w.row(8, at - DAY, w.HEART, 80.0)]):
        made = score_one(asked_for, w.table(none), **w.instants(asked))
        assert (made.score, made.scope_reasons[0]) == (None, "patient_unknown")
    open_ = replace(asked_for, release=w.release(scope=scope | {"closed_for": 4 * HOUR}))
    assert score_one(open_, w.table([*rows, end]), **w.instants(asked)).outcome == "live"


def full(subject=7):
    """A patient with every input, none late."""
    rows, asked = w.stay(subject)
    at = w.to_micros(w.instants(asked)["prediction_time"])
    rows = [r for r in rows if "LOINC" not in r["code"]]
    for code, value in ((w.CREATININE, 1.0), (w.HEART, 80.0), (w.HEART, 90.0), (w.LACTATE, 1.5)):
        rows.append(w.row(subject, at - 5 * HOUR - int(value), code, value))
    return rows, asked


@pytest.mark.fault("S07")
def test_missing_features_are_always_listed_and_many_give_no_score(logistic):
    rows, asked = full()
    served = w.served(logistic)
    whole = score_one(served, w.table(rows), **w.instants(asked))
    assert whole.missing == ()
    for code, names in (
        (w.CREATININE, ("creatinine_last",)),
        (w.HEART, ("heart_rate_mean", "heart_rate_std")),
        (w.LACTATE, ("lactate_max",)),
    ):
        made = score_one(
            served, w.table([r for r in rows if r["code"] != code]), **w.instants(asked)
        )
        assert made.missing == names
        assert all(i.missing == "never_measured" for i in made.inputs if i.value is None)
    # Control: without the limit a patient with no measurement at all gets a number.
    bare = w.table([r for r in rows if "LOINC" not in r["code"]])
    loose = replace(served, missing_share_max=1.0)
    assert score_one(loose, bare, **w.instants(asked)).score is not None
    made = score_one(served, bare, **w.instants(asked))
    assert (made.outcome, made.score) == ("no_score", None)
    assert made.reasons == ("missing_features", "no_fallback")


@pytest.mark.fault("S08")
def test_stale_inputs_are_named_and_count_as_missing(logistic):
    rows, asked = full()
    at = w.to_micros(w.instants(asked)["prediction_time"])
    rows = [r for r in rows if r["code"] != w.LACTATE]
    rows.append(w.row(7, at - 30 * HOUR, w.LACTATE, 1.5))
    # Control: without a freshness limit the old value passes unmarked.
    lazy = [f.model_copy(update={"freshness": None}) for f in w.FEATURES.features]
    spec = FeaturesSpec(name="ward", version="1", features=tuple(lazy))
    old = replace(logistic, feature_set=spec.digest)
    control = score_one(
        w.served(old, features=spec, missing_share_max=0.1), w.table(rows), **w.instants(asked)
    )
    assert (control.outcome, control.degraded) == ("live", ())
    served = w.served(logistic)
    made = score_one(served, w.table(rows), **w.instants(asked))
    assert made.degraded == ("stale:lactate_max",)
    strict = replace(served, missing_share_max=0.1)
    assert score_one(strict, w.table(rows), **w.instants(asked)).outcome == "no_score"


@pytest.mark.fault("S12")
def test_an_implausible_value_is_not_used_and_is_named(logistic):
    rows, asked = full()
    at = w.to_micros(w.instants(asked)["prediction_time"])
    rows = [r for r in rows if r["code"] != w.CREATININE]
    rows.append(w.row(7, at - HOUR, w.CREATININE, 88.4))
    # Control: without a plausible range the value in another unit is scored.
    bare = [f.model_copy(update={"plausible": None}) for f in w.FEATURES.features]
    spec = FeaturesSpec(name="ward", version="1", features=tuple(bare))
    blind = w.served(replace(logistic, feature_set=spec.digest), features=spec)
    assert score_one(blind, w.table(rows), **w.instants(asked)).inputs[1].value > 80
    made = score_one(w.served(logistic), w.table(rows), **w.instants(asked))
    assert made.inputs[1].value is None
    assert made.inputs[1].missing == "implausible"
    assert made.degraded == ("implausible:creatinine_last",)


class _Broken:
    """An estimator whose output is not a risk."""

    def __init__(self, fitted: Fitted, value: float):
        self.fitted, self.value = fitted, value

    def __getattr__(self, name):
        return getattr(self.fitted, name)

    def margin(self, x):
        return np.full(len(x), self.value)


@pytest.mark.fault("S21")
def test_an_output_that_is_not_a_risk_is_not_delivered(logistic):
    rows, asked = full()
    broken = replace(logistic, fitted=_Broken(logistic.fitted, np.nan))
    # Control: the model itself gives a NaN.
    assert np.isnan(broken.risk(np.zeros((1, 5)))).all()
    made = score_one(w.served(broken), w.table(rows), **w.instants(asked))
    assert (made.outcome, made.score, made.flagged) == ("no_score", None, None)
    assert made.reasons == ("output_guard", "no_fallback")


@pytest.mark.fault("S22")
@pytest.mark.parametrize("kind", [ValueError, RuntimeError, TypeError, KeyError])
def test_s22_a_score_whose_explanation_fails_is_given_and_says_so(logistic, kind):
    rows, asked = full()
    made, why = score_explained(w.served(logistic), w.table(rows), **w.instants(asked))
    assert made.explanation == why.digest
    assert made.factors
    assert all(item.feature in w.FEATURES.names for item in made.factors)

    class NoReasons(_Broken):
        def margin(self, x):
            return self.fitted.margin(x)

        def contributions(self, x):
            raise kind("no reasons")

    # Control: unguarded, the failure takes the score with it.
    with pytest.raises(kind):
        NoReasons(logistic.fitted, 0.0).contributions(np.zeros((1, 5)))
    mute = replace(logistic, fitted=NoReasons(logistic.fitted, 0.0))
    silent, none = score_explained(w.served(mute), w.table(rows), **w.instants(asked))
    assert none is None
    assert silent.score == made.score
    assert silent.degraded == ("explanation:unavailable",)
    assert (silent.factors, silent.rationale, silent.explanation) == ((), "", None)  # nobody else's


@pytest.mark.requirement("G6", "G7")
def test_the_verdict_is_obeyed(logistic):
    rows, asked = full()
    events = w.table(rows)

    def outcome(**more):
        made = score_one(w.served(logistic, **more), events, **w.instants(asked))
        return made.outcome, made.reasons

    for answer in ("continue", "watch", "freeze"):
        assert outcome(verdict=w.verdict(answer)) == ("live", ())
    assert outcome(verdict=w.verdict("stop")) == ("no_score", ("verdict:stop",))
    assert outcome(verdict=w.verdict("fallback"))[1] == ("verdict:fallback", "no_fallback")
    assert outcome(verdict=w.verdict("restrict", sites=("NORTH",)))[0] == "live"
    assert outcome(verdict=w.verdict("restrict", sites=("SOUTH",)))[0] == "no_score"
    assert outcome(verdict=None)[1] == ("verdict:none", "no_fallback")
    late = w.verdict(at=w.AT - timedelta(hours=40))
    assert outcome(verdict=late)[1] == ("verdict:expired", "no_fallback")
    assert outcome(serves="none") == ("no_score", ("deployment:none",))
    # In silent nobody sees the score, and it goes on being made.
    assert outcome(verdict=None, stage="silent")[0] == "live"


@pytest.mark.requirement("G11")
def test_the_fallback_score_is_marked_and_named(ward, logistic):
    events, cohort, engine = ward
    plan = {
        "kind": "score",
        "score": "recorded",
        "threshold": 90.0,
        "card": "heart rate",
        "downtime_pathway": "checklist",
    }
    served = w.served(
        logistic,
        release=w.release(fallback=plan),
        fallback=SCORES.get("recorded")({"code": w.HEART}),
        verdict=w.verdict("fallback", delivers="fallback", fallback="recorded"),
    )
    record, table = score_batch(served, cohort, engine)
    assert record.n_fallback > 50
    assert record.n_live == 0
    for asked, batch in zip(cohort.to_pylist()[:40], table.to_pylist(), strict=False):
        made = one(events, served, asked)
        assert (made.outcome, made.score) == (batch["kind"], batch["score"])
        if made.outcome == "fallback":
            assert made.scored_by == f"recorded {w.HEART}"
            assert made.threshold == 90.0
            assert made.flagged == (made.score >= 90.0)
            assert made.reasons == ("verdict:fallback",)
    refused = replace(served, verdict=w.verdict("fallback", delivers="no_score"))
    assert score_batch(refused, cohort, engine)[0].n_fallback == 0


@pytest.mark.requirement("G14")
def test_a_prediction_holds_all_it_was_made_from_and_no_request_id(logistic):
    rows, asked = full()
    made = score_one(w.served(logistic), w.table(rows), **w.instants(asked))
    content = made.content()
    assert from_content(Prediction, content).digest == made.digest
    assert made.subject_id == "7"
    assert made.encounter_id == "1007"
    assert (made.version, made.run, made.artifact) == ("v1", "a" * 64, "b" * 64)
    assert made.feature_set == w.FEATURES.digest
    inputs = {item.feature: item for item in made.inputs}
    assert inputs["lactate_max"].known_at <= made.prediction_time
    assert inputs["creatinine_last"].value == 1.0
    assert "request" not in content
    with pytest.raises(ValueError, match="names its reason"):
        Prediction.model_validate(
            made.model_dump() | {"outcome": "no_score", "score": None, "flagged": None}
        )


def test_parts_that_do_not_belong_together_are_refused(logistic):
    with pytest.raises(Refused, match="does not score"):
        w.served(logistic, stage="trained")
    with pytest.raises(IntegrityBroken, match="trained on"):
        w.served(replace(logistic, feature_set="0" * 64))
    with pytest.raises(Refused, match="verdict"):
        w.served(logistic, verdict=w.verdict().model_copy(update={"version": "v2"}))


def test_a_text_without_a_value_of_the_patient_is_marked_and_keeps_the_score(logistic):
    rows, asked = full()
    events, at = w.table(rows), w.instants(asked)
    made, why = score_explained(w.served(logistic), events, **at)
    assert made.degraded == () and any(one.printed in made.rationale for one in why.factors)

    # A wording as long as a whole text leaves no room for what raised the risk.
    long = " ".join(["Call the patient within two days of the discharge, and note it."] * 5)
    delivery = [{**w.release().delivery[0].model_dump(), "wording": long}]
    act = w.served(logistic, release=w.release(delivery=delivery), threshold=0.0001)
    mute, said = score_explained(act, events, **at)
    assert mute.flagged is True and mute.score == made.score
    assert mute.degraded == ("explanation:no_patient_value",)
    assert not any(one.printed in mute.rationale for one in said.concepts or said.factors)
    # The control: with a wording that leaves room, the same patient's values are named.
    told, _ = score_explained(w.served(logistic, threshold=0.0001), events, **at)
    assert told.flagged is True and told.degraded == ()
    assert any(one.printed in told.rationale for one in why.concepts or why.factors)
