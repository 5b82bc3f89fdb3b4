"""The gates that an adopted model never passed: what of them is met, and what is not shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attending.errors import Refused
from attending.govern.gates import Evidence, decide
from attending.lifecycle import policies
from attending.lifecycle.adopted_conditions import asked_of, fact_of
from attending.records.adoption import AcceptedCondition
from attending.specs.release import STAGES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.records.adoption import AdoptedModel
    from attending.records.governance import Condition
    from attending.specs.release import Stage

#: What no signature stands in for: without it there is no verdict, and nobody to call.
NEEDED = frozenset(
    {"release.complete", "rollback.path_named", "incidents.owners_named", "monitors.configured",
     "card.complete"}
)  # fmt: skip


@dataclass(frozen=True)
class Conditions:
    """How the conditions up to a stage stand, each once, however many gates ask it.

    Attributes:
        accepts: those that are not shown.
        met: how many are met.
        asked: what each asks in words, by its name.
    """

    accepts: tuple[AcceptedCondition, ...]
    met: int
    asked: Mapping[str, str]


def conditions(desk: Desk, project: Project, model: AdoptedModel, *, stage: Stage) -> Conditions:
    """Return how every condition of the gates up to a stage stands, signatures among them.

    The card is written last, and is asked for apart; it counts as met here.

    Raises:
        Refused: a condition was shown to fail, or one is open that nobody may accept.
    """
    asked = list(_asked(desk, project, model, stage=stage))
    failed = [one for _, one in asked if one.status == "failed"]
    needed = [one for _, one in asked if one.status != "met" and one.name in NEEDED]
    if failed or needed:
        told = "; ".join(
            f"{one.name} {'failed' if one.status == 'failed' else 'is open'}"
            + (f": {one.note}" if one.note else "")
            for one in dict.fromkeys([*failed, *needed])
        )
        raise Refused(
            f"the model cannot enter {stage}: {told}",
            code="adopt.condition",
            hint="What is not shown can be accepted; what was shown to fail cannot, nor a plan "
            "with gaps. Mend it, or let the model enter an earlier stage.",
        )
    gates: dict[str, list[str]] = {}
    for gate, one in asked:
        gates.setdefault(one.name, []).append(gate)
    once = {one.name: one for _, one in asked}
    accepts = tuple(
        _accepted(gates[name], one) for name, one in once.items() if one.status != "met"
    )
    words = asked_of(policies.rules(desk, project.release.risk_level))
    return Conditions(accepts, met=len(once) - len(accepts), asked=words)


def _asked(
    desk: Desk, project: Project, model: AdoptedModel, *, stage: Stage
) -> Iterator[tuple[str, Condition]]:
    """Yield each condition of each gate up to a stage, with the gate's name."""
    policy = policies.rules(desk, project.release.risk_level)
    for to_stage in STAGES[1 : STAGES.index(stage) + 1]:
        rule = policy[to_stage]
        evidence = Evidence(
            model=model.model,
            run=model.digest,
            stage=rule.from_stage,
            as_of=desk.at,
            home=desk.home.settings.home_id,
            facts={item.name: fact_of(desk, project, model, name=item.name) for item in rule.facts},
        )
        for one in decide(to_stage, evidence, policy=policy).conditions:
            yield rule.gate, one


def _accepted(gates: list[str], one: Condition) -> AcceptedCondition:
    note = "nobody signed it here" if one.name.startswith("signed.") else one.note
    return AcceptedCondition(
        gate=" and ".join(gates), name=one.name, status="not_shown", whose=one.whose, note=note
    )
