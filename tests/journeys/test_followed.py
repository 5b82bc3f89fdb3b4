"""`validate predictions` on a file that says until when each patient was followed."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from tests.journeys.test_recorded import attending

N = 3000


@pytest.fixture(scope="module")
def truth():
    """Risks, times to the event and to the loss in days, and what came within 30 days."""
    rng = np.random.default_rng(21)
    risk = rng.uniform(0.05, 0.6, N)
    comes = rng.exponential(-30 / np.log1p(-risk))
    return risk, comes, rng.uniform(0, 60, N)


def written(folder, truth, *, change=lambda row: row):
    """Write a registry's file: a time, and whether the event ended it."""
    risk, comes, leaves = truth
    path = folder / "registry.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, ["PatientID", "Risk", "Died", "Time to event"])
        writer.writeheader()
        for k in range(N):
            days = min(comes[k], leaves[k], 30.0)
            row = {
                "PatientID": f"P{k}", "Risk": f"{risk[k]:.5f}",
                "Died": int(comes[k] <= days), "Time to event": f"{days:.3f}",
            }  # fmt: skip
            writer.writerow(change(row))
    return path


def weighted(told):
    return {row["measure"]: row for row in told["censoring"]}


def test_those_who_were_lost_are_stood_for_and_the_columns_are_said(tmp_path, truth):
    _, comes, leaves = truth
    died = float(np.mean(comes <= 30))
    path = written(tmp_path, truth)
    done = attending(tmp_path, path.name, "--draws", "60")
    assert "follow-up" in done.stdout and "Time to event" in done.stdout
    lost = int(np.count_nonzero(leaves < np.minimum(comes, 30)))
    assert f"horizon 30; lost before it: {lost:,}" in done.stdout
    assert f"{lost:,} rows were lost before their outcome was known" in " ".join(
        done.stdout.split()
    )
    told = json.loads(attending(tmp_path, path.name, "--draws", "60", "--json").stdout)
    share = weighted(told)["prevalence"]
    assert share["complete"] > died + 0.04  # control: leaving them out counts too many deaths
    assert share["weighted"]["low"] < died < share["weighted"]["high"]
    assert share["weighted"]["value"] == pytest.approx(died, abs=0.02)
    ratio = weighted(told)["observed_expected"]
    assert ratio["complete"] > 1.1
    assert ratio["weighted"]["low"] < 1.0 < ratio["weighted"]["high"]
    assert share["censored"] == lost
    page = (tmp_path / "registry.validation.html").read_text(encoding="utf-8")
    assert "Censored rows: left out, and stood for by weights" in page


def test_a_file_that_does_not_say_the_horizon_is_refused_and_nothing_is_written(tmp_path, truth):
    path = written(
        tmp_path,
        truth,
        change=lambda row: {
            **row, "Time to event": float(row["Time to event"]) + int(row["PatientID"][1:]) / N
        },
    )  # fmt: skip
    done = attending(tmp_path, path.name, code=2)
    assert "[predictions.which_horizon]" in done.stderr
    assert "--horizon 30" in done.stderr
    assert list(tmp_path.iterdir()) == [path]
    told = attending(tmp_path, path.name, "--horizon", "30", "--draws", "50").stdout
    assert "horizon 30; lost before it" in told
