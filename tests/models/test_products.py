"""Products do not depend on how many threads there are, and are what the library gives."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from attending.models.products import column_sums, row_sums, weighted_squares

PROGRAM = """
import hashlib, numpy as np
from attending.models.newton import fit_logistic
from attending.models.products import column_sums, row_sums, weighted_squares
rng = np.random.default_rng(3)
x, v, w = rng.normal(size=(6000, 150)), rng.random(6000), rng.normal(size=150)
found = (row_sums(x, w), column_sums(x, v), weighted_squares(x, v))
print([hashlib.sha256(one.tobytes()).hexdigest() for one in found])
"""


@pytest.mark.parametrize(
    ("n", "k"), [(0, 3), (0, 101), (1, 1), (40, 5), (5000, 70), (3, 9001), (5000, 101), (2601, 230)]
)
def test_they_are_what_the_library_gives_to_the_last_digits(n, k):
    rng = np.random.default_rng(n + k)
    table, values, weights = rng.normal(size=(n, k)), rng.random(n), rng.normal(size=k)
    assert np.allclose(row_sums(table, weights), table @ weights, rtol=1e-12, atol=1e-9)
    assert np.allclose(column_sums(table, values), table.T @ values, rtol=1e-12, atol=1e-9)
    if k < 1000:
        squares = (table * values[:, None]).T @ table
        found = weighted_squares(table, values)
        assert np.allclose(found, squares, rtol=1e-12, atol=1e-9)
        if k > 100:  # made tile by tile, of which each stands for two
            assert (found == found.T).all()


def test_one_thread_and_two_give_the_same_bits():
    said = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "OPENBLAS_NUM_THREADS": threads},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for threads in ("1", "2")
    ]
    assert said[0] == said[1]
    assert said[0].count("'") == 6


def test_a_table_of_one_block_gives_the_librarys_own_bits():
    rng = np.random.default_rng(1)
    table, weights = rng.normal(size=(90, 11)), rng.normal(size=11)
    assert (row_sums(table, weights) == table @ weights).all()
