"""The one page on a model of numbers: how far off, its range, and what is not shown."""

from __future__ import annotations

import pytest

from attending.documents.number_page import number_page, number_sentences
from attending.documents.reading_level import grade
from attending.errors import BadInput
from tests.documents.example_records import report, run
from tests.documents.paper_records import number_report
from tests.documents.test_clinician_page import words

#: As the notice for patients: a year of school that most readers have.
GRADE_AT_MOST = 8.0


def page(held):
    return words(number_page(held, run(), synthetic=True))


def test_it_says_how_far_off_it_is_beside_the_baseline_and_what_its_range_held():
    said = page(number_report())
    for expected in (
        "The model is off by 2.41 days on average.",
        "The mean of the unit is off by 2.87 days on average.",
        "Half of what came lay between 2.31 and 7.43 days.",
        "It should hold 83.0 % of what comes, and on later patients it held 81.3 %.",
        "It is 6.37 days wide on average.",
        "sex: F", "81.7 %", "site: south hidden not shown not shown",
    ):  # fmt: skip
        assert expected in said, expected
    for absent in ("AUROC", "risk", "None", "interval_"):
        assert absent not in said.partition("days: one page")[0].partition("One page for")[2]


def test_its_words_are_read_with_ease():
    assert grade(" ".join(number_sentences(number_report()))) <= GRADE_AT_MOST


def test_a_range_that_nobody_could_judge_is_not_shown_and_a_risk_has_another_page():
    held = number_report()
    figures = tuple(
        one.model_copy(update={"estimates": tuple(
            each for each in one.estimates if each.name not in {"interval_coverage", "mae"}
        )})
        for one in held.figures
    )  # fmt: skip
    bare = held.model_copy(update={"figures": figures})
    assert number_sentences(bare)[0] == "How far off the model is, is not shown."
    assert number_sentences(bare)[-1] == "Whether its range holds is not shown."
    with pytest.raises(BadInput) as refused:
        number_page(report(), run(), synthetic=True)
    assert refused.value.code == "page.not_a_number"
