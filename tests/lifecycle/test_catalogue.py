"""The feature catalogue: one definition for many projects; versions, rights, ends, reviews."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
from typing import TYPE_CHECKING

import pytest
from ruamel.yaml import YAML

from attending.cli.app import app
from attending.cli.door import through
from attending.features.catalogue import definition_digest
from attending.lifecycle import catalogue, ingesting, people, simulating
from attending.lifecycle.cohorts import build_cohort
from attending.lifecycle.desk import create_home, open_desk
from attending.lifecycle.projects import open_project
from attending.times import parse_instant
from tests.lifecycle.openlineage import refuse_bad_event
from tests.lifecycle.wide_example import copy_wide

if TYPE_CHECKING:
    from attending.records.governance import Role

AT = "2023-08-01T06:00:00Z"
KEPT = ("age", "stay_hours", "sodium_last", "creatinine_last")
ROLES: dict[str, Role] = {
    "dana": "data_scientist",
    "erik": "data_engineer",
    "clara": "clinical_lead",
    "omar": "operator",
}


class Ward:
    """A home, a file of shared features, and the projects of two service lines."""

    def __init__(self, folder):
        self.folder, self.home = folder, folder / "home"
        self.shared = folder / "shared.yaml"
        self.north, self.south = folder / "north", folder / "south"

    def run(self, *args, code=0, at=AT):
        """Run a verb of this process; return what it printed and what it refused."""
        words = [*map(str, args), "--home", str(self.home), "--at", at, "--json"]
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            got = through(lambda: app(words, standalone_mode=False), argv=words)
        assert got == code, f"{args}: exit {got}\n{out.getvalue()[-2000:]}\n{err.getvalue()}"
        return json.JSONDecoder().raw_decode(out.getvalue())[0], err.getvalue()

    def features(self, verb, *args, by="dana", code=0, at=AT):
        """Run a verb on features as a person."""
        return self.run("features", verb, *args, "--by", by, code=code, at=at)

    def told(self, *args):
        """Run a verb that takes no person and prints a list."""
        return self.run(*args)[0]

    def publish(self, *args, by="dana", code=0):
        """Publish the shared file."""
        return self.features("publish", self.shared, *args, by=by, code=code)

    def take(self, name, *projects, by="dana"):
        """Write a shared feature into projects, and build them."""
        for project in projects:
            self.features("take", name, "--project", project, by=by)
            self.build(project, by=by)

    def build(self, project, *, by="dana", code=0, at=AT):
        """Build a project's features."""
        return self.features("build", "--project", project, by=by, code=code, at=at)

    def edit(self, path, name, **fields):
        """Change fields of a feature in a file, as a team would."""
        yaml = YAML()
        spec = yaml.load(path.read_text(encoding="utf-8"))
        next(one for one in spec["features"] if one["name"] == name).update(fields)
        with path.open("w", encoding="utf-8") as stream:
            yaml.dump(spec, stream)

    def sign(self, document, person, code=0):
        """Sign a document in the person's role."""
        secret = self.folder / f"{person}.secret"
        return self.run(
            "sign", document, "--as", person, "--role", ROLES[person], "--statement", "I read it.",
            "--passphrase-file", secret, code=code,
        )  # fmt: skip

    def row(self, reference, *more):
        """Return the line of one version in the catalogue."""
        rows = self.told("features", "catalogue", "--all", *more)
        return next(one for one in rows if one["feature"] == reference)


def _few(path, model):
    """Keep some features of an example under a comment, and give the model its name."""
    yaml = YAML()
    spec = yaml.load((path / "features.yaml").read_text(encoding="utf-8"))
    spec["features"] = [one for one in spec["features"] if one["name"] in KEPT]
    with (path / "features.yaml").open("w", encoding="utf-8") as stream:
        stream.write("# Agreed with the ward\n")
        yaml.dump(spec, stream)
    text = (path / "model.yaml").read_text(encoding="utf-8")
    name = f"name: {open_project(path).name}"
    assert name in text
    (path / "model.yaml").write_text(text.replace(name, f"name: {model}", 1), encoding="utf-8")


