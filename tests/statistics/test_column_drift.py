"""All measures at once are those of each alone, and of scipy, also with ties and gaps."""

import numpy as np
import pytest
from scipy import stats

from attending.errors import BadInput
from attending.statistics.column_drift import column_drift, table_drift
from attending.statistics.jensen_shannon import jensen_shannon
from attending.statistics.kolmogorov_smirnov import ks_distance
from attending.statistics.psi import psi
from attending.statistics.wasserstein import wasserstein


def sides(kind, n, m):
    rng = np.random.default_rng(len(kind))
    draw = {
        "smooth": lambda k, by: rng.normal(by, 1, k),
        "counts": lambda k, by: rng.poisson(2 + by, k).astype(float),
        "mostly zero": lambda k, by: np.where(rng.random(k) < 0.8, 0, rng.gamma(2, 3 + by, k)),
        "one value": lambda k, by: np.full(k, 3.0 + by),
    }[kind]
    made = draw(n, 0.0), draw(m, 0.4)
    for one, share in zip(made, (0.1, 0.2), strict=True):
        one[rng.random(len(one)) < share] = np.nan
    return made


@pytest.mark.parametrize("kind", ["smooth", "counts", "mostly zero", "one value"])
@pytest.mark.parametrize(("n", "m"), [(500, 300), (37, 91)])
def test_each_measure_is_what_it_is_alone_and_in_scipy(kind, n, m):
    then, now = sides(kind, n, m)
    found = column_drift(then, now)
    known = [one[~np.isnan(one)] for one in (then, now)]
    assert found.psi == pytest.approx(psi(then, now), abs=1e-12)
    assert found.jensen_shannon == pytest.approx(jensen_shannon(then, now), abs=1e-12)
    assert found.ks == pytest.approx(ks_distance(then, now), abs=1e-12)
    assert found.ks == pytest.approx(stats.ks_2samp(*known).statistic, abs=1e-12)
    assert found.missing == pytest.approx(np.isnan(now).mean() - np.isnan(then).mean())
    if kind == "one value":
        assert np.isnan(found.wasserstein)
        return
    theirs = stats.wasserstein_distance(*known) / known[0].std()
    assert found.wasserstein == pytest.approx(theirs, abs=1e-12)
    assert found.wasserstein == pytest.approx(wasserstein(then, now), abs=1e-12)


def test_one_factor_is_told_from_sicker_patients():
    rng = np.random.default_rng(3)
    then = rng.lognormal(0, 0.5, 2000)
    unit = column_drift(then, rng.lognormal(0, 0.5, 2000) * 88.42)
    assert unit.ratio == pytest.approx(88.42, rel=0.05)
    assert unit.apart < 0.12
    # A tail moves: no one factor.
    assert column_drift(then, np.where(then > 1.2, then * 3, then)).apart > 0.3
    assert np.isnan(column_drift(-then, then).ratio)


def test_columns_of_a_table_and_what_is_refused():
    rng = np.random.default_rng(4)
    then, now = (list(rng.normal(by, 1, (3, 400))) for by in (0.0, 0.3))
    assert table_drift(then, now) == tuple(map(column_drift, then, now))
    gone = column_drift(then[0], np.full(5, np.nan))
    assert (gone.missing, np.isnan(gone.ks)) == (1.0, True)
    none = np.empty(0)
    for bad in ((np.full(3, np.nan), then[0]), (none, then[0]), (then[0], none)):
        with pytest.raises(BadInput):
            column_drift(*bad)
    with pytest.raises(BadInput, match="columns"):
        table_drift(then, now[:2])
