from __future__ import annotations

import csv
import io
import re

import pytest
from lxml import etree, html

from attending.errors import DependencyDown
from attending.lifecycle import validation_pictures
from attending.lifecycle.deciding import standing_decision
from attending.lifecycle.desk import keep
from attending.lifecycle.kept_project import kept_project
from attending.records.decisions import SpecDocument, ThresholdDecision
from attending.records.governance import GateException
from attending.records.run import Run
from attending.times import parse_instant
from tests.documents import example_records
from tests.web.example_home import MODEL, put_into
from tests.web.test_pages import words

PATH = f"/models/{MODEL}/validation"
NAMES = ("discrimination", "calibration", "decision-curve", "thresholds", "subgroups", "over_time")


def dials(answer):
    page = html.fromstring(answer.content)
    cells = page.xpath("//dl[@class='dials']/div")
    return {one.xpath("string(dt)"): one.xpath("string(dd)") for one in cells}


def form_of(page, place, *, chosen):
    """Return the address and the fields of one of the forms of the decision."""
    for form in html.fromstring(page.content).forms:
        fields = dict(form.fields)
        if fields.get("place") == place and ("threshold" in fields) is chosen:
            return form.action, fields
    raise AssertionError(place)


def test_every_picture_has_its_words_its_table_and_comes_as_svg_and_csv(enter):
    visitor = enter("clara")
    page = html.fromstring(visitor.get(PATH).content)
    figures = {one.get("aria-labelledby"): one for one in page.xpath("//figure")}
    assert tuple(figures)[: len(NAMES)] == NAMES
    for name, figure in figures.items():
        (image,) = figure.xpath(".//img")
        assert len(image.get("alt")) > 20, name
        rows = figure.xpath(".//tbody/tr")
        assert rows, name
        drawn = visitor.get(image.get("src"))
        assert etree.fromstring(drawn.content).tag.endswith("svg")
        assert drawn.headers["content-type"] == "image/svg+xml"
        assert "script-src" not in drawn.headers["content-security-policy"]
        cells = visitor.get(image.get("src").replace(".svg", ".csv"))
        assert len(list(csv.reader(io.StringIO(cells.text)))) == len(rows) + 1
        assert "attachment" in cells.headers["content-disposition"]
    measures = visitor.get(f"{PATH}/{figures_of(page)}/measures.csv")
    assert "AUROC" in measures.text


def figures_of(page):
    return re.search(r"/validation/([0-9a-f]{64})/", page.xpath("//img/@src")[1]).group(1)


def test_a_picture_is_that_of_the_report_to_the_byte(enter, example):
    served = enter("clara").get(f"{PATH}/{example.report}/calibration.svg").content
    with example.desk() as desk:
        drawn = validation_pictures.picture_of(
            validation_pictures.report_of(desk, MODEL), "calibration"
        )
        page = desk.home.artifacts.read(example.page)
    assert served == drawn.svg
    assert drawn.uri.encode() in page  # the report that was signed shows the same


def test_pdf_comes_where_its_library_is_and_the_page_says_so_where_not(enter, example, monkeypatch):
    visitor = enter("clara")
    path = f"{PATH}/{example.report}/calibration.pdf"
    monkeypatch.setattr(validation_pictures, "prints_here", lambda: False)
    page = visitor.get(PATH)
    assert "PDF is not installed here" in words(page)
    assert path not in page.text
    monkeypatch.setattr(validation_pictures, "prints_here", lambda: True)
    monkeypatch.setattr(validation_pictures, "print_pdf", lambda data: b"%PDF-" + data)
    assert path in visitor.get(PATH).text
    printed = visitor.get(path)
    assert printed.content.startswith(b"%PDF-<!doctype html>")
    assert b"SYNTHETIC" in printed.content
    assert printed.headers["content-type"] == "application/pdf"

    def absent(data):
        raise DependencyDown("documents cannot be printed as PDF here", code="pdf.missing")

    monkeypatch.setattr(validation_pictures, "print_pdf", absent)
    assert visitor.get(path).status_code == 503


