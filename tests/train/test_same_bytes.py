"""The same files under another thread count, hash seed, locale and time zone."""

import os
import subprocess
import sys

PROGRAM = """
from attending.digests import digest_bytes
from attending.train.run_record import artifacts
from tests.train.test_fit import BOTH, fitted
print({name: digest_bytes(data) for name, data in artifacts(fitted(BOTH)[1]).items()})
"""
NUMBERS = """
import numpy as np
from attending.models.number_linear import NumberLinearEstimator
from attending.models.number_protocol import Asked

rng = np.random.default_rng(2)
base = rng.normal(size=(20_000, 1))
x = base + 1e-3 * rng.normal(size=(20_000, 14))  # columns so alike that the last digits matter
names = tuple(f"f{k}" for k in range(14))
mean = np.exp(0.2 + 0.5 * base[:, 0])
for link, y in (("log", rng.poisson(mean).astype(float)), ("identity", mean)):
    asked = Asked(names, 1, 0.8, link == "log", parameters={"l2": 1e-3})
    print("model.json", NumberLinearEstimator(link=link).fit(x, y, asked).write()["model.json"])
"""
PLACES = (
    {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "1", "TZ": "UTC"},
    {
        "OMP_NUM_THREADS": "2",
        "OPENBLAS_NUM_THREADS": "2",
        "PYTHONHASHSEED": "99",
        "TZ": "America/Chicago",
        "LC_ALL": "C",
    },
)


def printed(program):
    """Return what a program prints in two places at once."""
    running = [
        subprocess.Popen(
            [sys.executable, "-c", program],
            env=os.environ | place,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for place in PLACES
    ]
    return [process.communicate() for process in running]


def test_a_linear_model_of_many_numbers_or_counts_gives_the_same_bytes_under_other_threads():
    one, other = printed(NUMBERS)
    assert one == other
    assert one[0].count("model.json") == 2


def test_a_fit_gives_the_same_files_wherever_it_runs():
    one, other = printed(PROGRAM)
    assert one == other
    assert "model.json" in one[0] and "compare/lightgbm/model.txt" in one[0]
