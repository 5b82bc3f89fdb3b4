"""The run record, and the comparison of two."""

import json
from dataclasses import replace

import pytest

from attending.digests import digest_bytes
from attending.errors import BadInput
from attending.records.base import from_content
from attending.records.run import Package, Run
from attending.train.fit import fit
from attending.train.replay import compare, same_files, same_result
from attending.train.run_record import Materials, Provenance, artifacts, record
from attending.train.split import split
from tests.models.hospital_rows import NAMES
from tests.train.cohort_rows import DELAY, HORIZON, cohort, spec

TABLE, FEATURES = cohort()
NUMPY = Package(name="numpy", version="2.4")
HERE = Provenance(
    "a" * 40,
    True,
    "c" * 64,
    "CPython 3.11.7",
    "Linux x86_64",
    (Package(name="numpy", version="2.4"),),
)
OF = Materials("s" * 64, "r" * 64, "h" * 64, "o" * 64, "t" * 64, agreement="g" * 64)


def run(asked=None, provenance=HERE, materials=OF):
    asked = asked or spec()
    parts = split(asked, TABLE, horizon_us=HORIZON, delay_us=DELAY, exception=False)
    trained = fit(asked, TABLE, FEATURES, split=parts, names=NAMES, feature_set="f" * 64)
    made = record(asked, trained, split=parts, provenance=provenance, materials=materials)
    return made, trained


@pytest.mark.requirement("C6")
def test_seed_and_parameters_stand_in_the_run_and_a_wrong_one_is_refused():
    made, _ = run(spec(parameters={"l2": 3.5}, seed=11))
    assert (made.seed, made.parameters) == (11, {"l2": 3.5})
    assert made.candidates[0].parameters == {"l2": 3.5}
    assert "l2" in made.content()["parameters"]
    with pytest.raises(BadInput) as refused:
        run(spec(parameters={"l3": 3.5}))
    assert refused.value.code == "model.parameter"


def test_the_record_names_every_file_and_survives_json():
    made, trained = run()
    files = artifacts(trained)
    assert {item.name: item.digest for item in made.artifacts} == {
        name: digest_bytes(data) for name, data in files.items()
    }
    assert from_content(Run, made.content()) == made
    assert made.chosen().estimator == "logistic"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"clean": False}, "the project holds changes that are not committed"),
        ({"project_commit": ""}, "the project is not under version control"),
        ({"notebook": True}, "a notebook made it"),
        ({"unpinned": ("mylib",)}, "mylib is installed from a folder, not a release"),
    ],
)
def test_a_run_that_cannot_be_repeated_is_exploratory(change, reason):
    assert not run()[0].exploratory
    made, _ = run(provenance=replace(HERE, **change))
    assert made.exploratory and made.reasons == (reason,)


@pytest.mark.requirement("E2")
def test_a_run_without_the_signed_plan_is_exploratory_and_says_so():
    made, _ = run(materials=replace(OF, agreement=None))
    assert made.exploratory
    assert made.reasons == ("baselines and measures were not agreed and signed before the fit",)


def test_a_replay_is_the_same_to_the_byte():
    assert run()[0].as_bytes() == run()[0].as_bytes()


def test_a_number_that_is_whole_is_the_same_after_it_was_stored():
    made = run(spec(parameters={"l2": 1.0}))[0]
    stored = from_content(Run, json.loads(made.as_bytes()))
    assert repr(stored.parameters["l2"]) == "1" and repr(made.parameters["l2"]) == "1.0"
    assert compare(stored, made) == [] and same_result(stored, made)


def test_a_replay_elsewhere_differs_in_its_place_alone():
    was, now = run()[0], run(provenance=replace(HERE, platform="Linux aarch64"))[0]
    assert [(item.field, item.of_place) for item in compare(was, now)] == [("platform", True)]
    assert same_files(was, now) and same_result(was, now)


def test_another_seed_is_found_with_what_followed_from_it():
    was, now = run()[0], run(spec(seed=8))[0]
    fields = [item.field for item in compare(was, now)]
    assert "seed" in fields and "artifacts.model.json.digest" in fields
    assert not same_files(was, now) and not same_result(was, now)
