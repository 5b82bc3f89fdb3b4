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


def test_a_fit_gives_the_same_files_wherever_it_runs():
    running = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            env=os.environ | place,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for place in PLACES
    ]
    one, other = (process.communicate() for process in running)
    assert one == other
    assert "model.json" in one[0] and "compare/lightgbm/model.txt" in one[0]
