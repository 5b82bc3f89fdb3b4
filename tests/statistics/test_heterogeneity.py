"""How much sites differ, against the published figures of the BCG vaccine trials."""

import numpy as np
import pytest

from attending.errors import BadInput
from attending.statistics.heterogeneity import heterogeneity

# Colditz et al., JAMA 1994;271:698: cases and non-cases, vaccinated and not, of 13 trials.
BCG = np.array(
    [
        (4, 119, 11, 128), (6, 300, 29, 274), (3, 228, 11, 209), (62, 13536, 248, 12619),
        (33, 5036, 47, 5761), (180, 1361, 372, 1079), (8, 2537, 10, 619),
        (505, 87886, 499, 87892), (29, 7470, 45, 7232), (17, 1699, 65, 1600),
        (186, 50448, 141, 27197), (5, 2493, 3, 2338), (27, 16886, 29, 17825),
    ]
)  # fmt: skip


def log_relative_risks():
    a, b, c, d = BCG.T
    value = np.log(a / (a + b)) - np.log(c / (c + d))
    return value, 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)


def test_the_bcg_trials_give_the_published_random_effects_figures():
    """Viechtbauer, J Stat Softw 2010;36:3 (metafor), method DL."""
    found = heterogeneity(*log_relative_risks())
    assert found.q == pytest.approx(152.2330, abs=5e-5)
    assert found.tau2 == pytest.approx(0.3088, abs=5e-5)
    assert found.i2 == pytest.approx(0.9212, abs=5e-5)
    assert found.pooled == pytest.approx(-0.7141, abs=5e-5)
    assert (found.low, found.high) == pytest.approx((-1.0644, -0.3638), abs=1e-4)
    assert found.p < 1e-4


def test_a_new_site_may_lie_further_out_than_the_mean_is_uncertain():
    found = heterogeneity(*log_relative_risks())
    assert found.new_low < found.low < found.pooled < found.high < found.new_high


def test_equal_sites_show_no_heterogeneity_and_two_sites_foretell_no_third():
    found = heterogeneity([0.4, 0.4], [0.1, 0.2])
    assert (found.tau2, found.i2, found.q) == (0.0, 0.0, 0.0)
    assert found.new_low is None


@pytest.mark.parametrize(("values", "variances"), [([1], [1]), ([1, 2], [1, 0]), ([1, 2], [1])])
def test_one_site_or_no_variance_is_refused(values, variances):
    with pytest.raises(BadInput, match="two or more"):
        heterogeneity(values, variances)
