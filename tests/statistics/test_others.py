"""Our figures beside those of other implementations, frozen by `make figures`.

On twenty golden rows, on PhysioNet 2012 and on diabetes 130: scikit-learn, statsmodels and dcurves
to 1e-9, confidenceinterval to the six digits that it keeps, pmvalsampsize to its simulation.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from attending.statistics.auroc import auroc, auroc_interval
from attending.statistics.catalog import MEASURES
from attending.statistics.net_benefit import net_benefit, net_benefit_treat_all
from attending.statistics.recalibration import calibration_in_the_large_interval, recalibration
from attending.statistics.sample_size import (
    normal_predictor,
    size_for_auroc,
    size_for_net_benefit,
    size_for_observed_expected,
    size_for_slope,
)
from benchmarks import real_predictions
from tests.statistics.golden import OUTCOME, RISK

HERE = Path(__file__).parent
OTHERS = json.loads((HERE / "others.json").read_text(encoding="utf-8"))
SIZES = json.loads((HERE / "pmvalsampsize.json").read_text(encoding="utf-8"))
NEAR = pytest.approx


def agrees(outcome, risk, theirs):
    assert (outcome.size, int(outcome.sum())) == (theirs["rows"], theirs["events"])
    for name, value in theirs["sklearn"].items():
        assert MEASURES.get(name).compute(outcome, risk) == NEAR(value, abs=1e-9), name
    wald = auroc_interval(outcome, risk, scale="wald")
    assert [wald.low, wald.high] == NEAR(theirs["confidenceinterval"]["delong_wald"], abs=2e-6)
    for threshold, (mine, everyone) in theirs["dcurves"].items():
        at = float(threshold)
        assert net_benefit(outcome, risk, threshold=at) == NEAR(mine, abs=1e-9)
        rate = float(outcome.mean())
        assert net_benefit_treat_all(rate, threshold=at) == NEAR(everyone, abs=1e-9)
    large = calibration_in_the_large_interval(outcome, risk)
    line = recalibration(outcome, risk)
    for name, found in (
        ("calibration_in_the_large", large), ("intercept", line.intercept), ("slope", line.slope),
    ):  # fmt: skip
        assert [found.value, found.se] == NEAR(theirs["statsmodels"][name], abs=1e-8), name


def test_the_golden_rows_agree_with_every_other_implementation():
    agrees(OUTCOME, RISK, OTHERS["golden"])


@pytest.mark.data
@pytest.mark.parametrize("score", ["SAPS-I", "SOFA"])
def test_physionet_2012_agrees_with_every_other_implementation(data_folder, score):
    died, risk, points = real_predictions.physionet(data_folder, score)
    agrees(died, risk, OTHERS["physionet_saps" if score == "SAPS-I" else "physionet_sofa"])
    published = {"SAPS-I": 0.65, "SOFA": 0.62}[score]
    assert round(auroc(died, points), 2) == published


@pytest.mark.data
def test_diabetes_130_agrees_with_every_other_implementation(data_folder):
    back, risk, patient = real_predictions.diabetes(data_folder)
    assert (back.size, int(back.sum()), np.unique(patient).size) == (99_343, 11_314, 69_990)
    agrees(back, risk, OTHERS["diabetes"])


def test_another_risk_does_not_agree():
    with pytest.raises(AssertionError):
        agrees(OUTCOME, RISK + 1e-6 * OUTCOME, OTHERS["golden"])


@pytest.mark.parametrize("name", SIZES)
def test_sample_sizes_agree_with_pmvalsampsize(name):
    asked, rows = SIZES[name]["asked"], SIZES[name]["criteria"]
    prevalence = asked["prevalence"]
    events = size_for_observed_expected(prevalence, width=asked["oeciwidth"])
    # It rounds the standard error to a step of 0.0001, and simulates the slope.
    assert events == NEAR(rows["1"], rel=0.003, abs=1)
    slope = size_for_slope(normal_predictor(*asked["lpnormal"]), width=asked.get("csciwidth", 0.2))
    assert slope == NEAR(rows["2"], rel=0.01)
    assert size_for_auroc(asked["cstatistic"], prevalence=prevalence) == NEAR(rows["3"], abs=1)


@pytest.mark.parametrize("name", SIZES)
def test_rows_for_net_benefit_are_those_of_pmvalsampsize_at_its_standard_error(name):
    found = SIZES[name]["net_benefit"]
    asked = found["asked"]
    at = {"prevalence": SIZES[name]["asked"]["prevalence"], "threshold": asked["threshold"]}
    sens, spec = asked["sensitivity"], asked["specificity"]
    # It rounds the standard error to three places; at that error the rows are the same.
    rounded = size_for_net_benefit(sens, spec, **at, width=2 * 1.96 * found["se"])
    assert rounded == found["rows"]
    width = asked.get("nbciwidth", 0.2)
    assert size_for_net_benefit(sens, spec, **at, width=width) == NEAR(found["rows"], rel=0.015)
    assert size_for_net_benefit(sens, spec, **at, width=1.1 * width) < 0.9 * found["rows"]
