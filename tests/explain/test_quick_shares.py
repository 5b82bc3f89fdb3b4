"""Shares from tables are the library's own, for every way that a value can be missing."""

import re

import numpy as np
import pytest

from attending.explain.quick_shares import quick_contributions
from attending.models import tree_paths
from attending.models.lightgbm_paths import lightgbm_paths
from attending.models.registered import MODELS
from attending.statistics.path_shares import path_shares
from tests.models.hospital_rows import NAMES
from tests.models.test_bundle import X, bundle_of

SETTINGS = {"num_iterations": 40, "num_leaves": 12, "min_data_in_leaf": 5}


def trees(*, seed, gaps, **more):
    """Trees over six columns: with a missing value everywhere, in no column, or in half of them."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(800, 6)) * np.exp(rng.normal(size=(800, 6)))
    x[rng.random(x.shape) < 0.2] = 0.0
    x[rng.random(x.shape) < gaps] = np.nan
    margin = np.nan_to_num(x[:, 0]) - np.nan_to_num(x[:, 1] * x[:, 2])
    y = (rng.random(800) < 1 / (1 + np.exp(-margin))).astype(np.int8)
    names = tuple("abcdef")
    fit = MODELS.get("lightgbm").fit
    return fit(x, y, names=names, parameters=SETTINGS | more, seed=seed), x


def tables_of(fitted):
    """The tables of trees that are small enough for them."""
    paths = lightgbm_paths(fitted.text)
    assert paths is not None
    return paths


def with_missing(fitted, kind):
    """The same trees, their splits told what counts as missing."""
    text = fitted.text.decode()

    def changed(line):
        kinds = [int(word) & 0b11 | kind << 2 for word in line[1].split()]
        return "decision_type=" + " ".join(map(str, kinds))

    text = re.sub(r"decision_type=([\d ]+)", changed, text)
    sizes = [len(f"Tree={block}") for block in text.partition("end of trees")[0].split("Tree=")[1:]]
    text = re.sub(r"tree_sizes=[\d ]+", "tree_sizes=" + " ".join(map(str, sizes)), text)
    return MODELS.get("lightgbm").read(text.encode(), names=fitted.names)


@pytest.mark.parametrize("kind", [0, 1, 2])
@pytest.mark.parametrize("gaps", [0.0, 0.3])
def test_tables_give_the_shares_of_the_library(kind, gaps):
    fitted, x = trees(seed=kind, gaps=gaps)
    fitted = with_missing(fitted, kind)
    x[:5] = np.nan
    x[5:9] = [[0.0], [-0.0], [1e-36], [np.inf]]
    paths = tables_of(fitted)
    own = fitted.contributions(x)
    np.testing.assert_allclose(path_shares(x, *paths), own, rtol=0, atol=1e-12)
    assert np.abs(own).max() > 0.1


def test_a_row_alone_has_the_bits_that_it_has_among_others():
    fitted, x = trees(seed=3, gaps=0.1)
    paths = tables_of(fitted)
    together = path_shares(x[:40], *paths)
    alone = np.vstack([path_shares(x[k : k + 1], *paths) for k in range(40)])
    assert together.tobytes() == alone.tobytes()


@pytest.mark.parametrize("kind", [0, 1, 2])
def test_a_row_that_hardly_moved_has_the_bits_that_it_has_alone(kind):
    fitted, x = trees(seed=kind, gaps=0.2, num_leaves=24)
    paths = tables_of(with_missing(fitted, kind))
    bounds = paths.bound[:: len(paths.bound) // 6 + 1]
    near = x[7] + 0.05 * np.random.default_rng(kind).standard_normal((12, 6))
    edges = np.tile(x[7], (len(bounds), 1))
    edges[:, 0] = bounds  # a value at the bound itself goes left
    odd = np.full((6, 6), [[np.nan], [0.0], [-0.0], [1e-36], [np.inf], [-np.inf]])
    for first in (x[7], odd[0], odd[1], edges[0]):
        rows = np.vstack([first, near, edges, odd, x[:9]])
        alone = np.vstack([path_shares(row[None, :], *paths) for row in rows])
        assert path_shares(rows, *paths).tobytes() == alone.tobytes()
    assert len({row.tobytes() for row in alone}) > len(near)


def test_stumps_have_no_share_and_a_base():
    fitted, x = trees(seed=4, gaps=0.0, min_data_in_leaf=700)
    np.testing.assert_allclose(
        path_shares(x, *tables_of(fitted)), fitted.contributions(x), rtol=0, atol=1e-12
    )


@pytest.mark.parametrize("estimator", ["lightgbm", "logistic"])
def test_every_bundle_has_its_own_contributions(estimator):
    bundle = bundle_of(estimator)
    assert bundle.names == NAMES
    np.testing.assert_allclose(
        quick_contributions(bundle, X), bundle.contributions(X), rtol=0, atol=1e-12
    )


def test_trees_that_are_too_large_for_tables_are_asked_themselves(monkeypatch):
    fitted, x = trees(seed=5, gaps=0.1)
    assert lightgbm_paths(fitted.text) is not None
    monkeypatch.setattr(tree_paths, "MOST_NUMBERS", 10)
    assert lightgbm_paths(fitted.text) is None
    monkeypatch.undo()
    monkeypatch.setattr(tree_paths, "MOST_SPLITS", 3)
    assert lightgbm_paths(fitted.text) is None
    assert x.shape == (800, 6)


def test_text_that_counts_no_rows_is_left_to_the_library():
    bundle = bundle_of("lightgbm")
    uncounted = re.sub(rb"(leaf|internal)_count=[\d ]+\n", b"", bundle.fitted.text)
    with pytest.raises(KeyError):
        lightgbm_paths(uncounted)
