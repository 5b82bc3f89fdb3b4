"""Every measure against a figure that another implementation gave."""

import numpy as np
import pytest

from attending.statistics.auroc import auroc, auroc_interval
from attending.statistics.average_precision import average_precision
from attending.statistics.brier import brier, scaled_brier
from attending.statistics.expected_calibration_error import ece_equal_mass, ece_equal_width
from attending.statistics.hosmer_lemeshow import hosmer_lemeshow
from attending.statistics.integrated_calibration import calibration_distance_lowess
from attending.statistics.jensen_shannon import jensen_shannon_of_shares
from attending.statistics.net_benefit import (
    interventions_avoided,
    net_benefit,
    standardised_net_benefit,
)
from attending.statistics.observed_expected import observed_expected_interval
from attending.statistics.psi import psi_of_shares
from attending.statistics.recalibration import calibration_in_the_large_interval, recalibration
from attending.statistics.sample_size import (
    development_size,
    hanley_mcneil_se,
    newcombe_se,
    normal_predictor,
    size_for_auroc,
    size_for_net_benefit,
    size_for_observed_expected,
    size_for_slope,
)
from attending.statistics.spiegelhalter import spiegelhalter_p, spiegelhalter_z
from attending.statistics.threshold_metrics import nne
from tests.statistics.golden import OUTCOME, RISK


def close(value, expected, within=5e-10):
    assert value == pytest.approx(expected, abs=within)


def test_auroc_with_delong_and_both_intervals():
    logit, wald = (auroc_interval(OUTCOME, RISK, scale=scale) for scale in ("logit", "wald"))
    close(auroc(OUTCOME, RISK), 0.6593406593)
    close(logit.se, 0.1326290622)
    close((logit.low, logit.high), (0.378253, 0.860288), within=5e-7)
    close((wald.low, wald.high), (0.399392, 0.919289), within=5e-7)


def test_standard_errors_of_an_auroc_before_data():
    value = auroc(OUTCOME, RISK)
    close(hanley_mcneil_se(value, events=7, others=13), 0.1341657298)
    close(newcombe_se(value, prevalence=0.35, n=20), 0.1301525799)


def test_average_precision_and_brier():
    close(average_precision(OUTCOME, RISK), 0.5152861144)
    close(brier(OUTCOME, RISK), 0.22824)
    close(scaled_brier(OUTCOME, RISK), -0.0032527473)


def test_observed_expected():
    found = observed_expected_interval(OUTCOME, RISK)
    close(RISK.sum(), 5.98)
    close(found.value, 1.1705685619)
    close(found.se, 0.3047247001)


def test_calibration_in_the_large_and_slope():
    large = calibration_in_the_large_interval(OUTCOME, RISK)
    close(large.value, 0.3119107956)
    close(large.se, 0.5442513714, within=2e-8)  # the figure stopped one step before it rested
    both = recalibration(OUTCOME, RISK)
    close((both.intercept.value, both.slope.value), (-0.14970478, 0.44856803), within=5e-9)
    close((both.intercept.se, both.slope.se), (0.60229577, 0.37938598), within=5e-8)


def test_spiegelhalter():
    close(spiegelhalter_z(OUTCOME, RISK), 1.6495079871)
    close(spiegelhalter_p(1.6495079871), 0.0990436082)


def test_hosmer_lemeshow_in_five_groups():
    outside = hosmer_lemeshow(OUTCOME, RISK, groups=5)
    inside = hosmer_lemeshow(OUTCOME, RISK, groups=5, external=False)
    close(outside.statistic, 5.0826215235)
    assert (outside.df, inside.df) == (5, 3)
    close((inside.p, outside.p), (0.165846, 0.405880), within=5e-7)


def test_expected_calibration_error():
    close(ece_equal_mass(OUTCOME, RISK, bins=5), 0.121)
    close(ece_equal_width(OUTCOME, RISK, closed="left"), 0.146)
    close(ece_equal_width(OUTCOME, RISK, closed="right"), 0.134)


@pytest.mark.parametrize(
    ("threshold", "plain", "standardised", "avoided", "needed"),
    [
        (0.1, 0.2444444, 0.6984127, -30.0, 2.6667),
        (0.2, 0.1625, 0.4642857, -10.0, 2.4),
        (0.3, 0.0928571, 0.2653061, 5.0, 2.25),
    ],
)
def test_net_benefit_and_number_needed(threshold, plain, standardised, avoided, needed):
    at = {"threshold": threshold}
    close(net_benefit(OUTCOME, RISK, **at), plain, within=5e-8)
    close(standardised_net_benefit(OUTCOME, RISK, **at), standardised, within=5e-8)
    close(interventions_avoided(OUTCOME, RISK, **at), avoided, within=1e-9)
    close(nne(OUTCOME, RISK, **at), needed, within=5e-5)


def test_calibration_distance_by_lowess():
    found = calibration_distance_lowess(OUTCOME, RISK)
    expected = (0.1059863, 0.1213091, 0.1417725, 0.2630219)
    close((found.ici, found.e50, found.e90, found.emax), expected, within=5e-8)


def test_drift_of_shares():
    reference = np.full(10, 0.1)
    current = np.array([0.05, 0.08, 0.09, 0.10, 0.10, 0.10, 0.11, 0.12, 0.12, 0.13])
    close(psi_of_shares(reference, current), 0.0562907272)
    close(jensen_shannon_of_shares(reference, current), 0.1001070049)


def test_sample_size_for_development():
    first = development_size(30, prevalence=0.05, r2=0.05)
    assert first[:4] == (5249, 1770, 73, 5249)
    close(first.max_r2, 0.3277, within=5e-5)
    second = development_size(24, prevalence=0.174, r2=0.288)
    assert second[:4] == (623, 662, 221, 662)
    close(second.max_r2, 0.6032, within=5e-5)


def test_sample_size_for_validation():
    # 905.06 rows: the published package rounds its standard error and says 905, we round up.
    assert size_for_observed_expected(0.018, width=1.0) == 906
    assert size_for_auroc(0.8, prevalence=0.018) == 4252
    assert size_for_slope(normal_predictor(-5.0, 2.5)) == 4554
    assert size_for_auroc(0.7, prevalence=0.14) == 863
    assert size_for_net_benefit(0.6, 0.7, prevalence=0.14, threshold=0.15) == 1107
