"""The page of the day, from records: verdicts, reasons, owners, what needs whom, capacity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attending.documents.digest import digest_page, digest_text
from attending.errors import DependencyDown, Refused
from attending.lifecycle import calendar, channels
from attending.lifecycle.day_pages import in_words
from attending.lifecycle.delivering import delivery_policy
from attending.lifecycle.desk import note
from attending.lifecycle.matters import matters, scoring_versions
from attending.lifecycle.notifying import notify_policy, spent
from attending.lifecycle.people import printed_names
from attending.lifecycle.plans import signed_plan
from attending.monitor.calendar import load
from attending.monitor.verdict import standing
from attending.records.ledger import Subject
from attending.records.monitoring import Verdict
from attending.specs.notify import Budget

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.matters import Matter
    from attending.records.release import Deployment


def digest_of_day(desk: Desk, *, model: str = "") -> dict[str, Any]:
    """Return the page of the day as fields: `title`, `models`, `needs` and `reviews`.

    Args:
        desk: where and when.
        model: the only one that it is about, with what needs somebody in the home; all when empty.
    """
    names = printed_names(desk)
    found = [one for one in scoring_versions(desk) if model in {"", one.model}]
    asked = "this model" if model else "these models"
    return {
        "title": f"{desk.at:%Y-%m-%d}: should we continue using {asked}?",
        "models": [_model(desk, stands) for stands in found],
        "needs": [
            _need(one, names=names)
            for one in matters(desk)
            if not model or one.model in {"", model}
        ],
        "reviews": [row for stands in found for row in _reviews(desk, stands)],
    }


def page_of_day(desk: Desk, *, model: str = "") -> tuple[bytes, str, dict[str, Any]]:
    """Return the page of the day as HTML, as text and as fields; of one model if it is named."""
    content = digest_of_day(desk, model=model)
    synthetic = desk.home.synthetic
    return (
        digest_page(content, synthetic=synthetic),
        digest_text(content, synthetic=synthetic),
        content,
    )


def send_page(desk: Desk) -> str:
    """Return to how many the page of the day was sent; `run-due` calls it once a day.

    Raises:
        DependencyDown: there is no gateway, or it does not take the message.
    """
    policy, delivery = notify_policy(desk.home.root), delivery_policy(desk.home.root)
    to = policy.digest_to if policy else ()
    if delivery is None or delivery.mail is None:
        raise DependencyDown(
            "the page of the day has no way out",
            code="digest.gateway",
            hint="Write `mail:` into policy/delivery.yaml, or take `digest_to` out of notify.yaml.",
        )
    _, text, content = page_of_day(desk)
    channels.mail(delivery.mail, content["title"], text, to=to)
    subject = Subject(kind="digest", digest=f"{desk.at:%Y-%m-%d}")
    with desk.home.database.transaction() as unit:
        note(desk, unit, action="digest.send", subject=subject, details={"to": len(to)})
    return f"sent to {len(to)}"


def wants_page(desk: Desk) -> bool:
    """Return whether a home says to whom the page of the day goes."""
    policy = notify_policy(desk.home.root)
    return policy is not None and bool(policy.digest_to)


def _model(desk: Desk, stands: Deployment) -> dict[str, str]:
    verdict = desk.home.catalog.latest(Verdict, model=stands.model, version=stands.version)
    risk = verdict.risk_level if verdict else "high"
    answer = standing(verdict, desk.at, risk_level=risk)
    holds = verdict is not None and verdict.holds(desk.at)
    return {
        "about": f"{stands.model}@{stands.version}",
        "stage": stands.stage,
        "answer": answer,
        "sentence": in_words(verdict) if verdict and holds else "There is no verdict that holds.",
        "because": verdict.why_now(desk.at) if verdict else "nobody has looked yet",
        "owner": verdict.owner if verdict else "technical owner",
        "budget": _budget(desk, stands.model),
    }


def _budget(desk: Desk, model: str) -> str:
    policy = notify_policy(desk.home.root)
    limits = policy.budget if policy else Budget()
    parts = [
        f"{spent(desk, model, severity=name)} of {limit} {name}"
        for name, limit in (("act", limits.act), ("watch", limits.watch))
    ]
    over = spent(desk, model, severity="act") > limits.act
    return ", ".join(parts) + ("; MORE THAN THE BUDGET" if over else "")


def _need(one: Matter, *, names: Mapping[str, str]) -> dict[str, str]:
    person = names.get(one.person, one.person)
    who = f"{one.owner} ({person})" if person else one.owner
    more = f" ({one.more} more of this cause)" if one.more else ""
    return {
        "severity": one.severity,
        "about": one.about,
        "who": who,
        "says": one.says + more,
        "action": one.action,
    }


def _reviews(desk: Desk, stands: Deployment) -> list[dict[str, Any]]:
    """Return by owner the reviews that a version owes, against the capacity that was signed."""
    policy = calendar.signed_policy(desk, stands.model)
    try:
        signed_plan(desk, stands)
    except Refused:
        return []
    owed = calendar.tasks(desk, stands)
    capacity = policy.capacity if policy else {}
    return [
        {
            "model": f"{stands.model}@{stands.version}",
            "owner": owner,
            "open": sum(one.owner == owner for one in owed),
            "overdue": sum(one.owner == owner and one.overdue(desk.at) for one in owed),
            "minutes_a_week": round(minutes),
            "capacity": capacity.get(owner, "not stated"),
        }
        for owner, minutes in sorted(load(owed).items())
    ]
