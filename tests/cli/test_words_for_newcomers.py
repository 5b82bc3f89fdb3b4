"""What a newcomer is told in the terminal: of passphrases, refusals, groups and what adds up."""

from __future__ import annotations

import sys

import pytest
import typer

from attending.cli import face, study
from attending.errors import BadInput
from attending.lifecycle.pretraining import _together
from attending.records.gates import GateFinding
from attending.records.validation import Check, GateResult


def test_a_new_passphrase_says_its_rule_and_is_asked_for_twice(monkeypatch):
    asked = []

    def prompt(text, **options):
        asked.append((text, options.get("confirmation_prompt", False)))
        return "a sentence to remember"

    monkeypatch.setattr(typer, "prompt", prompt)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    face.passphrase_from(None, new=True)
    face.passphrase_from(None)
    assert "12 characters or more" in asked[0][0]
    assert asked[0][1]
    assert asked[1] == ("Passphrase", False)


def test_without_a_terminal_it_is_said_that_nothing_was_done(monkeypatch):
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    with pytest.raises(BadInput, match="nothing was done") as refused:
        face.passphrase_from(None, new=True)
    assert "--passphrase-file" in refused.value.hint


def finding(feature, reason="100% of 40 rows"):
    return GateFinding(
        gate="leak.billing_time", answer="refused", feature=feature, reason=reason,
        whose="data_engineer",
    )  # fmt: skip


def test_features_refused_for_one_reason_are_told_in_one_sentence():
    same = [finding(f"f{at}", f"100% of {40 + at} rows") for at in range(29)]
    (told,) = _together(same, of=38)
    assert "29 of 38 features: f0, f1, f2 and more; of f0, 100% of 40 rows;" in told
    assert "41 rows" not in told
    assert "gate check pretrain" in told
    alone = _together([finding("a"), finding("b", "another reason")], of=38)
    assert alone == ["leak.billing_time a: 100% of 40 rows", "leak.billing_time b: another reason"]


def test_groups_with_too_few_events_are_told_beside_those_that_fail():
    gate = GateResult(
        gate="subgroup_auroc_at_least",
        outcome="failed",
        reason="outside",
        checks=(
            Check(what="auroc", group="age=[90-100)", outcome="failed", reason="outside"),
            Check(what="auroc", group="age=[0-10)", outcome="not_shown", reason="too_few_events"),
            Check(what="auroc", group="age=[40-50)", outcome="met"),
        ),
    )
    assert study._where(gate) == "age=[90-100); too few to judge: age=[0-10)"
    assert study._where(gate.model_copy(update={"outcome": "met"})) == ""