def test_threshold_and_workload_move_together_without_a_script(enter):
    visitor = enter("clara")
    first = dials(visitor.get(PATH))
    assert list(first) == [
        "Flag from a risk of",
        "Sensitivity",
        "PPV",
        "Alerts a day",
        "Net benefit",
    ]
    assert first["Flag from a risk of"] == "24.0 %"  # the plan's first threshold
    lower = dials(visitor.get(f"{PATH}?risk=10"))
    assert float(lower["Sensitivity"][:-2]) > float(first["Sensitivity"][:-2])
    assert float(lower["Alerts a day"]) > float(first["Alerts a day"])
    fewer = dials(visitor.get(f"{PATH}?alerts=2"))
    assert float(fewer["Alerts a day"]) <= 2
    none = visitor.get(f"{PATH}?alerts=0")
    assert "No threshold of this report stays within" in words(none)
    refused = visitor.get(f"{PATH}?risk=many", headers={"accept": "application/json"})
    assert (refused.status_code, refused.json()["code"]) == (422, "web.risk")


@pytest.mark.requirement("E11", "E17")
def test_a_clinical_lead_takes_the_threshold_decision_and_signs_it_where_it_is_read(enter, example):
    visitor = enter("clara")
    page = visitor.get(PATH)
    assert "no threshold was decided for all" in words(page)
    action, fields = form_of(page, "all", chosen=False)
    taken = visitor.post(action, data=fields)
    assert taken.status_code == 303
    place = taken.headers["location"]
    shown = visitor.get(place)
    assert "The alert threshold and the action that follows" in words(shown)
    form = next(one for one in html.fromstring(shown.content).forms if one.action == place)
    said = {"statement": "We act from here on.", "meaning": "approval"}
    signed = visitor.post(
        place, data=dict(form.fields) | said | {"passphrase": example.secrets["clara"]}
    )
    assert signed.headers["location"] == f"{place}?done=signed"
    with example.desk() as desk:
        run = desk.home.catalog.get(example.run, Run)
        decision, why = standing_decision(desk, kept_project(desk, run), run, place="all")
        assert why == ""
        assert decision.report == example.report
        assert decision.release == example.plan
        assert decision.threshold == kept_project(desk, run).release.threshold.value
    assert [(one.actor, one.subject) for one in example.entries("threshold.choose")] == [
        ("clara", decision.digest)
    ]
    assert "stands Dr Clara Moss, clinical lead" in words(visitor.get(PATH))
    # Who made the run and the report puts it together as well, and may not sign it.
    maker = enter("dana")
    action, fields = form_of(maker.get(PATH), "all", chosen=False)
    again = maker.post(action, data=fields).headers["location"]
    shown = html.fromstring(maker.get(again).content)
    assert not [one for one in shown.forms if one.action == again]
    refused = maker.post(
        again,
        data={"login": "dana", "passphrase": example.secrets["dana"], "role": "data_scientist",
              "meaning": "approval", "statement": "Mine.", "token": fields["token"]},
    )  # fmt: skip
    assert refused.status_code == 403


def test_another_threshold_than_the_plans_is_a_plan_of_its_own_until_release_yaml_says_it(
    enter, example
):
    visitor = enter("clara")
    action, fields = form_of(visitor.get(f"{PATH}?risk=10"), "all", chosen=True)
    taken = visitor.post(action, data=fields).headers["location"].rpartition("/")[2]
    with example.desk() as desk:
        run = desk.home.catalog.get(example.run, Run)
        decision = desk.home.catalog.get(taken, ThresholdDecision)
        plan = desk.home.catalog.get(decision.release, SpecDocument)
        assert plan.says["threshold"]["value"] == decision.threshold == float(fields["threshold"])
        before = kept_project(desk, run, plan=None)
        assert before.release.digest == plan.spec_digest  # what was proposed last
        old = desk.home.catalog.get(example.plan, SpecDocument)
        assert {**old.says, "threshold": plan.says["threshold"]} == plan.says
    # A number that the report shows no figures for is not taken.
    refused = visitor.post(action, data=fields | {"threshold": "0.123456"})
    assert refused.status_code == 404
    for text in ("nan", "-1", "2", "x"):
        assert visitor.post(action, data=fields | {"threshold": text}).status_code == 422, text