@pytest.fixture(scope="module")
def hospital(tmp_path_factory):
    """A home with one extract, four persons, and two projects whose cohorts are built."""
    ward = Ward(tmp_path_factory.mktemp("catalogue"))
    made = simulating.build_hospital(patients=200, years=2, seed=7)
    simulating.write_source(made, ward.folder / "in", until=parse_instant(AT))
    desk = create_home(ward.home, at=parse_instant(AT), seed=7)
    ingesting.ingest(desk, "hospital", ward.folder / "in")
    for person, role in ROLES.items():
        secret = f"a sentence for {person} to remember"
        people.add_person(desk, person, printed_name=person, roles=[role], passphrase=secret)
        (ward.folder / f"{person}.secret").write_text(secret)
        (ward.folder / f"{person}.secret").chmod(0o600)
    for path in (ward.north, ward.south):
        copy_wide(path)
        _few(path, path.name)
        build_cohort(desk, open_project(path))
    shutil.copy(ward.north / "features.yaml", ward.shared)
    desk.home.close()
    return ward


@pytest.fixture
def ward(hospital, tmp_path):
    """A copy of the hospital that a test may change."""
    shutil.copytree(hospital.folder, tmp_path / "copy")
    return Ward(tmp_path / "copy")


@pytest.mark.requirement("B1")
def test_one_definition_with_one_digest_serves_two_projects(ward):
    new = ward.publish("--only", "sodium_last")[0]["new"]
    assert [one["name"] for one in new] == ["sodium_last"]
    ward.take("sodium_last@1", ward.north, ward.south)
    row = ward.row("sodium_last@1")
    assert row["models"] == ["north", "south"]
    digests = set()
    for project in (ward.north, ward.south):
        text = (project / "features.yaml").read_text(encoding="utf-8")
        assert text.startswith("# Agreed with the ward")
        assert text.count("catalogue: sodium_last@1") == 1
        built = ward.build(project)[0]["features"]
        digests.add(next(one["digest"] for one in built if one["name"] == "sodium_last"))
    assert len(digests) == 1
    assert row["definition_digest"] == new[0]["definition_digest"]
    # One of the two drifts: it is not built under the shared name, and the field is named.
    ward.edit(ward.south / "features.yaml", "sodium_last", window="24h")
    refused = ward.build(ward.south, code=3)[1]
    assert "features.catalogue" in refused
    assert "window" in refused
    ward.build(ward.north)


def test_a_project_s_own_feature_is_not_written_over(ward):
    ward.publish("--only", "sodium_last")
    ward.edit(ward.north / "features.yaml", "sodium_last", window="24h")
    before = (ward.north / "features.yaml").read_bytes()
    refused = ward.features("take", "sodium_last", "--project", ward.north, code=3)[1]
    assert "features.exists" in refused
    assert (ward.north / "features.yaml").read_bytes() == before


def test_a_model_that_leaves_a_shared_feature_is_no_longer_told_to_use_it(ward):
    ward.publish("--only", "sodium_last")
    ward.take("sodium_last", ward.north)
    assert ward.row("sodium_last@1")["models"] == ["north"]
    shutil.copy(ward.shared, ward.north / "features.yaml")
    ward.build(ward.north)
    assert ward.row("sodium_last@1")["models"] == []


