"""X04: what features.yaml says is never run as code, and never costs more than it is long."""

from __future__ import annotations

import ast
import re
import time

import pytest

from attending.features.catalogue import definition, definition_digest
from attending.specs.expression import MAX_DEPTH
from attending.specs.features import FeaturesSpec
from attending.specs.read_yaml import parse_spec

#: Seconds of a processor in which a refusal must be there.
SECONDS = 1.0
COMMON = "owner: o, purpose: p"
CALLS = "{op: sum, of: [age, \"__import__('pathlib').Path('CANARY').touch()\"]}"
#: What is written as an expression -> what the refusal says.
EVIL = {
    "import": (CALLS, "expected up to 64 of a-z"),
    "attributes": ('{op: sum, of: [age, "age.__class__.__mro__"]}', "expected up to 64 of a-z"),
    "format": ('{op: sum, of: [age, "{0.__class__}"]}', "expected up to 64 of a-z"),
    "dunder": ("{op: __import__, of: [age, age]}", "op"),
    "text for a tree": ("\"__import__('os').getcwd()\"", "expression"),
    "range": ("{op: sum, of: [age, range(1000000000)]}", "expected up to 64 of a-z"),
    "wide": ("{op: sum, of: [" + "age, " * 5_000 + "1]}", "operands"),
    "very wide": ("{op: sum, of: [" + "age, " * 40_000 + "1]}", "values in one list"),
    "very deep": ("{op: sum, of: [age, " * 20 + "1" + "]}" * 20, "spec.depth"),
    "a number that is none": ("{op: sum, of: [age, .inf]}", "expected up to 64 of a-z"),
    "a number too long": ("{op: sum, of: [age, " + "9" * 5_000 + "]}", "expected up to 64 of a-z"),
    "itself": ("{op: sum, of: [evil, 1]}", "does not stand before"),
    "an alias of itself": ("&a {op: sum, of: [age, *a]}", "spec.alias"),
    "a tag": ("!!python/object/apply:os.system [touch CANARY]", "spec.tag"),
}


def written(ward, expression):
    """Add a derived feature to the project's file, as text."""
    path = ward.project / "features.yaml"
    name = "{name: evil, label: evil, kind: derived, status: approved, "
    text = f"\n- {name}{COMMON}, expression: {expression}}}\n"
    return path, path.read_text().rstrip("\n") + text


def listed(ward, code=0):
    """Read the project's features, which needs no home."""
    return ward.run("features", "ls", "--project", str(ward.project), "--json", code=code)


@pytest.mark.fault("X04")
@pytest.mark.parametrize("kind", EVIL)
def test_x04_an_evil_expression_is_refused_at_once_and_not_run(ward, kind):
    expression, says = EVIL[kind]
    canary = ward.folder / "canary"
    path, text = written(ward, expression.replace("CANARY", str(canary)))
    path.write_text(text)
    start = time.process_time()
    said = listed(ward, code=2)
    assert time.process_time() - start < SECONDS
    assert said.json["code"].startswith("spec.")
    assert says in said.err
    assert "features.yaml" in said.json["where"]
    assert not canary.exists()


@pytest.mark.fault("X04")
def test_x04_the_control_an_evaluator_runs_what_is_refused_here(tmp_path):
    canary = tmp_path / "canary"
    call = CALLS.split('"')[1].replace("CANARY", str(canary))
    eval(call)  # noqa: S307 - the control: this is what no room of ours does
    assert canary.exists()
    assert isinstance(ast.parse(call, mode="eval").body, ast.Call)
    assert "<class" in EVIL["format"][0].split('"')[1].format(1)


@pytest.mark.fault("X04")
def test_x04_words_and_codes_that_look_like_code_are_only_words(ward):
    odd = ["{0.__class__}", "%(name)s", "${HOME}", "{{7*7}}", "(a+)+$", "LOINC//*.*"]
    ward.feature("odd", codes=odd, window="30d", aggregate="count", description=None, label=odd[3])
    # An unknown field is a refusal; without it the words are taken as they stand.
    listed(ward, code=2)
    ward.specs("features", lambda spec: spec["features"][-1].pop("description"))
    assert listed(ward).json["features"][-1]["label"] == odd[3]
    ward.ingest(ward.write()[0])
    ward.asked("cohort", "build")
    built = ward.asked("features", "build").json["features"]
    counted = next(one for one in built if one["name"] == "odd")
    assert counted["in_window"] == 0
    # The control: as a pattern, the last of them stands in every result.
    codes = ward.events()["code"].to_pylist()
    assert sum(re.match(r"LOINC//.*.*", code) is not None for code in codes) > 1_000


def chain(count):
    """Return features that are each derived from the two before: paths double with each."""
    first = [
        f"{{name: b{n}, label: a, codes: [A], window: 1d, aggregate: last, {COMMON}}}"
        for n in (0, 1)
    ]
    derived = [
        f"{{name: b{n}, label: a, kind: derived, {COMMON}, "
        f"expression: {{op: min, of: [b{n - 1}, b{n - 2}]}}}}"
        for n in range(2, count)
    ]
    return f"{{name: f, version: '1', features: [{', '.join(first + derived)}]}}"


def naive(spec, name):
    """Return how many definitions are digested when each operand is followed anew."""
    feature = spec.feature(name)
    assert definition(spec, feature)
    names = feature.expression.names if feature.expression else ()
    return 1 + sum(naive(spec, one) for one in names)


@pytest.mark.fault("X04")
def test_x04_operands_that_double_with_every_step_are_followed_once_each(ward):
    small = parse_spec(chain(16).encode(), FeaturesSpec, name="features.yaml")
    # The control: followed anew, sixteen features take nearly two thousand digests.
    assert naive(small, "b15") == 1973
    assert len(definition_digest(small, small.features[-1])) == 64
    secret = ward.folder / "secret"
    secret.write_text("a sentence for dana to remember\n")
    secret.chmod(0o600)
    person = ("dana", "--name", "Dana Reyes", "--role", "data_scientist")
    ward.asked("user", "add", *person, "--passphrase-file", str(secret))
    shared = ward.folder / "shared.yaml"
    shared.write_text(chain(200))
    where = ("--by", "dana", "--home", str(ward.home), "--at", "2024-03-01T06:00:00Z", "--json")
    new = ward.run("features", "publish", str(shared), *where).json["new"]
    assert len(new) == 200
    ward.ingest(ward.write()[0])
    found = ward.run("features", "lineage", "b199", *where).json
    assert len(found["operands"]) == 199
    drawn = ("--picture", str(ward.folder / "lineage.svg"))
    said = ward.run("features", "lineage", "b199", *drawn, *where, code=2)
    assert "features.picture" in said.err


def test_a_tree_as_deep_as_may_be_is_taken(ward):
    path, text = written(ward, "{op: sum, of: [age, " * MAX_DEPTH + "1" + "]}" * MAX_DEPTH)
    path.write_text(text)
    assert listed(ward).json["features"][-1]["name"] == "evil"
