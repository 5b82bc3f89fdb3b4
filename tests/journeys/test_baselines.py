"""How LACE and HOSPITAL lie over the 260 live discharges of the MIMIC-IV demo."""

from __future__ import annotations

import pytest

from tests.journeys.conftest import AT

pytestmark = pytest.mark.data

#: HOSPITAL was counted a second time from the demo's CSV files by other code; both agree.
HOSPITAL = {
    "as knowable": {0: 5, 1: 35, 2: 50, 3: 50, 4: 68, 5: 26, 6: 18, 7: 4, 8: 3, 9: 1},
    "as coded later": {1: 24, 2: 39, 3: 43, 4: 50, 5: 60, 6: 20, 7: 19, 8: 1, 9: 3, 10: 1},
}
LACE = {
    "as knowable": {
        1: 1, 2: 1, 3: 4, 4: 18, 5: 14, 6: 14, 7: 24, 8: 37, 9: 20, 10: 35, 11: 14, 12: 27, 13: 21,
        14: 8, 15: 14, 16: 4, 18: 2, 19: 2,
    },
    "as coded later": {
        2: 1, 3: 3, 4: 7, 5: 7, 6: 14, 7: 18, 8: 22, 9: 31, 10: 30, 11: 20, 12: 31, 13: 33, 14: 12,
        15: 23, 16: 4, 18: 2, 19: 2,
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def figures(mimic):
    shell, project, _ = mimic
    shell.run("cohort", "build", "--project", str(project), "--at", AT)
    said = shell.json(
        "baseline", "show", "--score", "lace", "--score", "hospital", "--project", str(project),
        "--at", AT,
    )  # fmt: skip
    return {(one["version"].split("-")[0], one["knowability"]): one for one in said["scores"]}


@pytest.mark.parametrize("name", ["LACE", "HOSPITAL"])
@pytest.mark.parametrize("knowability", ["as knowable", "as coded later"])
def test_every_live_discharge_is_scored(figures, name, knowability):
    expected = {"LACE": LACE, "HOSPITAL": HOSPITAL}[name][knowability]
    found = figures[name, knowability]
    assert {int(total): n for total, n in found["totals"].items()} == expected
    assert found["rows"] == found["scored"] == sum(expected.values()) == 260


def test_what_was_not_coded_at_discharge_is_missing_and_not_zero(figures):
    lace, hospital = figures["LACE", "as knowable"], figures["HOSPITAL", "as knowable"]
    assert lace["missing"] == {"stay": 0, "acute": 0, "comorbidity": 95, "emergency": 0}
    assert (lace["complete"], lace["completeness"]) == (165, 0.908654)
    assert hospital["missing"]["procedure"] == 260 and hospital["complete"] == 0
    later = figures["HOSPITAL", "as coded later"]
    assert later["missing"]["procedure"] == 0 and later["missing"]["haemoglobin"] == 26
    assert figures["LACE", "as coded later"]["complete"] == 260
    assert figures["LACE", "as coded later"]["mean"] > lace["mean"]


def test_people_read_a_table_and_a_wrong_parameter_is_refused(mimic, figures):
    shell, project, _ = mimic
    asked = ("baseline", "show", "--project", str(project), "--at", AT)
    shown = shell.run(*asked, "--score", "hospital", "--with", "variant=2013").stdout
    assert "HOSPITAL-2013 (knowable): 260 of 260 predictions scored" in shown
    assert "procedure 260" in shown
    assert "LACE-2010 (as coded)" in shell.run(*asked).stdout
    refused = shell.run(*asked, "--score", "hospitl", code=2).stderr
    assert "Did you mean 'hospital'?" in refused
    shell.run(*asked, "--with", "variant=2013", code=2)
    shell.run(*asked, "--score", "hospital", "--with", "variant", code=2)
    listed = {one["score"]: one for one in shell.json("baseline", "ls")}
    assert listed["news2"]["high"] == 20 and listed["sofa"]["points"]["liver"]
