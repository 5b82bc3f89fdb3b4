from __future__ import annotations

import pytest
from lxml import html

from attending.documents.clinician_page import clinician_page
from attending.records.explanation import (
    NOT_CAUSAL,
    Explanation,
    Factor,
    MissingInput,
    Sensitivity,
)
from attending.times import parse_instant
from tests.documents.example_records import card

AT = parse_instant("2026-03-02T06:00:00Z")


def explanation(**changes):
    factor = Factor(
        feature="creatinine_last_24h", label="creatinine, newest of 24 hours",
        printed="2.1 mg/dL", value=2.1, contribution=0.41, direction="raises",
        time=parse_instant("2026-03-02T02:10:00Z"), known_at=parse_instant("2026-03-02T03:00:00Z"),
        available=True,
    )  # fmt: skip
    held = Explanation(
        at=AT, risk=0.31, base_risk=0.16, scale="log-odds", factors=(factor,),
        other_contribution=0.05,
        missing=(MissingInput(feature="bnp", label="BNP", reason="never_measured"),),
        sensitivity=(
            Sensitivity(feature="creatinine_last_24h", label="creatinine", low_value=0.8,
                        risk_at_low=0.22, high_value=1.4, risk_at_high=0.27),
        ),
        unavailable=0, sentence="Risk 31 %, raised by creatinine. Plan a call within two days.",
        correlated="Creatinine and urea move together.",
    )  # fmt: skip
    return held.model_copy(update=changes)


def words(data):
    return " ".join(html.fromstring(data).text_content().split())


@pytest.mark.requirement("F9")
def test_one_page_has_the_factors_and_what_the_threshold_says():
    said = words(clinician_page(explanation(), card()))
    assert "Risk 31 %" in said
    assert "At or above 24 %, from which the team acts." in said
    assert "creatinine, newest of 24 hours 2.1 mg/dL raises 2026-03-02 02:10" in said.replace(
        "  ", " "
    )
    assert "Nothing on record: BNP." in said
    assert "22 % at 0.8" in said and "27 % at 1.4" in said
    assert NOT_CAUSAL in said
    below = words(clinician_page(explanation(risk=0.2), card()))
    assert "Below 24 %, from which the team acts. A low risk is not no risk." in below
    # One figure is written in one way: a risk that reads like the threshold is told from it.
    near = words(clinician_page(explanation(risk=0.238), card()))
    assert "Risk 24 %" in near and "Just below 24 %, from which the team acts." in near
    bare = card().model_copy(update={"threshold": None})
    assert "No threshold is agreed" in words(clinician_page(explanation(), bare))


def test_an_input_that_was_not_known_in_time_is_said_at_the_top():
    assert "Do not use this score" in words(clinician_page(explanation(unavailable=1), card()))


def test_version_and_synthetic_are_on_the_page():
    said = words(clinician_page(explanation(), card()))
    assert "readmission-30d v3, prediction of 2026-03-02 06:00 UTC" in said
    assert "SYNTHETIC" in said
