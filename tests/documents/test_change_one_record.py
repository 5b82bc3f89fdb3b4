"""Change one record: the sentences that hang on it change; every figure has a record."""

from __future__ import annotations

import re

import pytest

from attending.documents.card_assembly import assemble_card
from attending.documents.model_card import card_document
from attending.documents.validation_report import validation_report
from attending.explain.sentence import LONGEST, MISSING, say, says_a_value
from attending.specs.release import Threshold
from tests.documents import example_records
from tests.documents.example_records import cohort, report, run, sources
from tests.documents.moved import sentences
from tests.documents.test_clinician_page import explanation


def card_of(**changes):
    return sentences(card_document(assemble_card(sources(**changes), version="v3", synthetic=True)))


def changed(before: list[str], after: list[str]) -> tuple[set[str], set[str]]:
    return set(before) - set(after), set(after) - set(before)


def test_a_dropped_subgroup_leaves_card_and_report():
    whole = report()
    dropped = next(row for row in whole.subgroups if row.status == "insufficient")
    less = whole.model_copy(
        update={"subgroups": tuple(row for row in whole.subgroups if row != dropped)}
    )
    gone, _ = changed(card_of(), card_of(report=less))
    name = f"{dropped.attribute}: {dropped.group}"
    assert name in gone
    assert any(f"{dropped.attribute} {dropped.group}" in one for one in gone)
    pages = [
        sentences(validation_report(one, cohort(), run(), synthetic=True)) for one in (whole, less)
    ]
    gone, _ = changed(*pages)
    assert any(dropped.group in one for one in gone)


def test_a_doubled_threshold_changes_what_the_card_says_of_acting():
    release = example_records.release_spec()
    at, doubled = (
        card_of(release=release.model_copy(update={"threshold": Threshold(value=value)}))
        for value in (0.2, 0.4)
    )
    gone, new = changed(at, doubled)
    assert "20.0 % or more" in gone
    assert "40.0 % or more" in new
    # The validation judged 20 %: beside another threshold of the plan its figures say of which.
    assert {"Sensitivity at the threshold", "PPV at the threshold"} <= gone
    said = {one for one in new if "the plan acts at 40.0 %, which was not judged" in one}
    assert {one.split(" at ")[0] for one in said} == {"Sensitivity", "PPV"}


def test_a_renamed_source_is_named_where_its_availability_is_assumed():
    before = card_of(assumed=("city/labs",))
    after = card_of(assumed=("town/labs",))
    gone, new = changed(before, after)
    assert gone and all("city/labs" in one for one in gone)
    assert len(new) == len(gone) and all("town/labs" in one for one in new)


@pytest.mark.requirement("F8")
def test_no_number_on_a_card_lacks_a_record_and_a_field():
    card = assemble_card(sources(), version="v3", synthetic=True)
    said = list(values_of(card.model_dump()))
    held = [source for source in vars(sources()).values() if source is not None]
    known = " ".join(str(one) for one in said)
    for piece in sentences(card_document(card)):
        for number in re.findall(r"\d[\d,]*(?:\.\d+)?", piece):
            assert known_number(number, known, said), (number, piece)
    assert {"run", "validation", "cohort", "stability", "release_spec"} <= set(card.made_from)
    assert len(held) >= len(card.made_from) - 1
    # The control: a figure that no record has is found.
    assert not known_number("0.4711", known, said)


def values_of(value):
    if isinstance(value, dict):
        for one in value.values():
            yield from values_of(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from values_of(one)
    elif value is not None and not isinstance(value, bool):
        yield value


def known_number(number, known, said):
    """Return whether a printed number is one of the card's, rounded or in percent."""
    plain = number.replace(",", "")
    if plain in known or number in known or plain == "95":  # the level of all intervals
        return True
    digits = len(plain.partition(".")[2])
    figures = [one for one in said if isinstance(one, float)]
    return any(f"{abs(one) * scale:.{digits}f}" == plain for one in figures for scale in (1, 100))


@pytest.mark.requirement("F5")
def test_the_clinicians_text_has_a_value_of_this_patient_and_fits():
    found = explanation()
    told = say(found.risk, found.factors, action="Plan a call.")
    assert told == "Risk 31 %. Raised by creatinine, newest of 24 hours (2.1 mg/dL). Plan a call."
    assert says_a_value(told, found.factors) and len(told) <= LONGEST
    # The control: a text without a value of this patient is seen.
    bare = say(found.risk, [], action="Plan a call.")
    assert not says_a_value(bare, found.factors)
    assert "Nothing known sets this patient apart" in bare
    gone = [one.model_copy(update={"printed": MISSING}) for one in found.factors]
    assert not says_a_value(say(found.risk, gone, action="Plan a call."), gone)