@pytest.mark.fault("X10")
def test_a_decision_is_only_put_together_from_our_form_and_by_those_who_may(enter, example):
    visitor = enter("clara")
    action, fields = form_of(visitor.get(PATH), "all", chosen=False)
    assert visitor.post(action, data=fields).status_code == 303  # the control: our own form
    size = len(example.entries("threshold."))
    for changed, headers in (
        ({"token": "0" * 64}, {}),
        ({}, {"sec-fetch-site": "cross-site"}),
        ({}, {"origin": "https://elsewhere.example"}),
    ):
        assert visitor.post(action, data=fields | changed, headers=headers).status_code == 403
    other = enter("omar")
    page = other.get(PATH)
    assert "Put the decision together" not in page.text
    token = re.search(r'name="token" value="([0-9a-f]{64})"', page.text).group(1)
    refused = other.post(
        action, data=fields | {"token": token}, headers={"accept": "application/json"}
    )
    assert (refused.status_code, refused.json()["code"]) == (403, "access.role")
    assert len(example.entries("threshold.")) == size


def test_a_model_without_a_report_says_what_to_do(enter, example):
    with example.desk("dana") as desk:
        bare = example_records.run(model="other-model")
        digest = keep(desk, bare, action="run.fit", keys={"model": "other-model"})
        put_into(desk, digest, "prototype", version="", model="other-model")
    visitor = enter("clara")
    assert "attending validate model" in words(visitor.get("/models/other-model/validation"))
    assert visitor.get("/models/no-such-model/validation").status_code == 404
    assert visitor.get(f"{PATH}?report={'0' * 64}").status_code == 404
    assert visitor.get(f"{PATH}/{example.report}/no-such.svg").status_code == 404
    assert visitor.get(f"{PATH}/{example.report}/..%2Fx.svg").status_code in {400, 404}
    said = words(visitor.get("/validation"))
    assert "not validated yet" in said
    assert "0.744" in said


def _fit_again(desk, **changes):
    run = example_records.run(model=MODEL, seed=8, **changes)
    return keep(desk, run, action="run.fit", keys={"model": MODEL, "snapshot": run.snapshot})


def test_the_page_says_that_the_report_is_of_an_older_run_than_the_newest(enter, example):
    page = words(enter("clara").get(PATH))
    assert "older run" not in page
    assert "of an older run" not in words(enter("clara").get("/validation"))
    with example.desk("dana") as desk:
        newest = _fit_again(desk)
    page = words(enter("clara").get(PATH))
    assert f"an older run, {example.run[:12]} of 2025-09-30" in page
    assert "which stands at trained as v1" in page
    assert f"The newest run, {newest[:12]} of 2025-10-01, is another one, and was not" in page
    assert "of an older run" in words(enter("clara").get("/validation"))


def test_the_page_says_what_the_run_of_the_report_may_not_do(enter, example):
    with example.desk("dana") as desk:
        exception = GateException(
            run="4" * 64, condition="split.temporal", reason="No dates.", compensation="A study.",
            authors=("dana",), expires_at=parse_instant("2026-01-01T00:00:00Z"),
        )  # fmt: skip
        keep(desk, exception, action="exception.propose", keys={"model": MODEL})
        run = _fit_again(
            desk, exploratory=True, reasons=("nobody signed",), exceptions=(exception.digest,)
        )
        report = example_records.report()
        about = report.model.model_copy(update={"run": run})
        never = "The source has no real calendar."
        report = report.model_copy(update={"model": about, "notes": (never,)})
        keep(desk, report, action="validate.model", keys={"model": MODEL, "run": run})
    page = words(enter("clara").get(PATH))
    assert "Exploratory run, it passes no gate: nobody signed." in page
    assert "Signed exception: “development and test are parted in time” is let pass" in page
    assert "until 2026-01-01: No dates." in page
    assert never in page
    assert "older run" not in page
    older = words(enter("clara").get(f"{PATH}?report={example.report}"))
    assert "and its report is not this one" in older
    assert "Exploratory" not in older
