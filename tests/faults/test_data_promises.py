"""D06 to D26 at the contract: what reads well and is wrong breaks a promise, by site where it is.

The monitors and scores that go on from there have tests of their own.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pytest

CREATININE, GLUCOSE, POTASSIUM = "LOINC//2160-0", "LOINC//2345-7", "LOINC//2823-3"
LACTATE, TEMPERATURE = "LOINC//2524-7", "LOINC//8310-5"
SITES = ("CITY", "GENERAL", "UNIVERSITY", "VALLEY")


def promise(ward, *rules, column="numeric_value"):
    """Write further rules into the contract, under a column or under the table for None."""

    def add(spec):
        (table,) = spec["schema"]
        place = table if column is None else _property(table, column)
        place.setdefault("quality", []).extend({"severity": "error", **rule} for rule in rules)

    ward.specs("contract", add)


def _property(table, name):
    return next(item for item in table["properties"] if item["name"] == name)


def term(ward, name, value):
    """Write a term of ours into the contract, in the place of one of that name."""

    def put(spec):
        full = f"attending.{name}"
        others = [item for item in spec["customProperties"] if item["property"] != full]
        spec["customProperties"] = [*others, {"property": full, "value": value}]

    ward.specs("contract", put)


def within(name, code, low, high, site=None, most=1.0):
    sites = {"sites": [site]} if site else {}
    asked = {"codes": [code], "minimum": low, "maximum": high, **sites}
    bound = {"unit": "percent", "mustBeLessOrEqualTo": most}
    return {"id": name, "metric": "invalidValues", "arguments": asked, **bound}


def volume(name, code, usual):
    """Return the promise of nine tenths of what a sound delivery holds of a code."""
    asked = {"codes": [code]}
    return {"id": name, "metric": "rowCount", "arguments": asked, "mustBeGreaterThan": 0.9 * usual}


def broken(ward, code=3):
    """Return the names of the contract's broken promises of severity error."""
    report = ward.asked("contract", "check", code=code).json
    return {
        item["name"]
        for item in report["checks"]
        if item["verdict"] == "failed" and item["severity"] == "error"
    }


def of(events, *codes):
    return events.filter(pc.is_in(events["code"], value_set=pa.array(codes, pa.string())))


@pytest.mark.fault("D06")
@pytest.mark.requirement("D1")
def test_d06_numbers_in_another_unit_under_the_old_word_break_a_range(ward):
    folder, planted = ward.write("D06")
    assert planted > 500
    # Control: the stock contract has no range for glucose, and is kept by numbers 18 times smaller.
    ward.ingest(folder)
    assert broken(ward, code=0) == set()
    assert set(of(ward.events(), GLUCOSE)["unit"].drop_null().to_pylist()) == {"mg/dL"}
    # Guard: a range per analyte sees the switch, and holds for the same hospital without it.
    promise(ward, within("glucose", GLUCOSE, 20, 1500), within("creatinine", CREATININE, 0.05, 30))
    assert broken(ward) == {"glucose", "creatinine"}
    ward.study()
    assert "contract.passed" in ward.refusals()
    ward.ingest(ward.write(name="sound")[0])
    assert broken(ward, code=0) == set()


@pytest.mark.fault("D07")
def test_d07_one_sites_units_are_seen_at_that_site_where_the_pooled_rule_is_blind(ward):
    pooled = within("pooled", GLUCOSE, 20, 1500, most=40)
    by_site = [within(f"glucose-{site}", GLUCOSE, 20, 1500, site) for site in SITES]
    warm = [within(f"warm-{site}", TEMPERATURE, 25, 45, site) for site in SITES]
    promise(ward, pooled)
    ward.ingest(ward.write("D07", "--site", "VALLEY")[0])
    # Control: over all sites together, a share that others allow hides a whole site.
    assert broken(ward, code=0) == set()
    # Guard: the same rule by site names the site, and no other.
    promise(ward, *by_site, *warm)
    assert broken(ward) == {"glucose-VALLEY", "warm-VALLEY"}


@pytest.mark.fault("D09")
@pytest.mark.requirement("A11")
def test_d09_a_code_system_that_was_switched_breaks_the_pattern_and_a_version_is_a_review(ward):
    folder, planted = ward.write("D09")
    assert planted > 100
    # Control: ICD-9-CM codes pass under the name of ICD-10-CM.
    ward.ingest(folder)
    assert broken(ward, code=0) == set()
    seen = ward.events()["code"].unique().to_pylist()
    assert {"ICD10CM//486", "ICD10CM//496"} <= set(seen)
    # Guard: the pattern of the code system, then the version that the contract says.
    pattern = {"codes": ["ICD10CM//*"], "pattern": r"^ICD10CM//[A-TV-Z][0-9][0-9AB]"}
    bound = {"unit": "percent", "mustBeLessOrEqualTo": 1}
    rule = {"id": "icd10", "metric": "invalidValues", "arguments": pattern, **bound}
    promise(ward, rule, column="code")
    assert broken(ward) == {"icd10"}
    ward.ingest(ward.write(name="sound")[0])
    assert broken(ward, code=0) == set()
    term(ward, "vocabularies", {"ICD10CM": "2023"})
    ward.study()
    ward.asked("train", "fit")
    term(ward, "vocabularies", {"ICD10CM": "2024"})
    said = ward.asked("train", "fit", code=3)
    assert "contract.review" in said.err
    assert "vocabularies" in said.err


