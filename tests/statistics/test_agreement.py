"""Our measures against scikit-learn and scipy on rows with ties, and against slow definitions."""

import numpy as np
import pytest

from attending.errors import BadInput
from attending.statistics.auroc import auroc, auroc_interval, delong_difference
from attending.statistics.average_precision import average_precision
from attending.statistics.brier import brier
from attending.statistics.catalog import MEASURES
from attending.statistics.inputs import TooFewOutcomes, logit
from attending.statistics.jensen_shannon import jensen_shannon_of_shares
from attending.statistics.kolmogorov_smirnov import ks_distance, ks_p
from attending.statistics.log_loss import log_loss
from attending.statistics.logistic import fit
from attending.statistics.missingness import two_proportions
from attending.statistics.multiplicity import benjamini_hochberg, holm
from attending.statistics.net_benefit import decision_curve, net_benefit
from attending.statistics.roc import roc_points
from attending.statistics.smooth_calibration import calibration_curve, smooth
from attending.statistics.wasserstein import wasserstein
from attending.statistics.wilson import wilson


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(11)
    risk = np.round(rng.beta(2, 6, 3000), 2).clip(0.01, 0.99)
    return (rng.random(3000) < risk).astype(np.int8), risk, rng


def test_ranking_and_accuracy_agree_with_scikit_learn(rows):
    from sklearn import metrics

    outcome, risk, _ = rows
    for ours, theirs in (
        (auroc, metrics.roc_auc_score),
        (average_precision, metrics.average_precision_score),
        (brier, metrics.brier_score_loss),
        (log_loss, metrics.log_loss),
    ):
        assert ours(outcome, risk) == pytest.approx(theirs(outcome, risk), abs=1e-12)


def test_drift_agrees_with_scipy(rows):
    from scipy import stats
    from scipy.spatial.distance import jensenshannon

    _, risk, rng = rows
    other = risk[:2000] + rng.normal(0, 0.05, 2000)
    exact = stats.ks_2samp(risk, other, method="asymp")
    assert ks_distance(risk, other) == pytest.approx(exact.statistic, abs=1e-12)
    assert ks_p(exact.statistic, 3000, 2000) == pytest.approx(exact.pvalue, rel=0.2, abs=1e-9)
    scaled = stats.wasserstein_distance(risk, other) / risk.std()
    assert wasserstein(risk, other) == pytest.approx(scaled, abs=1e-12)
    one, two = np.array([0.1, 0.2, 0.7]), np.array([0.3, 0.3, 0.4])
    assert jensen_shannon_of_shares(one, two) == pytest.approx(
        jensenshannon(one, two, 2), abs=1e-12
    )


def test_logistic_fit_agrees_with_scikit_learn_and_with_its_own_sandwich(rows):
    from sklearn.linear_model import LogisticRegression

    outcome, risk, _ = rows
    columns = np.column_stack([np.ones(risk.size), logit(risk)])
    ours = fit(columns, outcome.astype(float))
    theirs = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(columns[:, 1:], outcome)
    expected = [theirs.intercept_[0], theirs.coef_[0, 0]]
    assert ours.coefficients == pytest.approx(expected, abs=1e-5)
    alone = fit(columns, outcome.astype(float), cluster=np.arange(risk.size))
    assert alone.standard_errors == pytest.approx(ours.standard_errors, rel=0.1)
    doubled = np.tile(columns, (2, 1)), np.tile(outcome, 2).astype(float)
    pairs = fit(*doubled, cluster=np.tile(np.arange(risk.size), 2))
    assert pairs.standard_errors == pytest.approx(alone.standard_errors, rel=1e-6)


def test_a_collinear_fit_is_refused():
    with pytest.raises(BadInput, match="collinear"):
        fit(np.ones((4, 2)), np.array([0.0, 1, 0, 1]))