@pytest.mark.requirement("B4")
def test_a_changed_definition_is_a_new_version_with_a_reason(ward):
    ward.publish("--only", "sodium_last")
    again = ward.publish("--only", "sodium_last", "--reason", "Again")[0]
    assert (again["new"], again["unchanged"]) == ([], ["sodium_last@1"])
    ward.take("sodium_last@1", ward.north)
    ward.edit(ward.shared, "sodium_last", status="deprecated")  # told by records, not by the file
    assert ward.publish("--only", "sodium_last")[0]["new"] == []
    ward.edit(ward.shared, "sodium_last", window="24h")
    refused = ward.publish("--only", "sodium_last", code=2)[1]
    assert "features.reason" in refused
    assert "window" in refused
    (new,) = ward.publish("--only", "sodium_last", "--reason", "Older values misled")[0]["new"]
    assert (new["version"], new["changed"]) == (2, ["window"])
    assert new["before"] == ward.row("sodium_last@1")["digest"]
    found = ward.features("diff", "sodium_last@1", "sodium_last@2")[0]["changes"]
    assert [(one["fields"], one["changes_values"]) for one in found] == [(["window"], True)]
    files = ward.features("diff", ward.north / "features.yaml", ward.shared)[0]["changes"]
    assert "window" in files[0]["fields"]
    # The first version stands as it was, and who builds it hears of the second.
    notes = ward.build(ward.north)[0]["notes"]
    assert "sodium_last@1 was followed by sodium_last@2: Older values misled" in notes


def test_a_derived_feature_is_shared_with_what_it_is_made_of(ward):
    ratio = {
        "name": "sodium_by_age", "label": "Sodium by age", "kind": "derived", "owner": "dana",
        "purpose": "risk", "expression": {"op": "ratio", "of": ["sodium_last", "age"]},
    }  # fmt: skip
    yaml = YAML()
    spec = yaml.load(ward.shared.read_text(encoding="utf-8"))
    spec["features"].append(ratio)
    with ward.shared.open("w", encoding="utf-8") as stream:
        yaml.dump(spec, stream)
    new = ward.publish("--only", "sodium_by_age")[0]["new"]
    assert [one["name"] for one in new] == ["age", "sodium_last", "sodium_by_age"]
    assert new[-1]["operands"] == ["sodium_last@1", "age@1"]
    ward.take("sodium_by_age", ward.north)
    found = ward.features("lineage", "sodium_by_age")[0]
    assert found["codes"] == ["LOINC//2951-2", "MEDS_BIRTH"]
    # Another operand makes another feature, though its own fields are the same.
    ward.edit(ward.north / "features.yaml", "sodium_last", window="24h", catalogue=None)
    assert "operands" in ward.build(ward.north, code=3)[1]
    ward.edit(ward.shared, "sodium_last", window="24h")
    new = ward.publish("--only", "sodium_by_age", "--reason", "Fresher")[0]["new"]
    assert [(one["name"], one["changed"]) for one in new] == [
        ("sodium_last", ["window"]),
        ("sodium_by_age", ["operands"]),
    ]


@pytest.mark.requirement("B5")
def test_lineage_goes_from_source_tables_over_codes_and_a_feature_to_models(ward):
    ward.publish("--only", "sodium_last")
    ward.take("sodium_last", ward.north, ward.south)
    found = ward.features("lineage", "sodium_last")[0]
    assert found["codes"] == ["LOINC//2951-2"]
    assert [one["codes"] for one in found["tables"]] == [["LOINC//2951-2"]]
    assert "lab" in found["tables"][0]["table"]
    assert found["models"] == ["north", "south"]
    event = ward.features("lineage", "sodium_last", "--openlineage")[0]
    assert {"eventType", "eventTime", "producer", "schemaURL", "run", "job"} <= set(event)
    assert [one["name"] for one in event["inputs"]] == [found["tables"][0]["table"]]
    assert [one["name"] for one in event["outputs"]] == ["sodium_last@1", "north", "south"]
    fed = event["outputs"][0]["facets"]["columnLineage"]["fields"]["sodium_last"]["inputFields"]
    assert {one["name"] for one in fed} == {found["tables"][0]["table"]}
    assert [(one["field"], one["transformations"][0]["subtype"]) for one in fed] == [
        ("code", "FILTER"),
        ("numeric_value", "AGGREGATION"),
    ]
    refuse_bad_event(event)
    # The same lineage is the same run.
    again = ward.features("lineage", "sodium_last", "--openlineage", at="2023-08-02T06:00:00Z")[0]
    assert again["run"] == event["run"]
    refused = ward.features("lineage", "sodum_last", code=2)[1]
    assert "features.catalogue_missing" in refused
    assert "sodium_last" in refused


