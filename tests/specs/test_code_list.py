"""Code lists: codes as events write them, nothing mended, examples that must hold."""

from __future__ import annotations

import pytest

from attending.errors import BadInput
from attending.scores.packaged import CODE_LISTS, code_list, code_list_names
from attending.specs.code_list import CodeListSpec
from attending.specs.read_yaml import parse_spec

LIST = """
name: heart
version: "1"
title: Heart
source: made for a test
owner: dana
classes:
  - name: mi
    label: Infarction
    codes:
      - {vocabulary: ICD10CM, match: prefix, codes: [I21, I252]}
      - {vocabulary: ICD9CM, match: exact, codes: ["042", "2500"]}
"""


def read(text):
    return parse_spec(text.encode(), CodeListSpec, name="heart.yaml")


def refused(text):
    with pytest.raises(BadInput) as error:
        read(text)
    assert "heart.yaml" in error.value.where
    return error.value.message


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("ICD10CM//I214", True),
        ("ICD10CM//I21", True),
        ("ICD10CM//I252", True),
        ("ICD10CM//I2510", False),
        ("ICD10CM//i214", False),
        ("ICD10CM//I25.2", False),
        ("ICD9CM//042", True),
        ("ICD9CM//0420", False),
        ("ICD9CM//42", False),
        ("ICD9CM//2500", True),
        ("ICD9CM//250", False),
        ("ICD9CM//I214", False),
        ("ICD10PCS//I21", False),
    ],
)
def test_codes_are_matched_as_they_are_written(code, shown):
    assert read(LIST).classes_of(code) == ({"mi"} if shown else set())


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("[i21]", "capital letters"),
        ("[I25.2]", "no dot"),
        ("[I2]", "three signs"),
        ("[I21*]", "use `match`"),
        ("[I21, I21]", "stands twice"),
        ("['I21 ']", "no blank"),
        ("[]", "at least 1"),
    ],
)
def test_a_code_that_events_never_hold_is_refused(wrong, told):
    assert told in refused(LIST.replace("[I21, I252]", wrong))


@pytest.mark.parametrize("wrong", ['["42"]', '["250.0"]', '["V4"]', '["e878"]'])
def test_icd_9_keeps_its_zeros_and_has_no_dot(wrong):
    assert "ICD-9-CM codes have no dot" in refused(LIST.replace('["042", "2500"]', wrong))


def test_zeros_survive_without_quotes():
    assert "ICD9CM//042" in read(LIST.replace('"042"', "042")).patterns("mi")


def test_examples_must_hold():
    right = "examples:\n  - {shows: [mi], codes: [ICD10CM//I214]}\n  - {codes: [ICD10CM//I2510]}\n"
    assert read(LIST + right).names == ("mi",)
    wrong = right.replace("I2510", "I2520")
    assert "example ICD10CM//I2520: got mi, expected no class" in refused(LIST + wrong)


def test_order_and_examples_do_not_change_the_digest_of_the_codes():
    turned = read(LIST.replace("[I21, I252]", "[I252, I21]"))
    assert turned.codes_digest == read(LIST).codes_digest
    assert turned.digest != read(LIST).digest
    dropped = read(LIST.replace("[I21, I252]", "[I21]"))
    assert dropped.codes_digest != read(LIST).codes_digest


def test_an_unknown_class_is_refused_with_the_nearest():
    with pytest.raises(BadInput) as error:
        code_list("charlson").patterns("mii")
    assert error.value.hint == "Did you mean 'mi'?"


@pytest.mark.parametrize("name", code_list_names())
def test_every_packaged_list_has_an_example_for_each_of_its_codes(name):
    listed = code_list(name)
    told = {code for one in listed.examples for code in one.codes}
    if name == "renal_severe":
        return
    assert {pattern.removesuffix("*") for pattern in listed.patterns()} <= told
    assert any(not one.shows for one in listed.examples)
    assert (CODE_LISTS / f"{name}.yaml").stat().st_size < 1 << 16