def test_delong_difference_is_the_paired_one(rows):
    outcome, risk, rng = rows
    other = risk + rng.normal(0, 0.1, risk.size)
    found = delong_difference(outcome, risk, other=other)
    assert found.value == pytest.approx(auroc(outcome, risk) - auroc(outcome, other))
    apart = np.hypot(auroc_interval(outcome, risk).se, auroc_interval(outcome, other).se)
    assert 0 < found.se < apart  # the two are correlated, so the difference is known better
    assert found.low < found.value < found.high


def test_an_auroc_of_one_has_no_delong_interval():
    found = auroc_interval([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9])
    assert (found.value, found.low, found.high) == (1.0, None, None)


def test_decision_curve_is_net_benefit_at_each_threshold(rows):
    outcome, risk, _ = rows
    for point in decision_curve(outcome, risk, thresholds=[0.1, 0.25, 0.6]):
        assert point.model == pytest.approx(
            net_benefit(outcome, risk, threshold=point.threshold), abs=1e-12
        )


def test_holm_and_benjamini_hochberg_by_hand():
    p = [0.01, 0.02, 0.03, 0.04]
    assert holm(p).tolist() == pytest.approx([0.04, 0.06, 0.06, 0.06])
    assert benjamini_hochberg(p).tolist() == pytest.approx([0.04, 0.04, 0.04, 0.04])
    with pytest.raises(BadInput):
        holm([])


def test_wilson_agrees_with_scipy():
    from scipy.stats import binomtest

    for part, whole in ((0, 7), (3, 10), (10, 10), (400, 1000)):
        exact = binomtest(part, whole).proportion_ci(method="wilson")
        found = wilson(part, whole)
        assert (found.low, found.high) == pytest.approx((exact.low, exact.high), abs=1e-12)


def test_two_proportions_by_hand():
    found = two_proportions((50, 1000), (80, 1000))
    assert found.z == pytest.approx(0.03 / np.sqrt(0.065 * 0.935 * 0.002))


def test_smooth_curve_finds_risks_that_are_too_extreme(rows):
    rng = np.random.default_rng(3)
    true = rng.beta(2, 6, 20000)
    outcome = (rng.random(true.size) < true).astype(np.int8)
    extreme = 1 / (1 + np.exp(-2 * logit(true)))
    fitted = smooth(outcome, extreme)
    assert fitted.smoother == "logistic RCS, 5 knots"
    curve = calibration_curve(fitted, extreme)
    expected = 1 / (1 + np.exp(-0.5 * logit(curve.predicted)))
    assert np.max(np.abs(curve.observed - expected)) < 0.05
    assert ((curve.low < curve.observed) & (curve.observed < curve.high)).all()


def test_roc_points_are_thinned_and_keep_their_ends(rows):
    outcome, _, rng = rows
    points = roc_points(outcome, rng.random(outcome.size), at_most=50)
    assert len(points) <= 50
    assert (points[-1].tp, points[-1].fp) == (outcome.sum(), (1 - outcome).sum())


@pytest.mark.parametrize(
    ("outcome", "risk", "code"),
    [
        ([0, 1], [0.1], "statistics.lengths"),
        ([], [], "statistics.lengths"),
        ([0, 2], [0.1, 0.2], "statistics.outcome"),
        ([0, 1], [0.1, float("nan")], "statistics.score"),
        ([0, 1], [0.1, 30], "statistics.risk"),
    ],
)
def test_what_is_no_outcome_or_no_risk_is_refused_without_its_value(outcome, risk, code):
    with pytest.raises(BadInput) as refusal:
        MEASURES.get("brier").compute(outcome, risk)
    assert refusal.value.code == code


def test_one_outcome_only_is_too_few():
    with pytest.raises(TooFewOutcomes):
        auroc([1, 1], [0.2, 0.3])


def test_an_unknown_measure_gets_the_nearest_name():
    with pytest.raises(BadInput, match="auroc"):
        MEASURES.get("auroch")