def test_lineage_is_drawn_into_a_file_that_is_not_there_yet(ward):
    ward.publish("--only", "sodium_last")
    ward.take("sodium_last", ward.north)
    to = ward.folder / "lineage.svg"
    found = ward.features("lineage", "sodium_last", "--picture", to)[0]
    assert found["reads"] == [
        {
            "feature": "sodium_last@1", "codes": ["LOINC//2951-2"],
            "columns": ["code", "numeric_value"], "operands": [],
        }
    ]  # fmt: skip
    drawn = to.read_bytes()
    assert b"<svg" in drawn
    assert "features.picture" in ward.features("lineage", "sodium_last", "--picture", to, code=2)[1]
    assert to.read_bytes() == drawn
    nowhere = ward.folder / "nowhere" / "lineage.svg"
    said = ward.features("lineage", "sodium_last", "--picture", nowhere, code=2)[1]
    assert "the folder" in said
    # Who may not read it gets no picture either.
    ward.publish("--only", "sodium_last", "--reader", "clinical_lead", "--reason", "R", by="clara")
    other = ward.folder / "other.svg"
    ward.features("lineage", "sodium_last", "--picture", other, by="omar", code=6)
    assert not other.exists()


def test_a_score_is_followed_to_the_codes_that_it_reads(ward):
    score = {
        "name": "qsofa", "label": "qSOFA", "kind": "score", "score": "qsofa", "owner": "dana",
        "purpose": "risk",
    }  # fmt: skip
    yaml = YAML()
    spec = yaml.load(ward.shared.read_text(encoding="utf-8"))
    spec["features"].append(score)
    with ward.shared.open("w", encoding="utf-8") as stream:
        yaml.dump(spec, stream)
    ward.publish("--only", "qsofa")
    found = ward.features("lineage", "qsofa")[0]
    assert "LOINC//9279-1" in found["codes"]  # the respiratory rate
    assert any("LOINC//9279-1" in one["codes"] for one in found["tables"])


@pytest.mark.requirement("B6")
def test_a_role_without_the_right_cannot_read_or_change_a_restricted_feature(ward):
    only = ("--only", "sodium_last")
    ward.publish(*only, "--reader", "clinical_lead", by="clara")
    for verb, *more in (
        ("take", "sodium_last", "--project", ward.north),
        ("lineage", "sodium_last"),
        ("diff", "sodium_last@1", "sodium_last@1"),
    ):
        assert "features.denied" in ward.features(verb, *more, code=6)[1]
    ward.take("sodium_last", ward.north, by="clara")
    assert "features.denied" in ward.build(ward.north, code=6)[1]
    assert "features.denied" in ward.build(ward.north, by="system", code=6)[1]
    shown = ("sodium_last", "--project", ward.north)
    ward.features("show", *shown, by="clara")
    ward.features("show", *shown, code=6)
    # Nor can who may not read it open it: that is a change, and so is publishing as an operator.
    ward.publish(*only, "--reader", "everybody", "--reason", "Open it", code=6)
    assert "act.role" in ward.publish(*only, by="omar", code=6)[1]
    assert "actor.unknown" in ward.publish(*only, by="nobody", code=2)[1]
    assert _denied(ward) == [
        "take", "lineage", "diff", "build", "build", "read", "publish", "change",
    ]  # fmt: skip
    ward.publish(*only, "--reader", "everybody", "--reason", "Open it", by="clara")
    ward.build(ward.north)


def _denied(ward):
    """Return what was attempted in vain, as the ledger has it."""
    with open_desk(ward.home, at=parse_instant(AT)) as desk:
        entries = desk.home.ledger.entries(0, desk.home.ledger.size)
        return [one.details["act"] for one in entries if one.action == "features.denied"]


