"""Emergency rights: a role for some hours, for a reason; another person reviews it later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from attending.errors import BadInput, Denied, Refused
from attending.govern.roles import acting_role, check_role
from attending.lifecycle.desk import keep
from attending.lifecycle.people import acting_person
from attending.lifecycle.policies import in_use
from attending.records.people import AfterReview, BreakGlass
from attending.records.release import Deployment
from attending.times import format_instant

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.records.governance import Person, Role
    from attending.types import Instant

#: How long the right lasts, and by when it must have been reviewed.
LASTS, REVIEWED_WITHIN = timedelta(hours=4), timedelta(hours=72)
OVERDUE = "OVERDUE"
_NEVER: frozenset[str] = frozenset({"administrator", "auditor"})


def break_glass(desk: Desk, login: str, passphrase: str, *, role: str, reason: str) -> BreakGlass:
    """Return the right to act in a role for four hours; it never signs a document or opens a gate.

    Raises:
        Denied: unknown login or wrong passphrase, or the person's last emergency is not reviewed
            in time.
        BadInput: no reason, or a role that is not taken in an emergency.
        Refused: the person has the role.
    """
    if len(reason.split()) < 3:
        raise BadInput(
            "an emergency needs a reason", code="emergency.reason", hint="Write one sentence."
        )
    person, wanted = acting_person(desk, login, passphrase), check_role(role)
    if wanted in _NEVER:
        raise BadInput(f"nobody becomes {wanted} in an emergency", code="emergency.role")
    if wanted in person.roles:
        raise Refused("the person has that role", code="role.held")
    if any(item.person_id == person.person_id for item in overdue(desk)):
        raise Denied(
            "an earlier emergency of this person is not reviewed and overdue",
            code="emergency.overdue",
            hint="Have it reviewed: `attending review ls`.",
        )
    record = BreakGlass(
        person_id=person.person_id,
        role=wanted,
        reason=reason.strip(),
        begins_at=desk.at,
        ends_at=desk.at + LASTS,
        review_due=desk.at + REVIEWED_WITHIN,
    )
    keep(
        desk,
        record,
        action="emergency.begin",
        keys={"person": person.person_id},
        details={"role": wanted, "reason": record.reason[:1000]},
    )
    return record


def roles_now(desk: Desk, person: Person) -> tuple[Role, ...]:
    """Return the roles in which a person may act now: their own, and those of an emergency."""
    taken = {
        item.role
        for item in desk.home.catalog.all(BreakGlass, person=person.person_id)
        if item.begins_at <= desk.at < item.ends_at
    }
    return tuple(sorted({*person.roles, *taken}))


def owed(desk: Desk) -> tuple[BreakGlass, ...]:
    """Return the emergencies that nobody has reviewed, oldest first."""
    done = {item.of for item in desk.home.catalog.all(AfterReview)}
    return tuple(item for item in desk.home.catalog.all(BreakGlass) if item.digest not in done)


def overdue(desk: Desk) -> tuple[BreakGlass, ...]:
    """Return the emergencies that should have been reviewed by now."""
    return tuple(item for item in owed(desk) if item.review_due <= desk.at)


@dataclass(frozen=True)
class Owed:
    """A review that somebody still owes: of what, by whom it was done, and until when."""

    what: str
    by: str
    due: Instant
    of: str

    def told(self, at: Instant) -> dict[str, str]:
        """Return it as it is printed, overdue or owed."""
        state = OVERDUE if self.due <= at else "owed"
        return {
            "what": self.what,
            "by": self.by,
            "due": format_instant(self.due),
            "state": state,
            "of": self.of,
        }


def all_owed(desk: Desk, model: str = "") -> tuple[Owed, ...]:
    """Return every review that is owed: of emergencies, and of gates that few persons opened.

    Args:
        desk: where and when.
        model: only the gates of this model, beside all emergencies; of every model when empty.
    """
    found = [
        Owed(f"emergency as {one.role}", one.person_id, one.review_due, one.digest)
        for one in owed(desk)
    ]
    found += [
        Owed(one.what, one.by, one.due, one.of)
        for one in gates_to_review(desk, model)
        if one.review is None
    ]
    return tuple(found)


@dataclass(frozen=True)
class OpenedGate:
    """A gate that few persons opened, and its review once there is one."""

    what: str
    by: str
    due: Instant
    of: str
    run: str
    review: AfterReview | None

    def state(self, at: Instant) -> str:
        """Return whether it is owed, overdue, or what its review said."""
        if self.review is not None:
            return "in order" if self.review.in_order else "not in order"
        return OVERDUE if self.due <= at else "owed"


def gates_to_review(desk: Desk, model: str = "") -> tuple[OpenedGate, ...]:
    """Return the gates whose opening is reviewed afterwards under the policy in use, oldest first.

    Args:
        desk: where and when.
        model: only of this model; of every one when empty.
    """
    within = in_use(desk).spec.after_review
    if within is None:
        return ()
    done = {item.of: item for item in desk.home.catalog.all(AfterReview)}
    keys = {"model": model} if model else {}
    return tuple(
        OpenedGate(
            what=f"gate before {stands.stage}",
            by=stands.by,
            due=stands.effective_at + timedelta(microseconds=within),
            of=stands.decision,
            run=stands.run,
            review=done.get(stands.decision),
        )
        for stands in desk.home.catalog.all(Deployment, **keys)
        if stands.act == "advance" and stands.decision is not None
    )


def review_afterwards(
    desk: Desk, name: str, *, login: str, passphrase: str, finding: str, in_order: bool
) -> AfterReview:
    """Return the review of what was done at once or by few, by a person who had no part in it.

    Args:
        desk: where and when.
        name: the start of the digest of the emergency, or of the decision of a gate.
        login: who reviews.
        passphrase: given again.
        finding: what was found, in words.
        in_order: whether it was right.

    Raises:
        Denied: not in a role that reviews, or the person had a part in it.
        BadInput: no finding.
        Refused: it is reviewed already.
    """
    person = acting_person(desk, login, passphrase)
    role = acting_role(person.roles, "after_review")
    digest = desk.home.catalog.find(name)
    if person.person_id in took_part(desk, digest):
        raise Denied(
            "nobody reviews what they had a part in",
            code="sod.violation",
            hint="Ask a person who neither did nor signed it.",
        )
    if not finding.strip():
        raise BadInput("a review says what was found", code="after_review.finding")
    if desk.home.catalog.list(AfterReview.kind, of=digest):
        raise Refused("this is reviewed already", code="after_review.done")
    record = AfterReview(
        of=digest,
        person_id=person.person_id,
        role=role,
        finding=finding.strip(),
        in_order=in_order,
        reviewed_at=desk.at,
    )
    keep(
        desk,
        record,
        action="review.afterwards",
        keys={"of": digest},
        details={"in_order": in_order, "of": digest},
    )
    return record


def took_part(desk: Desk, digest: str) -> frozenset[str]:
    """Return who did an act, kept its record, or signed what it rests on."""
    content = desk.home.catalog.content(digest)
    signed = (
        desk.home.catalog.content(item["evidence"])
        for item in content.get("conditions", ())
        if item["evidence"] and item["name"].startswith("signed.") and item["status"] == "met"
    )
    persons = {item.get("signer", "") for item in signed} | {content.get("person_id", "")}
    return frozenset({*persons, *desk.home.catalog.makers(digest)} - {"", "system"})
