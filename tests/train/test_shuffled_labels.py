"""A negative control: a model that was trained on shuffled labels passes no gate of comparison.

Its risks are a mixture of features that tell something, drawn by lot, so they often add to a
baseline that lacks them. Only its calibration tells that it learnt nothing.
"""

import numpy as np
import pyarrow as pa
import pytest

from attending.lifecycle.examples import examples_folder
from attending.specs.base import dump
from attending.specs.read_yaml import read_spec
from attending.specs.validation import ValidationSpec
from attending.train.fit import fit
from attending.train.split import split
from attending.validate.data import Baseline, ValidationData
from attending.validate.model import validate
from attending.validate.recalibrate import recalibrate_score
from tests.models.hospital_rows import NAMES
from tests.train.cohort_rows import CUT, DELAY, HORIZON, cohort, spec

TABLE, FEATURES = cohort(6000, patients=6000, seed=3)
COIN = np.random.default_rng(5).integers(0, 2, 6000).astype(float)
TREES = {"num_iterations": 30, "min_data_in_leaf": 20}
GATES = [
    {"gate": "adds_to_baseline", "baseline": "stays"},
    {"gate": "better_or_adds", "baseline": "stays"},
    {"gate": "adds_to_baseline", "baseline": "coin"},
    {"gate": "better_or_adds", "baseline": "coin"},
]
PLAN = ValidationSpec(
    baselines=["stays", "coin"],
    thresholds=[0.2],
    subgroups=["site"],
    high_risk_subgroups=[],
    decision_curve={"low": 0.2, "high": 0.3, "step": 0.1},
    bootstrap={"draws": 100},
    gates=GATES,
)


def judged(estimator, labels, *, seed=1, plan=PLAN):
    """Return the report, on the true labels, of a model that was fitted on these."""
    table = TABLE.set_column(4, "label", pa.array(labels, pa.int8()))
    asked = spec(
        {"kind": "temporal", "test_from": CUT, "calibration_fraction": 0.3},
        estimator=estimator,
        parameters=TREES if estimator == "lightgbm" else {},
        calibration="none",
        seed=seed,
    )
    parts = split(asked, table, horizon_us=HORIZON, delay_us=DELAY, exception=False)
    trained = fit(asked, table, FEATURES, split=parts, names=NAMES, feature_set="f" * 64)
    test, before = parts.test, parts.train
    truth = np.array(TABLE["label"].fill_null(0).to_pylist(), dtype=np.int8)
    score = FEATURES["prior_stays"].to_numpy()
    data = ValidationData(
        outcome=truth[test],
        risk=trained.test_risks[estimator],
        cluster=TABLE["subject_id"].to_numpy()[test],
        baselines={
            "stays": Baseline(
                score[test],
                recalibrate_score(score[before], truth[before], score_test=score[test]),
                "prior stays",
            ),
            "coin": Baseline(COIN[test], None, "a coin"),
        },
        groups={},
        prediction_time=TABLE["prediction_time"].to_numpy()[test],
        site=TABLE["site"].take(pa.array(test)).to_pylist(),
    )
    return validate(plan, data)


def shuffled(seed):
    """Return the labels given to other rows; those without one stay without."""
    labels = np.array(TABLE["label"].to_pylist(), dtype=object)
    known = np.flatnonzero(labels != None)  # noqa: E711 - elementwise
    labels[known] = labels[np.random.default_rng(seed).permutation(known)]
    return labels.tolist()


def outcomes(report):
    return [gate.outcome for gate in report.gates]


def without_calibration(report):
    """Return what the gates said before they asked for calibration and for the way it points."""
    row = report.increments[0]
    return row.auroc_gained.low > 0 or row.coefficient.low > 0


@pytest.mark.parametrize("estimator", ["logistic", "lightgbm", "additive"])
def test_a_model_on_shuffled_labels_adds_to_no_baseline_and_true_labels_do(estimator):
    sound = judged(estimator, TABLE["label"].to_pylist())
    assert outcomes(sound) == ["met"] * 4
    assert sound.gates[1].reason == "beats_and_adds"
    lucky = 0
    for seed in range(8):
        found = judged(estimator, shuffled(seed), seed=seed)
        assert "met" not in outcomes(found), (seed, found.gates)
        lucky += without_calibration(found)
    # Control: by ranking and coefficient alone some of these would have passed.
    assert lucky >= 3


def test_the_checks_name_what_was_added_and_the_calibration_beside_it():
    gate = judged("logistic", shuffled(3), seed=3).gates[0]
    told = {check.what: check for check in gate.checks}
    assert told["AUROC added to the baseline"].outcome == "met"
    assert told["net benefit added to the baseline"].outcome == "met"
    assert told["net benefit added to the baseline"].threshold == 0.2
    assert told["calibration_slope"].value > 1.3
    assert (gate.outcome, gate.reason) == ("failed", "outside")


def shipped():
    """Return the gates of every plan that comes along for an outcome of yes or no, by its project.

    Gates of groups and days that these rows do not have are left out, which makes a plan easier
    to meet. Baselines are those of these rows, once the score and once the coin.
    """
    found = {}
    for path in sorted(examples_folder().glob("*/validation.yaml")):
        plan = read_spec(path, ValidationSpec)
        gates = [gate for gate in dump(plan)["gates"] if gate["gate"] not in LACKED]
        if plan.primary == "auroc":
            for name in ("stays", "coin"):
                renamed = [{**gate, "baseline": name} if "baseline" in gate else gate
                           for gate in gates]  # fmt: skip
                found[path.parent.name, name] = PLAN.model_copy(
                    update={"gates": ValidationSpec(baselines=[name], gates=renamed).gates}
                )
    return found


LACKED = {"subgroup_not_worse", "subgroup_auroc_at_least", "alert_burden", "minimum_events"}


def test_no_plan_that_comes_along_is_met_by_shuffled_labels_not_even_against_a_coin():
    plans = shipped()
    assert len({project for project, _ in plans}) >= 4
    lucky = 0
    for seed in (3, 4, 7, 8):
        for plan in plans.values():
            report = judged("lightgbm", shuffled(seed), seed=seed, plan=plan)
            assert not report.gates_met, [(g.gate, g.outcome) for g in report.gates]
            beats = report.gate("beats_baseline")
            lucky += beats is not None and beats.outcome == "met"
    # Control: against a coin such a model ranks better, so comparison alone would have let it by.
    assert lucky > 0
