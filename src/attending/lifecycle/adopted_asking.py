"""Ask a gate about an adopted model: what is met, what is not shown, what its adoption accepts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from attending.govern.gates import Evidence, Fact, decide
from attending.lifecycle import policies
from attending.lifecycle.adopted_conditions import fact_of
from attending.lifecycle.adopting import newest
from attending.lifecycle.desk import keep
from attending.records.adoption import AdoptedModel
from attending.records.governance import Approval
from attending.times import format_instant

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.records.adoption import Adoption
    from attending.records.governance import GateDecision
    from attending.specs.release import Stage


def check(desk: Desk, project: Project, to_stage: Stage) -> GateDecision:
    """Return how the gate before a stage stands for an adopted model, kept whatever it is.

    A later stage is another adoption: this says what that one would have to accept.

    Raises:
        NotFound: nothing was proposed.
    """
    adoption = newest(desk, project.name)
    known = desk.home.catalog.get(adoption.run, AdoptedModel)
    policy, risk = policies.in_use(desk), project.release.risk_level
    rules = policies.rules(desk, risk)
    history = desk.home.deployments.history(project.name)
    stands = [one for one in history if one.run == adoption.run]
    documents = {
        "validation_report": adoption.report, "card": adoption.card, "release": adoption.release,
    }  # fmt: skip
    evidence = Evidence(
        model=known.model,
        run=known.digest,
        stage=stands[-1].stage if stands else "prototype",
        as_of=desk.at,
        home=desk.home.settings.home_id,
        facts={
            one.name: _as_accepted(
                adoption, fact_of(desk, project, known, name=one.name), name=one.name
            )
            for one in rules[to_stage].facts
        },
        documents=documents,
        approvals=tuple(
            one for held in documents.values()
            for one in desk.home.catalog.all(Approval, document=held)
        ),
        must_open=policy.production,
    )  # fmt: skip
    decision = decide(to_stage, evidence, policy=rules).model_copy(
        update={"policy": policy.label, "risk_level": risk, "compensation": policy.compensation}
    )
    keys = {"model": known.model, "run": known.digest, "to": to_stage}
    details = {"allowed": decision.allowed, "open": len(decision.open_conditions())}
    keep(desk, decision, action="gate.decide", keys=keys, details=details)
    return decision


def _as_accepted(adoption: Adoption, fact: Fact, *, name: str) -> Fact:
    """Return a fact with until when the adoption accepts that it is not shown."""
    if fact.status == "met" or name not in {one.name for one in adoption.accepts}:
        return fact
    until = format_instant(adoption.expires_at)[:10]
    return replace(fact, note=f"{fact.note}; the adoption accepts it until {until}".lstrip("; "))
