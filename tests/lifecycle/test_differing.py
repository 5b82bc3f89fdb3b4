"""A planted cause of a quarter's regression is named, and the parts add up to the whole."""

from __future__ import annotations

import pytest

from attending.lifecycle import provenance
from tests.lifecycle.study import Study

FIRST, SECOND = "2023-09-01T00:00:00Z", "2023-12-01T00:00:00Z"


class Quarters(Study):
    """Two quarters of one hospital: the second run sees the second one's snapshot and test."""

    first = ""

    def quarter(self, until: str, test_from: str) -> str:
        """Return the run of a quarter, whose test is what came after `test_from`."""
        self.ingest(self.extract(f"to-{until[:10]}", until=until))
        self.specs("model", lambda spec: spec["split"].update(test_from=test_from))
        return self.fit()

    def diff(self, before: str, after: str):
        return self.asked("run", "diff", before, after).json


@pytest.fixture
def quarters(tmp_path):
    study = Quarters(tmp_path, patients=2500)
    study.first = study.quarter(FIRST, "2023-02-01T00:00:00Z")
    return study


def of(diff, measure):
    (found,) = (one for one in diff["shares"] if one["measure"] == measure)
    return found


def differing(diff):
    return {one["name"] for one in diff["causes"] if one["differs"]}


def adds_up(diff) -> bool:
    return all(
        abs(one["change"] - one["population"] - one["label"] - one["model"]) < 1e-12
        and abs(one["after"] - one["before"] - one["change"]) < 1e-12
        for one in diff["shares"]
    )


def shown(share, which) -> bool:
    """Return whether the interval of a part holds the part, and leaves out 0."""
    ends = share["intervals"][which]
    assert ends["low"] <= share[which] <= ends["high"]
    return not ends["low"] <= 0.0 <= ends["high"]


def largest(share) -> str:
    return max(("population", "label", "model"), key=lambda name: abs(share[name]))


@pytest.mark.requirement("C11")
def test_a_longer_horizon_is_named_as_the_cause_of_a_worse_brier_score(quarters):
    def longer(spec):
        spec["label"]["horizon"] = "120d"

    quarters.specs("cohort", longer)
    second = quarters.quarter(SECOND, "2023-02-01T00:00:00Z")
    diff = quarters.diff(quarters.first, second)
    brier = of(diff, "brier")
    assert brier["change"] > 0.01
    assert largest(brier) == "label"
    assert brier["label"] > 0.01
    assert shown(brier, "change")
    assert shown(brier, "label")
    assert not shown(brier, "model")
    assert adds_up(diff)
    assert "labels" in differing(diff)
    assert "horizon: was 30d, is 120d" in " ".join(diff["words"])
    assert "because the label changed" in " ".join(diff["words"])
    refused = quarters.told("run", "diff", quarters.first, "0" * 12, code=2)
    assert "there is no run" in refused.err


@pytest.mark.requirement("C11")
def test_other_patients_are_named_as_the_cause_and_which_groups_moved(quarters):
    quarters.specs("cohort", lambda spec: spec["eligibility"][0].update(years=80))
    second = quarters.quarter(SECOND, "2023-02-01T00:00:00Z")
    diff = quarters.diff(quarters.first, second)
    brier = of(diff, "brier")
    assert abs(brier["change"]) > 0.005
    assert largest(brier) == "population"
    assert adds_up(diff)
    assert {"population", "data"} <= differing(diff)
    assert "labels" not in differing(diff)
    assert brier["label"] == 0.0
    assert brier["intervals"]["label"] == {"low": 0.0, "high": 0.0, "draws": 500}
    told = " ".join(diff["words"])
    assert "because the rows changed" in told
    assert "years: was 18" in told
    assert "age=80+ went from" in told


@pytest.mark.requirement("C11")
def test_a_changed_parameter_and_changed_code_are_named_and_rows_have_no_part(
    quarters, monkeypatch
):
    quarters.specs("model", lambda spec: spec.update(parameters={"l2": 1e5}))
    monkeypatch.setattr("attending.lifecycle.training.code_digest", lambda: "c0de" * 16)
    second = quarters.fit()
    diff = quarters.diff(quarters.first, second)
    slope = of(diff, "calibration_slope")
    assert largest(slope) == "model"
    assert abs(slope["change"]) > 0.05
    assert (slope["population"], slope["label"]) == (0.0, 0.0)
    # Drawn in pairs: each draw fits both models' slopes on the same patients.
    assert shown(slope, "model")
    assert slope["intervals"]["model"]["draws"] == 200
    assert adds_up(diff)
    assert differing(diff) == {"code", "parameters"}
    told = " ".join(diff["words"])
    assert "parameters.l2: added, is 100000.0" in told
    assert f"is {'c0de' * 3}" in told
    assert provenance.code_digest() != "c0de" * 16


def test_a_run_beside_itself_says_that_nothing_changed(quarters):
    diff = quarters.diff(quarters.first, quarters.first)
    assert not differing(diff)
    assert {one["change"] for one in diff["shares"]} == {0.0}
    assert all("did not change" in words for words in diff["words"])


def test_a_model_is_not_judged_on_rows_that_it_was_fitted_on_where_that_can_be_avoided(quarters):
    second = quarters.quarter(SECOND, "2023-08-01T00:00:00Z")
    diff = quarters.diff(quarters.first, second)
    fitted_on = {(cell["rows"], cell["model"]): cell["fitted_on"] for cell in diff["cells"]}
    # Most of the first quarter's test is what the second model was fitted on.
    assert fitted_on["before", "after"] > 100
    assert fitted_on["before", "before"] == fitted_on["after", "before"] == 0
    assert diff["orders"] == 3
    assert any("fitted on some test rows" in note for note in diff["notes"])
    assert adds_up(diff)


def test_people_read_sentences_first_and_then_two_tables(quarters):
    said = quarters.told("run", "diff", quarters.first, quarters.first).out.splitlines()
    assert said[0].startswith("AUROC did not change")
    assert any(line.split()[:3] == ["measure", "figure", "value"] for line in said)
    assert any(line.split()[:2] == ["seed", "no"] for line in said)
    changed = [line.split() for line in said if line.split()[:1] == ["change"]]
    assert changed == [["change", "+0.000", "+0.000", "to", "+0.000"]] * 4
    assert any(line.startswith("Intervals: 95 % of draws of patients") for line in said)
