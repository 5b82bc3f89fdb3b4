"""A negative control: a model that was trained on shuffled labels never passes the plan's gates.

`adds_to_baseline` alone is no proof: any mixture of informative features, drawn at random, may add
to a baseline that lacks them. So it never stands alone: its risks are judged beside it.
"""

import numpy as np
import pyarrow as pa
import pytest

from attending.specs.validation import ValidationSpec
from attending.train.fit import fit
from attending.train.split import split
from attending.validate.data import Baseline, ValidationData
from attending.validate.model import validate
from attending.validate.recalibrate import recalibrate_score
from tests.models.hospital_rows import NAMES
from tests.train.cohort_rows import CUT, DELAY, HORIZON, cohort, spec

TABLE, FEATURES = cohort(6000, patients=6000, seed=3)
TREES = {"num_iterations": 30, "min_data_in_leaf": 20}
GATES = [
    {"gate": "beats_baseline", "baseline": "stays"},
    {"gate": "adds_to_baseline", "baseline": "stays"},
    {"gate": "calibration_slope"},
]
PLAN = ValidationSpec(
    baselines=["stays"],
    thresholds=[0.2],
    subgroups=["site"],
    high_risk_subgroups=[],
    decision_curve={"low": 0.2, "high": 0.3, "step": 0.1},
    bootstrap={"draws": 100},
    gates=GATES,
)


def answers(estimator, labels, *, seed=1):
    """Return what the gates say of a model that was fitted on these labels of the training rows."""
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
            )
        },
        groups={},
        prediction_time=TABLE["prediction_time"].to_numpy()[test],
        site=TABLE["site"].take(pa.array(test)).to_pylist(),
    )
    return {gate.gate: gate.outcome for gate in validate(PLAN, data).gates}


def shuffled(seed):
    """Return the labels given to other rows; those without one stay without."""
    labels = np.array(TABLE["label"].to_pylist(), dtype=object)
    known = np.flatnonzero(labels != None)  # noqa: E711 - elementwise
    labels[known] = labels[np.random.default_rng(seed).permutation(known)]
    return labels.tolist()


@pytest.mark.parametrize("estimator", ["logistic", "lightgbm", "additive"])
def test_a_model_on_shuffled_labels_never_passes_the_gates(estimator):
    # Control: on the true labels the same plan is met in what compares.
    sound = answers(estimator, TABLE["label"].to_pylist())
    assert sound["beats_baseline"] == sound["adds_to_baseline"] == "met"
    for seed in range(6):
        found = answers(estimator, shuffled(seed), seed=seed)
        assert found["beats_baseline"] != "met", found
        assert found["calibration_slope"] != "met", found
