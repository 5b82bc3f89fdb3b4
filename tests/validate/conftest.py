"""A ward's predictions with known truth: 6,000 stays of 3,500 patients over a year, with LACE."""

from dataclasses import replace

import numpy as np
import pytest

from attending.validate.data import Baseline, ValidationData
from attending.validate.recalibrate import recalibrate_score

N, PATIENTS = 6000, 3500


def expit(linear):
    return 1.0 / (1.0 + np.exp(-linear))


def make_ward(*, model_noise=0.3, bad_in=None, seed=17, shrunk=0.93):
    """Return predictions; in group `bad_in` of age the model guesses while LACE still works.

    `shrunk` takes back what the model's noise adds, so that its risks are calibrated.
    """
    rng = np.random.default_rng(seed)
    linear = rng.normal(-1.8, 1.1, N)
    outcome = (rng.random(N) < expit(linear)).astype(np.int8)
    age = rng.choice(["18-64", "65-79", "80+"], N, p=[0.55, 0.33, 0.12])
    noise = rng.normal(0, model_noise, N)
    seen = np.where(age == bad_in, rng.normal(-1.8, 1.1, N), linear + noise)
    score = np.clip(np.round(9 + 2 * linear + rng.normal(0, 2.4, N)), 0, 19)
    past = rng.normal(-1.8, 1.1, N)
    past_score = np.clip(np.round(9 + 2 * past + rng.normal(0, 2.4, N)), 0, 19)
    past_outcome = (rng.random(N) < expit(past)).astype(np.int8)
    lace = recalibrate_score(past_score, past_outcome, score_test=score)
    start = np.datetime64("2025-01-01T06:00:00", "us")
    return ValidationData(
        outcome=outcome,
        risk=expit(-1.8 + shrunk * (seen + 1.8)),
        cluster=rng.integers(1, 2**53, PATIENTS)[rng.integers(0, PATIENTS, N)],
        baselines={"lace": Baseline(score, lace, "LACE")},
        groups={
            "age": age.tolist(),
            "sex": rng.choice(["F", "M"], N).tolist(),
            "language": [None if k % 1000 == 0 else "ENGLISH" for k in range(N)],
        },
        prediction_time=start + rng.integers(0, 365, N).astype("timedelta64[D]"),
        site=rng.choice(["north", "south"], N).tolist(),
    )


@pytest.fixture(scope="session")
def ward():
    return make_ward()


@pytest.fixture(scope="session")
def without_scores(ward):
    """The ward where LACE is missing for one stay in five, as when coding is late."""
    lace = ward.baselines["lace"]
    late = np.arange(N) % 5 == 0
    gone = replace(
        lace, score=np.where(late, np.nan, lace.score), risk=np.where(late, np.nan, lace.risk)
    )
    return replace(ward, baselines={"lace": gone})
