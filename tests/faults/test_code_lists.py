"""D10: an edited code list is refused, or its effect is counted and must be signed."""

from __future__ import annotations

from pathlib import Path

import pytest

from attending.errors import BadInput
from attending.scores.packaged import CODE_LISTS, code_list
from attending.specs import code_list as specs
from attending.specs.code_list import CodeListSpec
from attending.specs.read_yaml import parse_spec

TEXT = (CODE_LISTS / "charlson.yaml").read_text(encoding="utf-8")
WITHOUT_EXAMPLES = TEXT[: TEXT.index("# Golden codes")]
FAILURE = "ICD10CM//I509"
ICD9_042 = '["042", "043", "044"]'

#: What was edited -> before, after, a code of an event, its right classes, and its wrong ones.
EDITS = {
    "code dropped": ('"0706", ', "", "ICD9CM//0706", {"mld"}, set()),
    "decimal lost": ('["2500", ', '["250", ', "ICD9CM//25040", {"diabwc"}, {"diab", "diabwc"}),
    "wildcard too wide": ("I22, I252]", "I22, I25]", "ICD10CM//I2510", set(), {"mi"}),
    "prefix made exact": (
        "label: \"Dementia\"\n    codes:\n      - vocabulary: ICD9CM\n        match: prefix",
        "label: \"Dementia\"\n    codes:\n      - vocabulary: ICD9CM\n        match: exact",
        "ICD9CM//29040", {"dementia"}, set(),
    ),
}  # fmt: skip
#: Edits that no list may hold, whatever its examples say -> a code that is lost, and its class.
IMPOSSIBLE = {
    "leading zero lost": (ICD9_042, '["42", "43", "44"]', "ICD9CM//042", "aids"),
    "case": ("I22, I252]", "I22, i252]", "ICD10CM//I252", "mi"),
    "dot written": ("I22, I252]", "I22, I25.2]", "ICD10CM//I252", "mi"),
}


def read(text):
    return parse_spec(text.encode(), CodeListSpec, name="charlson.yaml")


@pytest.mark.fault("D10")
@pytest.mark.parametrize("edit", EDITS)
def test_d10_an_edit_that_changes_a_meaning_fails_the_golden_codes(edit):
    before, after, code, right, wrong = EDITS[edit]
    assert TEXT.count(before) >= 1
    # Control: without the golden codes the list is read, and a patient changes class in silence.
    silent = read(WITHOUT_EXAMPLES.replace(before, after, 1))
    assert code_list("charlson").classes_of(code) == right
    assert silent.classes_of(code) == wrong
    # Guard: the file is refused, and the code that fails is named.
    with pytest.raises(BadInput, match=r"example ICD(9|10)CM//"):
        read(TEXT.replace(before, after, 1))


@pytest.mark.fault("D10")
@pytest.mark.parametrize("edit", IMPOSSIBLE)
def test_d10_a_code_that_is_not_written_as_events_write_it_is_refused(edit, monkeypatch):
    before, after, code, name = IMPOSSIBLE[edit]
    edited = WITHOUT_EXAMPLES.replace(before, after, 1)
    # Control: such a code matches no event at all, and the disease's patients vanish in silence.
    with monkeypatch.context() as off:
        off.setattr(specs, "_SHAPES", {})
        assert code_list("charlson").classes_of(code) == {name}
        assert read(edited).classes_of(code) == set()
    # Guard: the file is refused.
    with pytest.raises(BadInput, match=r"ICD-(9|10)-CM codes have"):
        read(edited)


@pytest.fixture
def edited(ward):
    """A ward with data, a person who signs, and a list in which heart failure lost its codes."""
    folder, _ = ward.write()
    ward.ingest(folder)
    lists = ward.project / "codelists"
    lists.mkdir()
    text = WITHOUT_EXAMPLES.replace("I425, I426, I427, I428, I429, I43, I50, P290", "I43, P290")
    (lists / "charlson.yaml").write_text(text, encoding="utf-8")
    secret = ward.folder / "secret"
    secret.write_text("a sentence for the lead to remember\n")
    secret.chmod(0o600)
    ward.run(
        "user", "add", "lea", "--name", "Lea Moss", "--role", "clinical_lead",
        "--passphrase-file", str(secret), "--home", str(ward.home), "--at", "2024-03-01T06:00:00Z",
    )  # fmt: skip
    return ward


def packaged(ward):
    return str(CODE_LISTS / "charlson.yaml"), str(ward.project / "codelists" / "charlson.yaml")


@pytest.mark.fault("D10")
def test_d10_an_edit_without_a_new_version_is_refused(edited):
    before, after = packaged(edited)
    # Control: name and version are the same, and a patient with heart failure has none.
    ours, theirs = (read(Path(name).read_text()) for name in (before, after))
    assert (ours.name, ours.version) == (theirs.name, theirs.version)
    assert ours.classes_of(FAILURE) == {"chf"}
    assert theirs.classes_of(FAILURE) == set()
    # Guard: the change is refused until it has a version of its own.
    assert "codelist.version" in edited.asked("codelist", "diff", before, after, code=3).err


@pytest.mark.fault("D10")
def test_d10_the_patients_that_an_edit_moves_are_counted_and_must_be_signed(edited):
    before, after = packaged(edited)
    path = edited.project / "codelists" / "charlson.yaml"
    path.write_text(path.read_text().replace('version: "2005.1"', 'version: "2005.2"'))
    # Control: without --impact the change is shown, nobody is counted, nothing is asked.
    shown = edited.asked("codelist", "diff", before, after).json
    assert [one["name"] for one in shown["classes"]] == ["chf"]
    assert shown["classes"][0]["lost"] is None
    # Guard: patients are counted, and the verb ends with 3 until somebody has signed.
    review = edited.asked("codelist", "diff", before, after, "--impact", code=3).json
    events = edited.events().to_pylist()
    with_failure = {
        row["subject_id"] for row in events
        if row["code"].startswith("ICD10CM//I50") and row["superseded_at"] is None
    }  # fmt: skip
    kept = {
        row["subject_id"] for row in events
        if "chf" in code_list("charlson").classes_of(row["code"])
        and not row["code"].startswith("ICD10CM//I50") and row["superseded_at"] is None
    }  # fmt: skip
    assert review["changed"] == review["classes"][0]["lost"] == len(with_failure - kept) > 20
    again = edited.asked("codelist", "diff", before, after, "--impact", code=3).json
    assert again["digest"] == review["digest"]
    edited.run(
        "sign", review["digest"], "--as", "lea", "--role", "clinical_lead", "--statement", "Read.",
        "--passphrase-file", str(edited.folder / "secret"), "--home", str(edited.home),
        "--at", "2024-03-01T06:00:00Z",
    )  # fmt: skip
    assert edited.asked("codelist", "diff", before, after, "--impact").json == review
    # Another edit is another review: the signature does not carry over.
    path.write_text(path.read_text().replace("I43, P290", "P290"))
    edited.asked("codelist", "diff", before, after, "--impact", code=3)
