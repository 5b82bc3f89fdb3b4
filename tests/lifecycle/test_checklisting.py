"""A checklist of a run: refused with the list while something is missing, signed when whole."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from attending.cli.app import app
from attending.cli.door import through
from attending.errors import Denied, Refused
from attending.govern.checklists import answered, profile
from attending.lifecycle import checklisting, papers
from attending.lifecycle.desk import keep
from attending.lifecycle.projects import open_project
from attending.lifecycle.standing import standing_on
from attending.records.contract import LeakReport
from attending.specs.checklist import PROFILES
from attending.times import format_instant
from tests.journeys.conftest import EXAMPLES
from tests.lifecycle.ward import make_ward, sign


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    made = make_ward(tmp_path_factory.mktemp("checklists"))
    yield made
    made.desk.home.close()


def test_a_checklist_with_a_gap_is_refused_with_the_list_and_a_whole_one_is_signed(ward):
    author, place = replace(ward.desk, actor="dana"), ward.project.folder.root
    (place / "card.yaml").unlink(missing_ok=True)  # nobody has written anything yet
    bare = open_project(place)
    made = checklisting.write_checklist(author, bare, ward.run, name="change_plan")
    missing = {one.id for one in made.items if one.status == "missing"}
    assert {"A.list", "C.benefit"} <= missing and len(made.missing) == len(missing)
    with pytest.raises(Refused) as refused:
        sign(ward.desk, made.digest, ward.secrets, person="caro", role="compliance_officer")
    assert refused.value.code == "paper.missing"
    assert "A.list (card.yaml: words.planned_changes)" in refused.value.message

    # People write what no record says, and say what there is not.
    keys = [item.written for item in profile("change_plan").items if item.written]
    said = "".join(f"  {key}: As the clinical owner wrote it.\n" for key in keys[1:])
    (place / "card.yaml").write_text(
        f"profiles: [change_plan]\nwords:\n{said}not_available:\n  {keys[0]}: None is planned.\n"
    )
    project = open_project(place)
    whole = checklisting.write_checklist(author, project, ward.run, name="change_plan")
    by_card = {one.split(" ")[0] for one in whole.missing}
    assert by_card == {"B.fit", "B.test", "B.watch"}  # the card was not built
    page = ward.desk.home.artifacts.read(papers.page_of(ward.desk, whole.digest)).decode()
    assert "Not available: None is planned." in page and "It cannot be signed." in page
    assert "release.rollback_criteria" in page.replace("<wbr>", "")

    filled = whole.model_copy(update={"missing": ()})
    keep(
        author, filled, action="checklist.write",
        keys={"model": ward.run.model, "run": ward.run.digest, "profile": "change_plan"},
    )  # fmt: skip
    with pytest.raises(Denied):
        sign(ward.desk, filled.digest, ward.secrets, person="dana", role="data_scientist")
    sign(ward.desk, filled.digest, ward.secrets, person="caro", role="compliance_officer")
    assert [one.signer for one in standing_on(ward.desk, filled.digest)] == ["caro"]


@pytest.mark.parametrize("name", PROFILES)
def test_the_shipped_example_says_all_that_only_people_can_say(name):
    words = open_project(EXAMPLES / "readmission-synthetic").card_words
    items = answered(profile(name), {}, words, card="c" * 64)
    written = {item.id for item in profile(name).items if item.written}
    assert {one.id for one in items if one.status != "missing"} == written


def test_the_cross_walk_says_which_evidence_answers_which_items(ward):
    place = ward.project.folder.root
    (place / "card.yaml").unlink(missing_ok=True)
    made, page = checklisting.write_crosswalk(ward.desk, open_project(place), ward.run)
    assert len(made) == 7
    text = page.decode()
    assert "Data and cohort" in text and "(2)" in text  # a missing item is in brackets
    assert "SYNTHETIC" in text


def attending(capsys, *words):
    """Return the exit code of a verb, what it printed and what it said."""
    code = through(lambda: app(list(words), standalone_mode=False), argv=list(words))
    told = capsys.readouterr()
    return code, told.out, told.err


@pytest.mark.parametrize("name", ["tripod_ai", "chai", "onc_hti1"])
def test_each_item_is_answered_from_a_named_record_or_missing_and_then_nobody_signs(
    ward, capsys, tmp_path, name
):
    place = ward.project.folder.root
    (place / "card.yaml").unlink(missing_ok=True)  # nothing is filled in
    where = ("--home", str(ward.desk.home.root), "--at", format_instant(ward.desk.at))
    code, out, err = attending(
        capsys, "document", "checklist", name, "--project", str(place), "--by", "dana", "--json",
        *where,
    )  # fmt: skip
    assert code == 0, err
    made = json.loads(out)
    assert {one["id"] for one in made["items"]} == {item.id for item in profile(name).items}
    missing = {one["id"] for one in made["items"] if one["status"] == "missing"}
    for one in made["items"]:
        if one["id"] in missing:
            assert f"{one['id']} ({one['source']})" in made["missing"]
        else:
            assert one["answer"] and one["source"] and len(one["digest"]) == 64
    assert missing and {item.id for item in profile(name).items if item.written} <= missing

    secret = tmp_path / "caro.secret"
    secret.write_text(f"{ward.secrets['caro']}\n")
    secret.chmod(0o600)
    code, _, err = attending(
        capsys, "sign", made["digest"], "--as", "caro", "--role", "compliance_officer",
        "--meaning", "approval", "--statement", "I have read it.",
        "--passphrase-file", str(secret), *where,
    )  # fmt: skip
    said = " ".join(err.split())
    assert code == 3 and "paper.missing" in said
    assert all(one in said for one in made["missing"])
    assert standing_on(ward.desk, made["digest"]) == ()


def test_availability_is_answered_from_the_report_on_the_features_of_the_run(ward):
    """A later report on other features of the same cohort says nothing of this model."""
    (ward.project.folder.root / "card.yaml").unlink(missing_ok=True)
    project = open_project(ward.project.folder.root)
    mine = ward.desk.home.catalog.latest(
        LeakReport, cohort=ward.run.cohort, features=ward.run.feature_set
    )
    other = mine.model_copy(update={"limit": mine.limit / 2})
    keep(
        replace(ward.desk, actor="dana"), other, action="contract.leaks",
        keys={"cohort": ward.run.cohort, "features": "0" * 64},
    )  # fmt: skip
    # The control: of the cohort alone, the newest report is that of the other features.
    assert ward.desk.home.catalog.latest(LeakReport, cohort=ward.run.cohort) == other
    made, _ = checklisting.write_crosswalk(ward.desk, project, ward.run)
    (found,) = [
        item for one in made if one.profile == "probast_ai" for item in one.items
        if item.id == "D2.available"
    ]  # fmt: skip
    assert found.digest == mine.digest != other.digest
