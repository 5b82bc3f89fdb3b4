from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml import html

from attending.documents.card_assembly import assemble_card
from attending.documents.model_card import card_document
from attending.documents.numbers import percent
from attending.documents.patient_notice import missing_of
from attending.records.base import from_content
from attending.records.card import SECTIONS, ModelCard
from attending.records.explanation import NOT_CAUSAL
from attending.specs.read_yaml import read_spec
from attending.specs.release import ReleaseSpec
from attending.specs.validation import ValidationSpec
from tests.documents.example_records import card, features_spec, release_spec, report, run, sources

PLANS = sorted(Path(__file__).parents[2].glob("examples/*/release.yaml"))


def words(data):
    return " ".join(html.fromstring(data).text_content().replace("\u00a0", " ").split())


@pytest.mark.requirement("F8")
def test_the_card_says_use_exclusions_sources_validation_failures_and_escalation():
    assert card().complete
    said = words(card_document(card()))
    for expected in (
        "Foretells unplanned readmission within 30 days of discharge",
        "patients under 18 years",
        "deciding whether to discharge",
        "creatinine, newest of 24 hours",
        "24,212 predictions of 18,420 patients",
        "0.744 (0.727 to 0.761)",
        "Use the paper LACE form at the ward desk.",
        "Missing share above 0.2 over 1 day: the version is taken back",
        "Clinical owner ada",
        "as many events as foretold observed over expected events at least 0.8 and at most 1.25",
        NOT_CAUSAL,
    ):
        assert expected in said
    lacking = assemble_card(
        sources(release=None, report=None, features=None), version="v3", synthetic=False
    )
    assert not lacking.complete
    assert {"purpose", "excluded", "inputs", "validation", "escalation"} <= set(lacking.missing)
    assert "Missing from this card: purpose, population" in words(card_document(lacking))


def test_every_figure_of_the_card_is_that_of_the_report():
    figures = {(f.measure, f.of): f.value for f in card().validation}
    for model in report().figures:
        label = f"{model.label} ({model.knowability})" if model.knowability else model.label
        for held in model.estimates:
            assert figures[held.label, label] == held.value
    groups = {(g.attribute, g.group): g.auroc for g in card().subgroups}
    assert groups == {(g.attribute, g.group): g.auroc.value for g in report().subgroups}
    assert card().threshold == report().thresholds[0].threshold


def test_figures_at_a_threshold_are_those_of_the_plan_or_say_of_which():
    plan, row = release_spec(), report().threshold_row(None)
    acts = {"threshold": plan.threshold.model_copy(update={"value": row.threshold})}
    found = assemble_card(
        sources(release=plan.model_copy(update=acts)), version="v3", synthetic=True
    )
    assert "PPV at the threshold" in {held.measure for held in found.validation}

    second = row.model_copy(update={"threshold": 0.9, "ppv": row.sensitivity})
    two = report().model_copy(update={"thresholds": (row, second)})
    acts = {"threshold": plan.threshold.model_copy(update={"value": 0.9})}
    plan = plan.model_copy(update=acts)
    found = assemble_card(sources(release=plan, report=two), version="v3", synthetic=True)
    figures = {held.measure: held.value for held in found.validation}
    assert (found.threshold, figures["PPV at the threshold"]) == (0.9, row.sensitivity.value)

    unjudged = assemble_card(sources(release=plan), version="v3", synthetic=True)
    figures = {held.measure: held.value for held in unjudged.validation}
    said = f"{percent(row.threshold)} (the plan acts at 90.0 %, which was not judged)"
    assert figures[f"PPV at {said}"] == row.ppv.value
    assert "PPV at the threshold" not in figures
    assert said in words(card_document(unjudged))
    assert any("PPV" in one for one in missing_of(unjudged, plan))


def test_the_validation_of_every_example_judges_the_threshold_that_its_plan_acts_at():
    judged = [path for path in PLANS if path.with_name("validation.yaml").is_file()]
    assert len(judged) >= 6
    for path in judged:
        acts = read_spec(path, ReleaseSpec).threshold.value
        asked = read_spec(path.with_name("validation.yaml"), ValidationSpec).thresholds
        assert acts is None or acts == asked[0].risk, path.parent.name


