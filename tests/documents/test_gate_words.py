"""A gate's sentence keeps groups that fail apart from groups with too few events to judge."""

from __future__ import annotations

from types import SimpleNamespace

from attending.documents.comparison import _SAYS
from attending.documents.sentences import gate_sentence
from attending.records.validation import Check, GateResult

REPORT = SimpleNamespace(estimate=lambda _name: None)
FAILED = Check(what="auroc", group="age=[90-100)", value=0.57, outcome="failed", reason="outside")
FEW = Check(what="auroc", group="age=[0-10)", outcome="not_shown", reason="too_few_events")


def test_a_group_that_is_not_shown_is_never_told_as_outside_the_range():
    gate = GateResult(
        gate="subgroup_auroc_at_least", outcome="failed", reason="outside", checks=(FAILED, FEW)
    )
    outside, few = gate_sentence(REPORT, gate).split(" Too few to judge: ")
    assert "outside the range" in outside
    assert "[90-100)" in outside
    assert "[0-10)" not in outside
    assert "[0-10)" in few


def test_a_gate_that_is_not_shown_says_its_own_reason_once():
    gate = GateResult(
        gate="subgroup_auroc_at_least", outcome="not_shown", reason="too_few_events", checks=(FEW,)
    )
    assert gate_sentence(REPORT, gate).startswith("There are too few events to tell: ")
    assert "Too few to judge" not in gate_sentence(REPORT, gate)


def test_no_difference_and_no_figure_are_two_words():
    assert _SAYS["not_shown"] == "no difference shown"
