"""A project that starts from the ready features, on the MIMIC-IV demo."""

from __future__ import annotations

import pytest

from tests.journeys.conftest import AT

pytestmark = pytest.mark.data


@pytest.mark.requirement("B12")
def test_ready_constructs_are_built_and_agree_with_the_scores(mimic, tmp_path):
    shell, _, _ = mimic
    project = tmp_path / "ready"
    shell.run("new", str(project), "--from", "readmission-mimic-iv")
    (project / "features.yaml").unlink()
    shell.run("features", "ready", "mimic-iv", "--out", str(project / "features.yaml"))
    asked = ("--project", str(project), "--at", AT)
    shell.run("cohort", "build", *asked)
    built = shell.json("features", "build", *asked)
    found = {one["name"]: one for one in built["features"]}
    assert (built["rows"], len(found)) == (260, 198)
    lines = {one["name"] for one in shell.json("features", "ready", "mimic-iv")["features"]}
    assert lines == set(found)
    charlson = next(
        one
        for one in shell.json("baseline", "show", "--score", "charlson", *asked)["scores"]
        if one["knowability"] == "as knowable"
    )
    # Whom nobody has coded yet is missing in both: 95 of the 260.
    assert charlson["missing"]["chf"] == 95
    assert found["charlson_index"]["present"] == found["elixhauser_index"]["present"] == 165
    assert found["charlson_points"]["present"] == found["stay_hours"]["present"] == 260
    # What is not there is refused, and no file is written over.
    shell.run("features", "ready", "mimic", code=2)
    again = ("features", "ready", "loinc", "--out", str(project / "features.yaml"))
    assert "already" in shell.run(*again, code=2).stderr