@pytest.mark.requirement("B7")
def test_a_shared_feature_has_an_owner_and_a_written_definition(ward):
    (new,) = ward.publish("--only", "sodium_last")[0]["new"]
    assert new["owner"] == "dana"
    assert new["definition"]["codes"] == ["LOINC//2951-2"]
    assert {"label", "purpose", "unit", "window", "aggregate"} <= set(new["definition"])
    row = ward.row("sodium_last@1")
    assert (row["owner"], row["label"]) == ("dana", "Sodium, last")
    text = ward.shared.read_text(encoding="utf-8")
    ward.shared.write_text(text.replace("owner: dana, ", "").replace("owner: dana\n", "\n"))
    assert "owner" in ward.publish("--only", "sodium_last", code=2)[1]


@pytest.mark.requirement("B8")
def test_a_value_older_than_its_freshness_limit_is_counted_or_is_missing(ward):
    ward.edit(ward.shared, "sodium_last", freshness="2h")
    ward.publish("--only", "sodium_last")
    assert ward.row("sodium_last@1")["freshness"] == "2h"
    shutil.copy(ward.shared, ward.north / "features.yaml")
    ward.take("sodium_last", ward.north)
    asked = ("sodium_last", "--project", ward.north)
    kept = ward.features("show", *asked)[0]["counts"]
    assert kept["stale"] > 0
    assert "stale" not in kept["missing"]
    # As a version that lets no stale value through, every one of them is missing, and says why.
    ward.edit(ward.shared, "sodium_last", when_stale="missing")
    reviews = ward.publish("--only", "sodium_last", "--reason", "Too old misleads")[0]["reviews"]
    ward.features("take", *asked)
    ward.sign(reviews[0]["digest"], "erik")
    ward.build(ward.north)
    strict = ward.features("show", *asked)[0]["counts"]
    assert strict["missing"]["stale"] == kept["stale"]
    assert strict["present"] == kept["present"] - kept["stale"]
    ward.edit(ward.shared, "sodium_last", freshness=None)
    assert "freshness" in ward.publish("--only", "sodium_last", code=2)[1]


@pytest.mark.requirement("B9")
def test_a_version_is_a_draft_until_somebody_else_approves_exactly_it(ward):
    (new,) = ward.publish("--only", "sodium_last", by="clara")[0]["new"]
    assert ward.row("sodium_last@1")["status"] == "draft"
    ward.take("sodium_last", ward.north)
    assert any("draft" in note for note in ward.build(ward.north)[0]["notes"])
    assert "sod.violation" in ward.sign(new["digest"], "clara", code=6)[1]
    assert "sign.role" in ward.sign(new["digest"], "omar", code=6)[1]
    ward.sign(new["digest"], "erik")
    row = ward.row("sodium_last@1")
    assert row["status"] == "approved"
    assert row["approved"] == [
        {"by": "erik", "role": "data_engineer", "digest": new["digest"], "at": AT}
    ]
    assert ward.build(ward.north)[0]["notes"] == []
    # The approval is of the first version, not of what follows it.
    ward.edit(ward.shared, "sodium_last", window="24h")
    ward.publish("--only", "sodium_last", "--reason", "Fresher", by="clara")
    assert ward.row("sodium_last@2")["status"] == "draft"


@pytest.mark.requirement("B10")
def test_a_deprecated_feature_warns_until_its_last_date_and_a_retired_one_refuses(ward):
    ward.publish("--only", "sodium_last", "--only", "creatinine_last")
    ward.take("sodium_last", ward.north)
    asked = ("sodium_last", "--last-date", "2023-09-30", "--reason", "The assay goes")
    wrong = ward.features("deprecate", *asked, "--replacement", "sodium_lst", code=2)[1]
    assert "features.catalogue_missing" in wrong
    itself = ward.features("deprecate", *asked, "--replacement", "sodium_last@1", code=2)[1]
    assert "features.replacement" in itself
    ward.features("deprecate", *asked, "--replacement", "creatinine_last", by="omar", code=6)
    ward.features("deprecate", *asked, "--replacement", "creatinine_last")
    assert ward.row("sodium_last@1")["status"] == "deprecated"
    expected = "sodium_last@1 is deprecated; use creatinine_last@1; last day 2023-09-30"
    assert expected in ward.build(ward.north)[0]["notes"]
    assert expected in ward.build(ward.north, at="2023-09-30T23:59:59Z")[0]["notes"]
    refused = ward.build(ward.north, code=3, at="2023-10-01T00:00:00Z")[1]
    assert "features.retired" in refused
    assert "creatinine_last@1" in refused


