"""A model file that somebody brings is told by its bytes, and read by its own reader or refused."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from attending.errors import Refused
from attending.models.lightgbm_trees import TreesEstimator
from attending.models.outside import RECIPE, read_outside
from tests.models import onnx_files

NAMES = ("age", "visits", "lactate", "flag", "weight")


def rows():
    rng = np.random.default_rng(3)
    x = rng.normal(0, 1, (300, len(NAMES)))
    return x, (x[:, 0] + rng.normal(0, 1, 300) > 0).astype(np.int8)


def test_each_form_is_told_by_its_bytes_with_the_features_that_it_names():
    x, y = rows()
    trees = TreesEstimator().fit(
        x, y, names=NAMES, parameters={"num_iterations": 5, "min_data_in_leaf": 20}, seed=1
    )
    form, fitted = read_outside(trees.write())
    assert (form, fitted.names) == ("LightGBM text", NAMES)
    assert fitted.risk(x).tolist() == trees.risk(x).tolist()
    np.testing.assert_allclose(fitted.contributions(x).sum(axis=1), fitted.margin(x), atol=1e-12)
    frozen = json.loads((Path(__file__).parent / "xgboost.json").read_text(encoding="utf-8"))
    form, fitted = read_outside(json.dumps(frozen["kinds"]["plain"]["model"]).encode())
    assert (form, fitted.names) == ("XGBoost JSON", NAMES)
    form, fitted = read_outside(onnx_files.whole(names=NAMES))
    assert (form, fitted.names) == ("ONNX", NAMES)
    assert fitted.risk(x[:3]).shape == (3,)


@pytest.mark.parametrize(
    ("data", "code", "hint"),
    [
        (b"\x80\x05\x95model", "adopt.format", RECIPE),
        (b"ZF\x00joblib", "adopt.format", RECIPE),
        (gzip.compress(b"\x80\x04.", mtime=0), "adopt.format", RECIPE),
        (b"PK\x03\x04", "adopt.format", RECIPE),
        (b"(lp0\n.", "adopt.format", RECIPE),  # the oldest form of pickle has no mark
        (b"{L\x00\x00\x00\x00\x00\x00\x00\x01", "adopt.ubj", "save_model"),
        (b"{}", "model.xgboost", "save_model"),
        (b"tree\nversion=v4\nnum_class=1\n", "model.format", ""),
        (b"\x08\x07broken", "model.format", ""),
    ],
)
def test_what_is_no_model_or_could_run_code_is_refused_with_what_to_do(data, code, hint):
    with pytest.raises(Refused) as refused:
        read_outside(data)
    assert refused.value.code == code
    assert hint in refused.value.hint
