"""Owners are told of what needs them: once a cause, by severity, until somebody acknowledges it.

A cause that stands is told again only when it becomes more severe. What only informs is told to
nobody. Beyond the budget of a model-year, severity watch waits for the page of the day.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from attending.digests import digest_of
from attending.errors import BadInput, DependencyDown, NotFound, Refused
from attending.lifecycle import channels
from attending.lifecycle.delivering import (
    ESCALATION,
    LEASE,
    MAIL,
    MOST_TRIES,
    WEBHOOK,
    delivery_policy,
    keep_step,
)
from attending.lifecycle.matters import matters, of_version
from attending.records.monitoring import SEVERITIES
from attending.specs.notify import NotifySpec
from attending.specs.read_yaml import read_spec
from attending.stores.deliveries import Step
from attending.stores.private import read_key
from attending.times import SECOND, from_micros, to_micros

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.matters import Matter
    from attending.records.release import Deployment

#: The channel that says how a message stands: `open`, `held`, `acknowledged` or `closed`.
OWNER = "owner"
KIND = "notification"
_YEAR = timedelta(days=365)


def notify_policy(root: Path) -> NotifySpec | None:
    """Return who is told of what, None when the home does not say.

    Raises:
        BadInput: policy/notify.yaml is not what it must be.
    """
    path = root / "policy" / "notify.yaml"
    return read_spec(path, NotifySpec) if path.is_file() else None


@dataclass(frozen=True)
class Message:
    """A message to an owner, and all its steps by channel."""

    id: str
    steps: Mapping[str, tuple[Step, ...]]

    @property
    def said(self) -> Mapping[str, Any]:
        """Return what it says."""
        return self.steps[OWNER][0].content

    @property
    def state(self) -> str:
        """Return how it stands."""
        return self.steps[OWNER][-1].state

    @property
    def key(self) -> tuple[str, str, str]:
        """Return model, version and cause."""
        return self.said["model"], self.said["version"], self.said["cause"]

    def worse(self, matter: Matter) -> bool:
        """Return whether a matter is more severe than what was told of it."""
        told = SEVERITIES.index(self.said["severity"])
        return SEVERITIES.index(matter.severity) > told


def messages(desk: Desk) -> tuple[Message, ...]:
    """Return every message to an owner, oldest first."""
    found = [
        Message(name, steps) for name, steps in desk.home.deliveries.standing(having=OWNER).items()
    ]
    return tuple(sorted(found, key=lambda one: (one.steps[OWNER][0].at, one.id)))


def spent(desk: Desk, model: str, *, severity: str) -> int:
    """Return how many messages a model sent in the last 365 days; act and stop count together."""
    since = to_micros(desk.at - _YEAR)
    alike = {"act", "stop"} if severity in {"act", "stop"} else {severity}
    return sum(
        one.said["model"] == model
        and one.said["severity"] in alike
        and one.steps[OWNER][0].state == "open"
        and one.steps[OWNER][0].at > since
        for one in messages(desk)
    )


def notify(desk: Desk) -> dict[str, int]:
    """Return what was done, by channel and state: told, sent, escalated, closed; each once.

    Nothing is done in a home without policy/notify.yaml.

    Raises:
        BadInput: a policy is not what it must be.
    """
    policy = notify_policy(desk.home.root)
    if policy is None:
        return {}
    run = _Run(desk, policy)
    run.take_up(matters(desk))
    for one in messages(desk):
        if one.state in {"open", "acknowledged"}:
            run.send(one)
    return dict(run.counts)


class _Run:
    """One run over the messages of a home."""

    def __init__(self, desk: Desk, policy: NotifySpec) -> None:
        self._desk, self._policy = desk, policy
        self._now = to_micros(desk.at)
        self._delivery = delivery_policy(desk.home.root)
        self.counts: Counter[str] = Counter()

    def take_up(self, found: Sequence[Matter]) -> None:
        """Open a message for each new cause or severity; close those whose cause is gone."""
        every = messages(self._desk)
        standing = {one.key: one for one in every if one.state != "closed"}
        before = Counter(one.key for one in every)
        now = {(one.model, one.version, one.cause): one for one in found}
        for key, matter in now.items():
            held = standing.get(key)
            if held is None or held.worse(matter):
                if held is not None:
                    self._close(held)
                self._open(matter, episode=before[key] + 1)
        for key, held in standing.items():
            if key not in now:
                self._close(held)

    def _open(self, matter: Matter, *, episode: int) -> None:
        limit = self._policy.budget.watch
        beyond = spent(self._desk, matter.model, severity="watch") >= limit
        state = "held" if matter.severity == "watch" and beyond else "open"
        self._keep(_first(self._desk, matter, state=state, episode=episode), seen=0)

    def _close(self, held: Message) -> None:
        last = held.steps[OWNER][-1]
        step = self._step(held.id, OWNER, last.step + 1, state="closed", content={})
        self._keep(step, seen=last.step)

    def send(self, one: Message) -> None:
        """Send one message by each way that is configured, and to whom is next when it is late."""
        hook, gateway = self._policy.webhook, self._delivery.mail if self._delivery else None
        if hook is not None:
            secret = read_key(self._desk.home.folder("keys") / hook.secret)
            said = {"id": one.id, **one.said}
            self._once(
                one,
                WEBHOOK,
                lambda: channels.post(hook, said, secret=secret, at=self._now // SECOND),
            )
        to = self._address(one.said["person"], one.said["owner"], *self._instead(one))
        if gateway is not None and to is not None:
            self._once(one, MAIL, lambda: channels.mail(gateway, *_letter(one), to=[to]))
        next_one = self._address(self._policy.escalate_to)
        if gateway is not None and next_one is not None and self._late(one):
            words = _letter(one, head="Nobody has acknowledged")
            self._once(one, ESCALATION, lambda: channels.mail(gateway, *words, to=[next_one]))

    def _instead(self, one: Message) -> tuple[str, ...]:
        """Return who is told where a signature ends and its signer has no address."""
        signature = str(one.said["cause"]).startswith("signature:")
        return (self._policy.escalate_to,) if signature else ()

    def _address(self, *names: str) -> str | None:
        found = (self._policy.addresses.get(name) for name in names if name)
        return next((one for one in found if one), None)

    def _late(self, one: Message) -> bool:
        within: int = getattr(self._policy.acknowledge_within, one.said["severity"])
        return one.state == "open" and self._now >= one.steps[OWNER][0].at + within

    def _once(self, one: Message, channel: str, send: Callable[[], None]) -> None:
        """Send once: claim, send, and keep what became of it."""
        last = (one.steps.get(channel) or (None,))[-1]
        held = last is not None and last.state == "claimed" and (last.until or 0) > self._now
        if last is not None and (held or last.state == "sent" or last.step >= 2 * MOST_TRIES):
            return
        seen = last.step if last else 0
        claim = self._step(one.id, channel, seen + 1, state="claimed", content={})
        if not self._keep(replace(claim, until=self._now + LEASE), seen=seen):
            return
        try:
            send()
            state, content = "sent", dict[str, str]()
        except DependencyDown as error:
            state, content = "failed", {"code": error.code}
        done = self._step(one.id, channel, claim.step + 1, state=state, content=content)
        self._keep(done, seen=claim.step)

    def _step(
        self, name: str, channel: str, number: int, *, state: str, content: Mapping[str, Any]
    ) -> Step:
        return Step(name, channel, number, state, self._now, self._desk.actor, content=content)

    def _keep(self, step: Step, *, seen: int) -> bool:
        """Return whether a step is kept: it is not when another process has made one since."""
        with self._desk.home.database.transaction() as unit:
            last = self._desk.home.deliveries.last(unit, step.request_id, step.channel)
            if (last.step if last else 0) != seen:
                return False
            keep_step(self._desk, unit, step, kind=KIND)
        self.counts[f"{step.channel} {step.state}"] += 1
        return True


def _first(desk: Desk, matter: Matter, *, state: str, episode: int) -> Step:
    """Return the first step of a message about a matter."""
    name = digest_of({**matter.told(), "says": "", "more": 0, "episode": episode})[:32]
    now = to_micros(desk.at)
    return Step(name, OWNER, 1, state, now, desk.actor, content=matter.told())


def _letter(one: Message, *, head: str = "For you") -> tuple[str, str]:
    """Return subject and text of a message; neither names a patient."""
    said = one.said
    about = f"{said['model']}@{said['version']}" if said["model"] else "home"
    more = f"\n{said['more']} more findings of the same cause." if said["more"] else ""
    text = (
        f"{said['says']}{more}\n\nWhat to do: {said['action']}\nOwner: {said['owner']}\n\n"
        f"Acknowledge: attending deliver acknowledge {one.id[:12]} --says WORDS\n"
    )
    return f"{head} ({said['severity']}): {about} {said['cause']}", text


def acknowledge(desk: Desk, name: str, *, says: str) -> Message:
    """Return a message that somebody has taken up; it is not escalated any more.

    Args:
        desk: who and when.
        name: the start of its id.
        says: what is done about it, in a few words.

    Raises:
        BadInput: nothing is said.
        NotFound: there is no such message, or more than one.
        Refused: it was acknowledged, or its cause is gone.
    """
    if not says.strip():
        raise BadInput("an acknowledgement says what is done", code="notification.says")
    found = [one for one in messages(desk) if one.id.startswith(name)]
    if len(found) != 1 or not name:
        raise NotFound(
            f"{len(found)} messages begin so, expected one",
            code="notification.unknown",
            hint="See `attending deliver messages`.",
        )
    (one,) = found
    if one.state not in {"open", "held"}:
        raise Refused(f"this message is {one.state}", code=f"notification.{one.state}")
    last = one.steps[OWNER][-1]
    words = {"says": says.strip()[:500]}
    now = to_micros(desk.at)
    step = Step(one.id, OWNER, last.step + 1, "acknowledged", now, desk.actor, content=words)
    with desk.home.database.transaction() as unit:
        keep_step(desk, unit, step, kind=KIND)
    return replace(one, steps={**one.steps, OWNER: (*one.steps[OWNER], step)})


def message_of(found: Sequence[Message], matter: Matter) -> Message | None:
    """Return the message about a matter that is not closed, None where there is none."""
    key = (matter.model, matter.version, matter.cause)
    return next((one for one in reversed(found) if one.key == key and one.state != "closed"), None)


def take_up(desk: Desk, stands: Deployment, cause: str, *, says: str) -> Message:
    """Return a cause that somebody has taken up, whether its owner had been told of it or not.

    A cause of which nobody was told yet is told to nobody from now on; it is told again when it
    becomes more severe.

    Args:
        desk: who and when.
        stands: the version that it is about.
        cause: as `matters` names it.
        says: what is done about it, in a few words.

    Raises:
        BadInput: nothing is said.
        NotFound: nothing of that cause needs anybody now.
        Refused: it was acknowledged.
    """
    if not says.strip():
        raise BadInput("an acknowledgement says what is done", code="notification.says")
    every = messages(desk)
    found = [one for one in of_version(desk, stands) if one.cause == cause]
    if not found:
        raise NotFound(
            "nothing of this cause needs anybody now",
            code="notification.gone",
            hint="Reload the page; a newer report may have other findings.",
        )
    held = message_of(every, found[0])
    if held is None:
        key = (found[0].model, found[0].version, found[0].cause)
        episode = 1 + sum(one.key == key for one in every)
        first = _first(desk, found[0], state="held", episode=episode)
        with desk.home.database.transaction() as unit:
            keep_step(desk, unit, first, kind=KIND)
        held = Message(first.request_id, {OWNER: (first,)})
    return acknowledge(desk, held.id, says=says)


def told(one: Message) -> dict[str, Any]:
    """Return a message as it is printed."""
    first, last = one.steps[OWNER][0], one.steps[OWNER][-1]
    ways = {name: steps[-1].state for name, steps in one.steps.items() if name != OWNER}
    by = last.by if last.state == "acknowledged" else ""
    return {
        "id": one.id,
        **first.content,
        "since": f"{from_micros(first.at):%Y-%m-%dT%H:%M:%SZ}",
        "state": one.state,
        "by": by,
        "ways": ways,
    }
