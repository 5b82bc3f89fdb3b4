"""A spec is data: hostile YAML gets a typed refusal with file and line, and no value is guessed."""

from __future__ import annotations

import pytest
from pydantic import Field

from attending.errors import BadInput, NotFound
from attending.specs.base import Length, Scalar, Spec, Unit
from attending.specs.read_yaml import parse_spec, parse_yaml, read_spec


class Window(Spec):
    length: Length
    unit: Unit = "1"


class Ward(Spec):
    name: str
    beds: int = 1
    open: bool = True
    window: Window | None = None
    settings: dict[str, Scalar] = Field(default_factory=dict)


def refusal(text: str | bytes) -> BadInput:
    data = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(BadInput) as caught:
        parse_spec(data, Ward, name="ward.yaml")
    return caught.value


def test_every_scalar_means_what_the_schema_says():
    ward = parse_spec(
        b"name: no\nbeds: 12\nopen: false\nsettings: {rate: 0.10, deep: true, n: 3, word: 1.2.3}",
        Ward,
        name="ward.yaml",
    )
    assert ward.name == "no"
    assert (ward.beds, ward.open) == (12, False)
    assert ward.settings == {"rate": 0.1, "deep": True, "n": 3, "word": "1.2.3"}


def test_an_unknown_field_names_file_line_field_and_the_nearest_word():
    error = refusal("name: a\nwindow:\n  lenght: 3h\n")
    assert error.exit_code == 2
    assert error.where.startswith("ward.yaml:3")
    assert "lenght" in error.where
    assert "Did you mean 'length'?" in error.hint


def test_a_length_without_a_unit_says_what_to_write():
    error = refusal("name: a\nwindow: {length: 48}\n")
    assert error.code == "time.length"
    assert error.where == "ward.yaml:2: window.length"
    assert "'48h'" in error.hint


def test_a_unit_that_is_not_ucum_says_what_to_write():
    error = refusal("name: a\nwindow: {length: 2d, unit: mEq/L}\n")
    assert error.code == "unit.unknown"
    assert "meq/L" in error.hint


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("name: a\nname: b\n", "spec.duplicate_key"),
        ("name: !!python/object/apply:os.system [ls]\n", "spec.tag"),
        ("name: &x a\nbeds: *x\n", "spec.alias"),
        ("name: a\n--- \nname: b\n", "spec.documents"),
        ("? [a, b]\n: c\n", "spec.key"),
        ("name: [a\n", "spec.yaml"),
        (b"name: \xff\xfe", "spec.encoding"),
        ("<<: {name: a}\n", "spec.alias"),
        ("x: " + "[" * 40 + "]" * 40, "spec.depth"),
        ("- a\n- b\n", "spec.model"),
        ("", "spec.model"),
        ("name: a\nbeds: 1_2x\n", "spec.int"),
    ],
)
def test_hostile_yaml_is_refused_by_name(text, code):
    assert refusal(text).code == code


def test_too_many_values_are_refused():
    with pytest.raises(BadInput) as caught:
        parse_yaml(b"x: [" + b"1," * 60_000 + b"1]", name="big.yaml")
    assert caught.value.code == "spec.too_large"


def test_a_missing_or_too_large_file_is_refused(tmp_path):
    with pytest.raises(NotFound) as caught:
        read_spec(tmp_path / "ward.yaml", Ward)
    assert caught.value.code == "spec.missing_file"
    big = tmp_path / "big.yaml"
    big.write_bytes(b"#" * (2 << 20))
    with pytest.raises(BadInput):
        read_spec(big, Ward)


def test_the_digest_of_a_spec_ignores_comments_and_order():
    first = parse_spec(b"name: a\nbeds: 2\n", Ward, name="x")
    second = parse_spec(b"# why\nbeds: 2\nname: a\n", Ward, name="y")
    assert first.digest == second.digest


def test_every_field_that_is_wrong_is_named_and_not_the_first_alone():
    error = refusal("name: a\nbedz: 3\nopne: yes\nwindow:\n  lenght: 3h\n")
    assert error.where == "ward.yaml:5: window.lenght"
    assert "(and 3 more: bedz on line 2, opne on line 3, window.length on line 4)" in error.message
    many = refusal("name: a\n" + "".join(f"x{n}: 1\n" for n in range(9)))
    assert "(and 8 more: x1 on line 3, " in many.message
    assert many.message.endswith("x5 on line 7, and 3 others)")
    alone = refusal("name: a\nbedz: 3\n")
    assert "more" not in alone.message
