"""What a verb that prints a long table says at its end: how many, and what that means."""

from __future__ import annotations

import pytest

from attending.cli.contract import sum_of
from attending.cli.gates import leak_sum
from attending.errors import NotFound
from attending.ingest.packaged import packaged
from attending.records.contract import CheckResult, ContractReport, FeatureLeak, LeakReport


def checks(*verdicts):
    """Return a report with one check for each severity and verdict."""
    made = tuple(
        CheckResult(
            name=f"rule_{n}", rule="rowCount", element="labs", bound="0", unit="rows",
            severity=severity, verdict=verdict,
        )
        for n, (severity, verdict) in enumerate(verdicts)
    )  # fmt: skip
    told = {"contract": "c", "contract_version": "1", "contract_digest": "a" * 64}
    return ContractReport(**told, snapshot="b" * 64, checks=made)


def test_a_check_of_a_contract_ends_with_how_many_promises_are_broken():
    assert sum_of(checks(("error", "met"), ("error", "met"))) == ["2 promises checked, 0 broken"]
    told = sum_of(checks(("error", "failed"), ("warning", "failed"), ("warning", "not_shown")))
    assert told == [
        "3 promises checked, 2 broken",
        "1 not shown: there was nothing to look at",
        "broken as a warning, recorded and refusing nothing: rule_1",
    ]


def test_a_look_for_leaks_ends_with_what_each_answer_means():
    leaks = tuple(
        FeatureLeak(
            feature=name, codes=("LAB",), clock="event", predictions=9, with_row=rows,
            newest_unknown=0, verdict=verdict,
        )
        for name, rows, verdict in (("age", 0, "not_shown"), ("a", 9, "met"), ("b", 9, "met"))
    )  # fmt: skip
    told = leak_sum(LeakReport(limit=0.0, features=leaks))
    assert told[:2] == ["3 features", "  2 met: what a prediction reads was known by then"]
    assert told[2].startswith("  1 not_shown: no prediction has a row of it in the window")
    assert len(told) == 3


def test_a_folder_that_is_not_there_is_asked_for_by_what_it_holds(tmp_path):
    with pytest.raises(NotFound) as refused:
        packaged("diabetes-130").describe(tmp_path / "nowhere")
    assert "Name the folder with the Diabetes 130-US download" in refused.value.hint
