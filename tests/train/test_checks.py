"""What stops a fit: AUROC of single features, sample size."""

import numpy as np
import pytest

from attending.errors import Refused
from attending.train.checks import check_sample_size, check_too_good, rank_auroc, separation
from tests.train.cohort_rows import spec


def test_rank_auroc_is_that_of_scikit_learn():
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(0)
    y = (rng.random(500) < 0.2).astype(np.int8)
    score = np.round(rng.normal(y, 1.0), 1)
    assert rank_auroc(score, y) == pytest.approx(roc_auc_score(y, score), abs=1e-12)


def test_a_feature_that_ranks_backwards_is_found_as_well():
    y = np.array([0, 1] * 30, dtype=np.int8)
    assert separation(-y.astype(float), y) == 1.0


def test_a_few_rows_are_not_called_a_leak():
    y = np.array([0, 1] * 30, dtype=np.int8)
    rare = np.full(60, np.nan)
    rare[:6] = y[:6]
    check_too_good(rare[:, None], y, names=["rare"])


def test_too_few_rows_warn_or_refuse_as_the_spec_says():
    assert check_sample_size(spec(), rows=500, needed=900, parameters=30).needed == 900
    strict = spec(sample_size={"policy": "refuse"})
    with pytest.raises(Refused) as refused:
        check_sample_size(strict, rows=500, needed=900, parameters=30)
    assert refused.value.code == "train.sample_size"