@pytest.mark.requirement("B10")
def test_a_retired_feature_is_neither_taken_nor_built(ward):
    ward.publish("--only", "sodium_last")
    ward.take("sodium_last", ward.north)
    ward.features("retire", "sodium_last", "--reason", " ", code=2)
    ward.features("retire", "sodium_last", "--reason", "Measured wrongly")
    assert ward.row("sodium_last@1")["status"] == "retired"
    assert "Measured wrongly" in ward.build(ward.north, code=3)[1]
    taken = ward.features("take", "sodium_last", "--project", ward.south, code=3)[1]
    assert "features.retired" in taken
    # A version that follows is not of those that ended.
    ward.edit(ward.shared, "sodium_last", window="24h")
    ward.publish("--only", "sodium_last", "--reason", "Measured anew")
    assert ward.row("sodium_last@2")["status"] == "draft"


@pytest.mark.requirement("B11")
def test_a_changed_feature_opens_a_review_for_each_model_that_says_what_and_why(ward):
    ward.publish("--only", "sodium_last")
    ward.take("sodium_last", ward.north, ward.south)
    assert ward.told("features", "reviews") == []
    ward.edit(ward.shared, "sodium_last", window="24h", unit="mmol/L", aggregate="mean")
    why = "Old values misled"
    opened = ward.publish("--only", "sodium_last", "--reason", why, by="erik")[0]["reviews"]
    assert [one["model"] for one in opened] == ["north", "south"]
    for one in opened:
        assert (one["fields"], one["reason"]) == (["aggregate", "window"], why)
        assert one["asked"] == "dana"  # who built what used it
    waiting, refusal = ward.run("features", "reviews", code=3)
    assert [one["digest"] for one in waiting] == [one["digest"] for one in opened]
    assert "2 changed features" in refusal
    # The changed one feeds no model before its review is signed, by someone who did not make it.
    ward.features("take", "sodium_last@2", "--project", ward.north)
    refused = ward.build(ward.north, code=3)[1]
    assert "features.review" in refused
    assert why in refused
    ward.build(ward.south)  # which stays with the first version
    assert "sod.violation" in ward.sign(opened[0]["digest"], "erik", code=6)[1]
    ward.sign(opened[0]["digest"], "dana")
    ward.build(ward.north)
    assert ward.row("sodium_last@2")["models"] == ["north"]
    assert [one["model"] for one in ward.run("features", "reviews", code=3)[0]] == ["south"]
    assert ward.told("features", "reviews", "--model", "north") == []


def test_publishing_keeps_all_or_nothing(ward):
    ward.publish("--only", "sodium_last")
    ward.edit(ward.shared, "sodium_last", window="24h")
    ward.publish(code=2)  # the others are new; one of them changed without a reason
    assert [one["feature"] for one in ward.told("features", "catalogue")] == ["sodium_last@1"]


def test_two_who_publish_at_once_do_not_make_one_version_twice(ward, monkeypatch):
    def meanwhile(*args):
        monkeypatch.undo()
        ward.publish("--only", "sodium_last", by="clara")
        return definition_digest(*args)

    monkeypatch.setattr(catalogue, "definition_digest", meanwhile)
    assert "features.version" in ward.publish("--only", "sodium_last", code=3)[1]
    (row,) = ward.told("features", "catalogue", "--all")
    assert row["feature"] == "sodium_last@1"