@pytest.mark.fault("D10")
def test_d10_codes_that_lost_their_letters_and_points_break_the_pattern(ward):
    folder, planted = ward.write("D10")
    assert planted > 500
    # Control: the codes are taken in as they are written, so a feature silently finds fewer rows.
    ward.ingest(folder)
    assert broken(ward, code=0) == set()
    mangled = ward.events()
    assert of(mangled, "LOINC//21600").num_rows > 100
    # Guard: how codes of a vocabulary are written is a promise, and so is how many there are.
    loinc = {"codes": ["LOINC//*"], "pattern": r"^LOINC//[0-9]{1,7}-[0-9]$"}
    rule = {"id": "loinc", "metric": "invalidValues", "arguments": loinc, "mustBe": 0}
    promise(ward, rule, column="code")
    ward.ingest(ward.write(name="sound")[0])
    usual = of(ward.events(), CREATININE).num_rows
    promise(ward, volume("creatinine", CREATININE, usual), column=None)
    assert broken(ward, code=0) == set()
    ward.ingest(folder)
    assert broken(ward) == {"loinc", "creatinine"}


@pytest.mark.fault("D11")
def test_d11_one_dead_code_is_found_by_its_own_count_and_not_by_the_total(ward):
    folder, planted = ward.write("D11")
    assert planted > 100
    ward.ingest(ward.write(name="sound")[0])
    usual = ward.events()
    every = sum(code.startswith("LOINC//") for code in usual["code"].to_pylist())
    promise(ward, volume("all-results", "LOINC//*", every), column=None)
    assert broken(ward, code=0) == set()
    # Control: the count of all results looks as ever.
    ward.ingest(folder)
    assert broken(ward, code=0) == set()
    # Guard: the count of the one code does not.
    promise(ward, volume("potassium", POTASSIUM, of(usual, POTASSIUM).num_rows), column=None)
    assert broken(ward) == {"potassium"}


@pytest.mark.fault("D13")
@pytest.mark.requirement("A11")
def test_d13_a_changed_method_is_a_review_and_a_censored_value_is_neither_zero_nor_lost(ward):
    folder, planted = ward.write("D13")
    assert planted > 100
    ward.ingest(folder)
    ward.study()
    # Control: no range and no unit tells 8 % more, and training goes on.
    promise(ward, within("creatinine", CREATININE, 0.05, 30))
    term(ward, "methods", {CREATININE: {"name": "enzymatic", "analyser": "c702"}})
    assert broken(ward, code=0) == set()
    ward.asked("train", "fit")
    # Guard: the laboratory says that the analyser is another one; somebody signs first.
    term(ward, "methods", {CREATININE: {"name": "enzymatic", "analyser": "AU5800"}})
    said = ward.asked("train", "fit", code=3)
    assert "contract.review" in said.err
    assert "AU5800" in said.err
    # Censored values stay words beside the numbers: every one, and none as nought.
    lactate = of(ward.events(), LACTATE)
    low = lactate.filter(pc.equal(lactate["text_value"], "<1.0"))
    sound = ward.write(name="sound")[0]
    ward.ingest(sound)
    before = of(ward.events(), LACTATE)
    assert low.num_rows > 10
    assert low["numeric_value"].null_count == low.num_rows
    assert lactate.num_rows == before.num_rows
    assert pc.sum(pc.equal(lactate["numeric_value"], 0.0)).as_py() in {0, None}


@pytest.mark.fault("D19")
@pytest.mark.requirement("D2")
def test_d19_the_same_results_three_times_over_change_nothing_and_are_counted(ward):
    sound = ward.ingest(ward.write(name="sound")[0]).json
    before = ward.events()
    folder, planted = ward.write("D19")
    # Control: the file does hold every result three times.
    rows = (folder / "labs.csv").read_text().count("\n") - 1
    plain = (ward.folder / "sound" / "labs.csv").read_text().count("\n") - 1
    assert rows > 3 * plain
    renumbered = rows - 3 * plain
    assert planted >= 2 * plain
    said = ward.ingest(folder).json
    assert said["balanced"]
    assert said["duplicate"] == sound["duplicate"] + 2 * plain
    assert ward.events().num_rows == before.num_rows + renumbered
    # Guard for what comes again under a new number: a promise that no result repeats another.
    by = ["subject_id", "time", "code", "numeric_value"]
    asked = {"codes": ["LOINC//*"], "properties": by}
    once = {"id": "once", "metric": "duplicateValues", "arguments": asked, "mustBe": 0}
    promise(ward, once, column=None)
    assert broken(ward) == {"once"}


@pytest.mark.fault("D26")
def test_d26_three_lactates_in_four_that_do_not_come_break_the_promised_volume(ward):
    folder, planted = ward.write("D26")
    assert planted > 50
    ward.ingest(ward.write(name="sound")[0])
    usual = of(ward.events(), LACTATE).num_rows
    promise(ward, volume("lactates", LACTATE, usual), column=None)
    assert broken(ward, code=0) == set()
    ward.ingest(folder)
    # Control: each row that does come is sound, so nothing else is broken.
    assert broken(ward) == {"lactates"}
    shown = ward.asked("snapshot", "show").json
    assert shown["account"]["quarantined_by_reason"] == {}
