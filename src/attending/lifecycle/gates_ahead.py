"""The five gates of a model: passed, asked, or ahead, with what is missing and whose it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from attending.govern.roles import DOCUMENTS, ROLES
from attending.lifecycle import policies
from attending.records.decisions import SpecDocument
from attending.records.governance import GateDecision
from attending.specs.release import Stage

if TYPE_CHECKING:
    from attending.govern.policy import GateRule
    from attending.lifecycle.desk import Desk
    from attending.records.governance import Condition, Status
    from attending.records.release import Deployment
    from attending.types import Instant

_RISKS: tuple[Literal["low", "medium", "high"], ...] = ("low", "medium", "high")
_STAGES: tuple[str, ...] = get_args(Stage)


@dataclass(frozen=True)
class Open:
    """One condition of a gate.

    Attributes:
        asks: what it asks, in words.
        status: `met`, `failed`, `missing` or `not_shown`.
        whose: the role that mends it, in words.
        evidence: digest of the record that shows it, or of the document that waits; maybe none.
        signs: whether what is missing is a signature on `evidence`; `meaning` is that signature's.
        excepted: whether a signed exception lets it pass.
    """

    name: str
    asks: str
    status: Status
    whose: str
    note: str = ""
    evidence: str = ""
    signs: bool = False
    meaning: str = ""
    excepted: bool = False


@dataclass(frozen=True)
class GateAhead:
    """One gate, and how it stands.

    Attributes:
        stands: `passed`; `asked` and `not asked` for the one that comes next; `ahead`.
        conditions: what is open first.
        asked_at: when it was last asked, None when never.
    """

    gate: str
    to_stage: Stage
    stands: Literal["passed", "asked", "not asked", "ahead"]
    conditions: tuple[Open, ...]
    asked_at: Instant | None = None

    @property
    def missing(self) -> tuple[Open, ...]:
        """Return the conditions that are not met."""
        return tuple(one for one in self.conditions if one.status != "met" and not one.excepted)


def gates_ahead(desk: Desk, stands: Deployment) -> tuple[GateAhead, ...]:
    """Return the five gates of a version in the order of the stages.

    Args:
        desk: where.
        stands: the version, or the run that has no number yet.
    """
    asked = {
        one.to_stage: one
        for one in desk.home.catalog.all(GateDecision, model=stands.model, run=stands.run)
    }
    rules = policies.rules(desk, _risk(desk, stands, asked))
    reached = _STAGES.index(stands.stage)
    return tuple(_gate(rule, asked.get(stage), reached) for stage, rule in rules.items())


def _risk(
    desk: Desk, stands: Deployment, asked: dict[Stage, GateDecision]
) -> Literal["low", "medium", "high"]:
    """Return the declared risk: of the newest decision, else of the newest plan; else high."""
    plan = desk.home.catalog.latest(SpecDocument, model=stands.model, spec="release")
    said = [one.risk_level for one in reversed(asked.values())]
    said += [str(plan.says.get("risk_level"))] if plan else []
    return next((risk for one in said for risk in _RISKS if risk == one), "high")


def _gate(rule: GateRule, asked: GateDecision | None, reached: int) -> GateAhead:
    place = _STAGES.index(rule.to_stage)
    stands: Literal["passed", "asked", "not asked", "ahead"] = "ahead"
    if place <= reached:
        stands = "passed"
    elif place == reached + 1:
        stands = "asked" if asked else "not asked"
    words = _words(rule)
    conditions = (
        tuple(_open(one, words, _meanings(rule)) for one in asked.conditions)
        if asked
        else tuple(
            Open(name, asks, "missing", whose, note="not asked yet")
            for name, (asks, whose) in words.items()
        )
    )
    ordered = tuple(sorted(conditions, key=lambda one: one.status == "met" or one.excepted))
    return GateAhead(rule.gate, rule.to_stage, stands, ordered, asked.as_of if asked else None)


def _words(rule: GateRule) -> dict[str, tuple[str, str]]:
    """Return by condition what a gate asks and whose it is, in words."""
    facts = {one.name: (one.asks, _title(one.whose)) for one in rule.facts}
    return facts | {
        one.name: (
            f"{DOCUMENTS.get(one.document, one.document)} is signed",
            _title(one.role),
        )
        for one in rule.signatures
    }


def _title(role: str) -> str:
    return next((rule.title for name, rule in ROLES.items() if name == role), role)


def _meanings(rule: GateRule) -> dict[str, str]:
    return {one.name: one.meaning for one in rule.signatures}


def _open(one: Condition, words: dict[str, tuple[str, str]], meanings: dict[str, str]) -> Open:
    asks, _ = words.get(one.name, (one.name, ""))
    return Open(
        name=one.name,
        asks=asks,
        status=one.status,
        whose=_title(one.whose),
        note=one.note,
        evidence=one.evidence or "",
        signs=not one.passes and one.name.startswith("signed.") and bool(one.evidence),
        meaning=meanings.get(one.name, ""),
        excepted=one.excepted_by is not None,
    )
