"""Hospitals that the fit never saw, as a team tries them on the synthetic hospital."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lifecycle.study import Study

GATE = {"gate": "held_out_sites", "auroc_at_least": 0.55, "judged_by": "estimate"}
AWAY = ["CITY", "UNIVERSITY", "VALLEY"]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    made = Study(tmp_path_factory.mktemp("sites"), patients=2500)
    made.ingest(made.extract())
    made.specs("validation", _small_plan)
    return made


def _small_plan(plan):
    plan["bootstrap"]["draws"] = 60
    plan["decision_curve"] = {"low": 0.25, "high": 0.25}
    plan["minimum_events"] = 30
    plan["gates"] = [GATE]


def by_name(rows):
    return {row["site"]: row for row in rows}


@pytest.mark.requirement("E18")
def test_each_hospital_is_left_out_of_a_fit_and_one_with_few_events_is_not_shown(study):
    study.specs("model", lambda model: model["split"].update(leave_one_site_out=True))
    study.commit()
    study.fit()
    sites = by_name(study.asked("run", "show").json["held_out_sites"])
    assert list(sites) == ["CITY", "GENERAL", "UNIVERSITY", "VALLEY"]
    general, valley = sites["GENERAL"], sites["VALLEY"]
    assert general["auroc_low"] < general["auroc"] < general["auroc_high"]
    assert general["fit_rows"] < valley["fit_rows"]  # the largest leaves the fewest to fit on
    assert (valley["status"], valley["events"], valley["auroc"]) == ("insufficient", None, None)
    # The model itself saw them all, and the gate that asks for strangers says so.
    report = study.asked("validate", "model").json
    assert not any(row["held_out"] for row in report["sites_table"])
    page = Path(report["page"]).read_text(encoding="utf-8")
    assert "Fitted without site GENERAL" in page
    assert "not shown" in page.split("Fitted without site VALLEY")[1][:200]
    assert [(g["outcome"], g["reason"]) for g in report["gates"]] == [
        ("not_shown", "no_held_out_site")
    ]
    study.stand_at_trained()
    refused = study.asked("gate", "check", "validated", code=3).json
    held = {one["name"]: one for one in refused["conditions"]}["validation.gates"]
    assert (held["status"], held["note"]) == ("not_shown", "not shown: held_out_sites")


@pytest.mark.requirement("E18")
def test_a_model_is_judged_at_hospitals_that_it_never_saw_each_by_its_name(study):
    def strangers(model, **more):
        model["split"] = {
            "kind": "by_group", "column": "site", "test": AWAY,
            "reason": "hospitals that the fit never saw", **more,
        }  # fmt: skip

    study.specs("model", strangers)
    study.commit()
    # A patient of those hospitals who was also seen at the other would be no stranger.
    refused = study.asked("train", "fit", code=3)
    assert "leak.group_overlap" in refused.err
    study.specs("model", lambda model: strangers(model, patient_overlap="drop_from_train"))
    study.commit()
    study.fit()
    report = study.asked("validate", "model").json
    sites = by_name(report["sites_table"])
    assert {name: row["held_out"] for name, row in sites.items()} == dict.fromkeys(AWAY, True)
    assert sites["UNIVERSITY"]["auroc"]["low"] < sites["UNIVERSITY"]["auroc"]["value"]
    assert sites["VALLEY"]["status"] == "insufficient"
    assert sites["VALLEY"]["auroc"]["value"] is None
    checks = {
        (check["group"], check["what"]): check["outcome"] for check in report["gates"][0]["checks"]
    }
    assert checks["site=UNIVERSITY", "auroc"] == "met"
    assert checks["site=VALLEY", "auroc"] == checks["site=VALLEY", "observed_expected"]
    assert checks["site=VALLEY", "auroc"] == "not_shown"
    assert report["gates_met"] is False
    page = Path(report["page"]).read_text(encoding="utf-8")
    assert "UNIVERSITY" in page and "The fit never saw CITY, UNIVERSITY, VALLEY." in page
