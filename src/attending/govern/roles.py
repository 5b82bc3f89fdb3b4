"""Roles as data: who they are and what each may sign."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, get_args

from attending.errors import BadInput, Denied, Refused
from attending.records.governance import Meaning, Role

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Kinds of document that a person may sign, and what each is.
DOCUMENTS: dict[str, str] = {
    "contract": "the data contract of a source",
    "data_access": "the permission to use the data for this purpose",
    "identifier_scan": "what looks like an identifier in a snapshot and may stay",
    "feature": "a feature's definition and written meaning",
    "code_list": "a changed code list, and how many patients it moves",
    "agreement": "the validation plan, agreed before fitting",
    "run": "the record of a training run and its lineage",
    "validation_report": "the clinical validation report",
    "card": "the model card",
    "explanation": "the explanation layer and its wording",
    "threshold": "the alert threshold and the action that follows",
    "release": "the release plan: intended use, scope, rollback, owners",
    "silent_report": "the report of the silent period",
    "monitoring_report": "the report of the limited period and its monitors",
    "training_material": "the material that users read first",
    "deployer_paper": "hazards, downtime, duties or workflow, as who deploys writes them",
    "checklist": "a checklist of reporting or regulation, answered for one run",
    "exception": "a named condition that is let pass until a date",
    "adoption": "the entry of a model that others built, and what of it is not shown",
    "retraining": "the policy of monitoring and change, or one change",
    "verdict": "the end of a freeze, a restriction or a fallback",
    "incident": "the review of an incident",
    "act": "a rollback, a disabling or a retirement",
}

#: Acts that a person does under a name and a fresh passphrase, and who may.
ACTS: dict[str, tuple[str, tuple[Role, ...]]] = {
    "quarantine": ("let quarantined rows in, or close them", ("data_engineer",)),
    "feature": (
        "publish, deprecate or retire a feature of the catalogue",
        ("data_scientist", "data_engineer", "clinical_lead"),
    ),
    "people": ("add, end or change persons and their roles", ("administrator",)),
    "release": (
        "take a version back, stop it or let it answer again",
        ("operator", "clinical_lead", "compliance_officer"),
    ),
    "policy": ("adopt the policy of the gates", ("compliance_officer", "clinical_lead")),
    "after_review": (
        "review afterwards what was done at once or by few",
        ("compliance_officer", "privacy_officer", "clinical_lead"),
    ),
    "compare_head": (
        "compare the printed head of the ledger",
        ("compliance_officer", "privacy_officer", "clinical_lead", "auditor"),
    ),
    "erasure": ("erase what is kept of a patient", ("privacy_officer",)),
    "keys": ("change the keys of this home", ("operator",)),
}


@dataclass(frozen=True)
class RoleRule:
    """One role: its title, what it answers for, and what it may sign."""

    title: str
    answers_for: str
    may_sign: frozenset[str]


def _rule(title: str, answers_for: str, *documents: str) -> RoleRule:
    return RoleRule(title, answers_for, frozenset(documents))


ROLES: dict[Role, RoleRule] = {
    "data_scientist": _rule(
        "Data scientist",
        "the model and its validation",
        *("feature", "agreement", "run", "validation_report", "card", "retraining", "incident"),
    ),
    "data_engineer": _rule(
        "Data engineer",
        "sources, contracts, features and lineage",
        *("contract", "feature", "code_list", "agreement", "run", "incident"),
    ),
    "clinical_lead": _rule(
        "Clinical lead",
        "clinical meaning, benefit and harm",
        *("feature", "code_list", "agreement", "validation_report", "card", "explanation"),
        *("threshold", "release", "silent_report", "monitoring_report", "training_material"),
        *("deployer_paper", "exception", "adoption", "retraining", "verdict", "incident", "act"),
        "checklist",
    ),
    "compliance_officer": _rule(
        "Compliance officer",
        "lawful use, intended use and evidence",
        *("contract", "data_access", "identifier_scan", "agreement", "validation_report", "card"),
        *("release",),
        *("monitoring_report", "exception", "adoption", "retraining", "verdict", "incident"),
        *("act", "deployer_paper", "checklist"),
    ),
    "operator": _rule(
        "Operator",
        "the service, its monitors and its way back",
        *("release", "silent_report", "monitoring_report", "verdict", "incident", "act"),
        "deployer_paper",
    ),
    "nurse_leader": _rule(
        "Nurse leader",
        "workload, wording and training on the ward",
        *("threshold", "explanation", "silent_report", "training_material", "incident"),
        "deployer_paper",
    ),
    "privacy_officer": _rule(
        "Privacy officer",
        "the least data that is needed, and who may see it",
        *("contract", "data_access", "identifier_scan", "incident"),
    ),
    "auditor": _rule("Auditor", "reading everything and changing nothing"),
    "administrator": _rule("Administrator", "persons and their roles, and nothing else"),
}

#: Roles that a person holds alone: who reads everything or gives roles does nothing else.
ALONE: frozenset[Role] = frozenset({"auditor", "administrator"})

MEANINGS: tuple[Meaning, ...] = get_args(Meaning)


def check_role(name: str) -> Role:
    """Return the role of that name.

    Raises:
        BadInput: no such role; the hint has the nearest, where one is near, and lists all.

    >>> check_role("operator")
    'operator'
    """
    for role in ROLES:
        if role == name:
            return role
    # A role that only looks alike is no guess worth making: 'doctor' is not 'auditor'.
    close = get_close_matches(name, list(ROLES), n=1, cutoff=0.75)
    near = f"Did you mean '{close[0]}'? " if close else ""
    raise BadInput(
        f"got role '{name}', which is not known",
        code="role.unknown",
        hint=f"{near}Roles here: {', '.join(sorted(ROLES))}.",
    )


def one_of(role: str) -> str:
    """Return a role as it is said of a person.

    >>> one_of("operator"), one_of("clinical_lead")
    ('an operator', 'a clinical lead')
    """
    return f"{'an' if role[:1] in 'aeiou' else 'a'} {role.replace('_', ' ')}"


def check_roles(names: Iterable[str]) -> tuple[Role, ...]:
    """Return the roles of those names, sorted, as one person may hold them together.

    Raises:
        BadInput: no role, or one that is not known.
        Refused: a role that is held alone stands beside another.

    >>> check_roles(["operator", "data_engineer"])
    ('data_engineer', 'operator')
    """
    roles = tuple(sorted({check_role(name) for name in names}))
    if not roles:
        raise BadInput(
            "a person needs a role", code="role.none", hint=f"One of {', '.join(ROLES)}."
        )
    alone = next((role for role in roles if role in ALONE), None)
    if alone and len(roles) > 1:
        raise Refused(
            f"a person who is {alone} holds no other role",
            code="role.alone",
            hint="Give the other roles to another person.",
        )
    return roles


def may_sign(role: Role, document_kind: str) -> bool:
    """Return whether a role may sign documents of that kind.

    >>> may_sign("clinical_lead", "card"), may_sign("auditor", "card")
    (True, False)
    """
    return document_kind in ROLES[role].may_sign


def acting_role(roles: Iterable[Role], act: str) -> Role:
    """Return the role in which a person with these roles does an act.

    Raises:
        Denied: none of them may.

    >>> acting_role(("auditor", "data_engineer"), "quarantine")
    'data_engineer'
    """
    does, may = ACTS[act]
    found = next((role for role in may if role in set(roles)), None)
    if found is None:
        titles = " or ".join(ROLES[role].title.lower() for role in may)
        raise Denied(
            f"the roles of this person may not {does}",
            code="act.role",
            hint=f"Ask a {titles}; see `attending user ls`.",
        )
    return found
