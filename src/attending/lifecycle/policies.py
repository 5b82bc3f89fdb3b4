"""The policy of gates that a home goes by: adopted by a signed act, and read from the store."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from attending.errors import IntegrityBroken, Refused
from attending.govern import policy as shelf
from attending.lifecycle.desk import keep
from attending.lifecycle.people import acting, administered, marks
from attending.lifecycle.said_specs import spec_said
from attending.records.governance import AdoptedPolicy
from attending.specs.base import dump
from attending.specs.policy import PolicySpec, Risk
from attending.specs.read_yaml import read_spec
from attending.stores.kept import KEPT
from attending.times import format_length

if TYPE_CHECKING:
    from collections.abc import Iterator

    from attending.govern.policy import GateRule
    from attending.lifecycle.desk import Desk
    from attending.records.governance import Role
    from attending.specs.release import Stage


#: About as many bytes as a policy has.
_POLICY_BYTES = 8192


class _Rules:
    """The gates of a policy for a declared risk, by the stage before which they stand."""

    def __init__(self, spec: PolicySpec, risk: Risk) -> None:
        self.rules = shelf.rules_of(spec, risk)


@dataclass(frozen=True)
class InUse:
    """The policy that counts now, and whether patients are cared for under it."""

    spec: PolicySpec
    production: bool

    @property
    def label(self) -> str:
        """Return its name and the start of its digest, as gate decisions say it."""
        return f"{self.spec.name}@{self.spec.digest[:12]}"

    @property
    def exception_signers(self) -> frozenset[Role]:
        """Return the roles that must all sign an exception."""
        rule = next(iter(shelf.rules_of(self.spec).values()))
        return frozenset(rule.exception_signers)

    @property
    def compensation(self) -> str:
        """Return what is done afterwards because few persons signed, for the dossier."""
        within = self.spec.after_review
        if within is None:
            return ""
        return (
            f"Policy '{self.spec.title}': one signature a document. A person who neither made nor "
            f"signed reviews this decision within {format_length(within)}."
        )


def in_use(desk: Desk) -> InUse:
    """Return the policy that was adopted last, the shipped default where none was.

    Raises:
        IntegrityBroken: the adopted policy is not what its digest says.
    """
    found = desk.home.catalog.latest(AdoptedPolicy)
    if found is None:
        return InUse(shelf.shipped(shelf.DEFAULT), production=False)
    spec = spec_said(found, PolicySpec)
    if spec.digest != found.policy_digest:
        raise IntegrityBroken(
            "the adopted policy is not what its digest says",
            code="policy.changed",
            hint="Run `attending audit verify`; restore the store from a backup.",
        )
    return InUse(spec, production=found.production)


def named(name: str) -> PolicySpec:
    """Return a policy that comes along, or the one in a file.

    Raises:
        NotFound: neither is there.
        BadInput: the file is not a policy, or asks for a signature that nobody may give.
    """
    if name in shelf.SHIPPED or not Path(name).is_file():
        return shelf.shipped(name)
    return shelf.checked(read_spec(Path(name), PolicySpec))


def adopt(
    desk: Desk, name: str, *, production: bool, person: str, passphrase: str
) -> AdoptedPolicy:
    """Return the policy that the home goes by from now on.

    Args:
        desk: where and when.
        name: of one that comes along, or a file.
        production: whether patients are cared for here.
        person: who adopts it, by login.
        passphrase: given again.

    Raises:
        Denied: not in a role that may.
        Refused: it asks for too little, or the home cannot be a home of production.
    """
    spec = named(name)
    role = acting(desk, person, passphrase, act="policy")
    shelf.require_enough(spec)
    if production:
        require_real(desk)
    elif in_use(desk).production:
        raise Refused(
            "a home in which patients are cared for stays one",
            code="policy.production",
            hint="Add --production; try a policy out in a home of its own.",
        )
    signer = desk.home.users.by_login(person)
    adopted = AdoptedPolicy(
        name=spec.name,
        production=production,
        policy_digest=spec.digest,
        says=dump(spec),
        adopted_by=signer.person_id,
        role=role,
        adopted_at=desk.at,
    )
    details = {"name": spec.name, "production": production, "policy": spec.digest}
    keep(desk, adopted, action="policy.adopt", keys={"policy": spec.name}, details=details)
    return adopted


def require_real(desk: Desk) -> None:
    """Refuse to care for patients in a home that was made up, or with persons who were.

    Raises:
        Refused: naming the first reason.
    """
    for code, why in unreal(desk):
        raise Refused(
            f"patients are not cared for here: {why}",
            code=code,
            hint="Begin a real home with `attending user begin`; see docs/people.md.",
        )


def unreal(desk: Desk) -> Iterator[tuple[str, str]]:
    """Yield why a home is none of production: a code, and a sentence."""
    if desk.home.synthetic:
        yield "policy.synthetic", "the home is synthetic, for ever"
    active = {item.person_id for item in desk.home.users.list() if item.active}
    if made_up := marks(desk, "fictional"):
        yield "policy.fictional", f"{len(made_up)} persons are fictional"
    if not administered(desk):
        yield "policy.administrator", "nobody administers persons"
    if unknown := marks(desk, "unvouched") & active:
        yield "policy.unvouched", f"no administrator answers for {len(unknown)} active persons"


def rules(desk: Desk, risk: Risk) -> dict[Stage, GateRule]:
    """Return the gates that a model of a declared risk meets here."""
    spec = in_use(desk).spec
    made = KEPT.made(
        f"{spec.digest} {risk}", _Rules, lambda: _Rules(spec, risk), size=_POLICY_BYTES
    )
    return dict(made.rules)


def asks(desk: Desk, risk: Risk) -> dict[str, str]:
    """Return what each fact of the policy in use asks, in words, by its name."""
    return {one.name: one.asks for rule in rules(desk, risk).values() for one in rule.facts}


def all_asks(desk: Desk) -> dict[str, str]:
    """Return the same of every risk, for what has no release plan that says its own."""
    return {name: words for risk in get_args(Risk) for name, words in asks(desk, risk).items()}


def asked(desk: Desk, risk: Risk) -> set[str]:
    """Return the facts that the policy in use asks; one that was adopted earlier asks fewer."""
    return {one.name for rule in rules(desk, risk).values() for one in rule.facts}