def test_a_calendar_that_is_not_real_has_no_dates_to_tell():
    def cohort_of(**changes):
        found = assemble_card(sources(**changes), version="v3", synthetic=True)
        return next(fact.says for fact in found.training if fact.label == "Cohort")

    assert re.search(r"\d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d", cohort_of())  # control
    assert cohort_of(real_dates=False).endswith(", no real dates")
    assert not re.search(r"\d{4}-\d\d", cohort_of(real_dates=False))


def test_the_card_claims_no_agreement_no_owner_and_no_unit_that_there_is_not():
    def card_of(**changes):
        return assemble_card(sources(**changes), version="v3", synthetic=True)

    def facts(held):
        return {fact.label: fact.says for fact in held}

    plain, signed = run(), run().model_copy(update={"agreement": "ab" * 32})
    unsigned = run().model_copy(update={"agreement": None})
    assert "Agreed before fitting" in facts(card_of(run=signed).training)
    said = facts(card_of(run=unsigned).training)
    assert "Agreed before fitting" not in said
    assert said["Planned, not agreed"].endswith("nobody signed it before the fit")
    assert plain.agreement or "Planned, not agreed" in facts(card().training)

    owner = release_spec().owners.operational
    names = {login: login.title() for login in vars(release_spec().owners).values()}
    assert facts(card_of(names=names).escalation)["Operational owner"] == names[owner]
    del names[owner]
    names["somebody"] = "Some Body"
    said = facts(card_of(names=names).escalation)["Operational owner"]
    assert said == f"{owner}, who is no person here"

    spec = features_spec()
    counted = spec.features[0].model_copy(update={"aggregate": "count"})
    spec = spec.model_copy(update={"features": (counted, *spec.features[1:])})
    assert card().inputs[0].unit == "mg/dL"  # control
    assert card_of(features=spec).inputs[0].unit == ""


def test_a_gate_that_is_not_met_stands_at_the_top_of_the_card():
    page = html.fromstring(card_document(card()))
    top = " ".join(page.xpath("string(//section[@class='summary'])").split())
    assert "Gate not met: no worse in any high-risk group." in top


def test_the_card_names_what_it_was_made_from_and_survives_being_stored():
    assert card().made_from["run"] == sources().run.digest
    assert card().made_from["validation"] == report().digest
    assert from_content(ModelCard, card().content()) == card()
    assert card().digest in words(card_document(card()))


def test_an_edited_card_has_another_name():
    edited = card().model_copy(update={"limitations": ()})
    assert edited.digest != card().digest
    assert card_document(edited) != card_document(card())


def test_the_same_sources_give_the_same_card_and_bytes():
    assert card() == card()
    assert card_document(card()) == card_document(card())


def test_sections_are_fields_of_the_card():
    assert set(SECTIONS) <= set(ModelCard.model_fields)


def test_synthetic_and_version_are_on_the_card():
    page = html.fromstring(card_document(card()))
    assert page.xpath("//body/*[1]")[0].text_content().startswith("SYNTHETIC")
    assert "v3" in page.xpath("string(//h1)")


@pytest.mark.fault("X09")
def test_hostile_text_on_a_card_is_text():
    bad = "</dd><script>alert(1)</script>"
    assert html.fromstring(f"<dl><dd>{bad}</dd></dl>").xpath("//script")  # the control
    hostile = card().model_copy(
        update={"population": bad, "users": (bad,), "name": bad, "limitations": (bad,)}
    )
    assert not html.fromstring(card_document(hostile)).xpath("//script")


def test_assumed_availability_is_said_first_and_once_among_the_limitations():
    assumed = assemble_card(sources(assumed=("labs",)), version="v3", synthetic=False)
    page = card_document(assumed).decode()
    assert page.index("Availability assumed.") < page.index('id="population"')
    said = [line for line in assumed.limitations if line.startswith("Availability assumed")]
    assert len(said) == 1
    assert "rows of labs" in said[0]
    recorded = assemble_card(sources(), version="v3", synthetic=False)
    assert "Availability assumed" not in card_document(recorded).decode()
