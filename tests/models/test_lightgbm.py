"""LightGBM: scores equal to its own package, and text that is looked at before it is loaded."""

import subprocess
import sys

import numpy as np
import pytest

from attending.errors import BadInput, Refused
from attending.models.lightgbm_text import check_text
from attending.models.lightgbm_trees import TreesEstimator
from tests.models.hospital_rows import NAMES, rows

X, Y = rows()
FEW = {"num_iterations": 20, "min_data_in_leaf": 10}


@pytest.fixture(scope="module")
def model():
    return TreesEstimator().fit(X, Y, names=NAMES, parameters=FEW, seed=7)


def test_margins_and_contributions_are_those_of_the_package_to_the_bit(model):
    import lightgbm

    booster = lightgbm.Booster(model_str=model.text.decode())
    np.testing.assert_array_equal(booster.predict(X, raw_score=True), model.margin(X))
    np.testing.assert_array_equal(booster.predict(X, pred_contrib=True), model.contributions(X))
    np.testing.assert_allclose(booster.predict(X), model.risk(X), atol=1e-15)


def test_scoring_imports_neither_scikit_learn_nor_the_package(model, tmp_path):
    (tmp_path / "model.txt").write_bytes(model.text)
    program = (
        "import sys, pathlib, numpy as np\n"
        "from attending.models.registered import MODELS\n"
        f"text = pathlib.Path({str(tmp_path / 'model.txt')!r}).read_bytes()\n"
        f"model = MODELS.get('lightgbm').read(text, names={NAMES!r})\n"
        f"model.contributions(np.zeros((1, {len(NAMES)})))\n"
        "print(sorted({'sklearn', 'lightgbm', 'pandas', 'scipy'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "[]", "")


def test_a_monotone_feature_never_lowers_the_risk():
    parameters = FEW | {"monotone_up": "prior_stays"}
    model = TreesEstimator().fit(X, Y, names=NAMES, parameters=parameters, seed=7)
    grid = np.repeat(X[:50], 8, axis=0)
    grid[:, 3] = np.tile(np.arange(8.0), 50)
    assert (np.diff(model.margin(grid).reshape(50, 8), axis=1) >= 0).all()
    with pytest.raises(BadInput) as refused:
        TreesEstimator().fit(X, Y, names=NAMES, parameters={"monotone_up": "ages"}, seed=7)
    assert "'age'" in refused.value.hint


def test_tuning_rows_stop_the_fit_early_and_are_needed_for_it():
    parameters = FEW | {"num_iterations": 300, "early_stopping_rounds": 5}
    model = TreesEstimator().fit(
        X[:400], Y[:400], names=NAMES, parameters=parameters, seed=7, tuning=(X[400:], Y[400:])
    )
    assert 1 <= model.text.count(b"\nTree=") < 300
    with pytest.raises(BadInput) as refused:
        TreesEstimator().fit(X, Y, names=NAMES, parameters=parameters, seed=7)
    assert refused.value.code == "model.no_tuning"


def test_names_with_spaces_are_written_as_numbers():
    names = ("age in years", *NAMES[1:])
    model = TreesEstimator().fit(X, Y, names=names, parameters=FEW, seed=7)
    back = TreesEstimator().read(model.write(), names=names)
    assert back.names == names and b"feature_names=f0 f1 f2 f3 f4" in model.text


def edits(text):
    """Ways to break a model file that the library would follow without a question."""
    left = text.split(b"left_child=")[1].split(b"\n")[0]
    leaves = text.split(b"leaf_value=")[1].split(b"\n")[0]
    split = text.split(b"split_feature=")[1].split(b"\n")[0]
    values = left.split(b" ")
    return {
        "a child is its own parent": text.replace(left, b" ".join([b"0", *values[1:]]), 1),
        "a child that is not there": text.replace(left, b" ".join([b"99", *values[1:]]), 1),
        "a child short": text.replace(left, b" ".join(values[1:]), 1),
        "a leaf short": text.replace(leaves, leaves.split(b" ", 1)[1], 1),
        "a feature that is not there": text.replace(split, b"7" + split[1:], 1),
        "tree sizes": text.replace(b"tree_sizes=", b"tree_sizes=9", 1),
        "cut off": text[: len(text) // 2],
        "another objective": text.replace(b"binary sigmoid:1", b"regression", 1),
        "categories": text.replace(b"num_cat=0", b"num_cat=1", 1),
        "not text": text + b"\xff",
        "nothing": b"",
    }


@pytest.mark.parametrize("what", edits(b"left_child=1 2\nleaf_value=1 2\nsplit_feature=0 1\n"))
def test_text_that_would_mislead_the_library_is_refused(model, what):
    check_text(model.text, names=NAMES)
    with pytest.raises(Refused) as refused:
        check_text(edits(model.text)[what], names=NAMES)
    assert refused.value.code == "model.format"
