from __future__ import annotations

from dataclasses import replace

import pytest

from attending.errors import Denied, Refused
from attending.lifecycle import gating, steadying
from attending.lifecycle.desk import keep
from attending.records.explanation import InputsWeighed
from tests.lifecycle.ward import enter, make_ward, sign


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    made = make_ward(tmp_path_factory.mktemp("explained"))
    # As it stood before the clinical sign-off.
    plan = made.project.release.digest
    enter(made.desk, made.run, stage="trained", plan=plan, previous=made.entered)
    yield made
    made.desk.home.close()


def reviewed(ward):
    """Return how the gate before validated sees the review of explanations, and the decision."""
    decision = gating.check(ward.desk, ward.project, "validated", run=ward.run.digest)
    return next(one for one in decision.conditions if one.name == "explanation.reviewed"), decision


@pytest.mark.requirement("F12")
def test_no_model_is_validated_before_a_clinician_reviewed_how_it_explains_itself(ward):
    condition, decision = reviewed(ward)
    assert (condition.status, condition.note) == ("missing", "explanations were not tried")
    with pytest.raises(Refused) as refused:
        gating.require_allowed(decision)
    assert "explanation.reviewed" in str(refused.value)

    author = replace(ward.desk, actor="dana")
    report = steadying.check_stability(author, ward.project, ward.run)
    assert not reviewed(ward)[0].passes
    with pytest.raises(Denied):
        sign(ward.desk, report.digest, ward.secrets, person="dana", role="data_scientist")
    assert not reviewed(ward)[0].passes

    sign(ward.desk, report.digest, ward.secrets, person="clara", role="clinical_lead")
    condition, _ = reviewed(ward)
    assert (condition.status, condition.evidence) == ("met", report.digest)

    # Another trial of the explanations is another document: the signature does not carry over.
    less = InputsWeighed(asked="shown", outcome="left_out", reason="too few patients to tell")
    held = {"outcome": "met", "reasons": (), "comparisons": (), "inputs": less}
    other = report.model_copy(update={"seed": report.seed + 1, **held})
    keep(
        author,
        other,
        action="explain.stability",
        keys={"model": ward.run.model, "run": ward.run.digest},
    )
    condition, decision = reviewed(ward)
    assert not condition.passes
    # What was asked of fewer inputs than all is told by the gate, also where explanations hold.
    stable = next(one for one in decision.conditions if one.name == "explanation.stable")
    assert (stable.status, stable.note) == (
        "met",
        "only shown factors were asked to weigh more than chance: too few patients to tell",
    )
