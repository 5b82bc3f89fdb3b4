"""Alerts reach people: listed, sent, acknowledged, and escalated when nobody answers.

Every step is kept with a ledger entry. A worker claims what it sends for a while, so two never send
the same at once; one that died while sending leaves a claim that ends, and the message is sent
again under the same id.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from attending.errors import BadInput, DependencyDown, NotFound, Refused
from attending.lifecycle import channels
from attending.lifecycle.decided_thresholds import ALL
from attending.lifecycle.desk import note
from attending.lifecycle.plans import signed_plan
from attending.lifecycle.scoring import deployed, request_of
from attending.lifecycle.snoozing import Allowed, allowed, rules_of
from attending.records.ledger import Subject
from attending.specs.delivery import DeliverySpec
from attending.specs.read_yaml import read_spec
from attending.stores.deliveries import Step
from attending.stores.private import read_key
from attending.times import MINUTE, SECOND, format_instant, from_micros, parse_instant, to_micros

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.plans import SignedPlan
    from attending.lifecycle.projects import Project
    from attending.specs.release import Response
    from attending.stores.unit import Unit

WORKLIST, WEBHOOK, MAIL, ESCALATION = "worklist", "webhook", "mail", "escalation"
#: By which way out each channel of a plan goes; the worklist is there always.
_WAYS = {"task_queue": WEBHOOK, "messaging": MAIL}
LEASE = 2 * MINUTE
MOST_TRIES = 5
#: Alerts are looked at for so long.
KEPT = timedelta(days=14)


@dataclass(frozen=True)
class Alert:
    """A flagged prediction that readers are to see.

    Attributes:
        content: the prediction as it is stored.
        steps: what became of it, by channel.
    """

    request_id: str
    content: Mapping[str, Any]
    steps: Mapping[str, tuple[Step, ...]]

    @property
    def state(self) -> str:
        """Return how it stands in the worklist; empty before it is listed."""
        listed = self.steps.get(WORKLIST, ())
        return listed[-1].state if listed else ""

    @property
    def stay(self) -> tuple[str, str | None]:
        """Return whose and which stay's it is."""
        return self.content["subject_id"], self.content["encounter_id"]

    @property
    def made(self) -> int:
        """Return the prediction time in microseconds."""
        return to_micros(parse_instant(self.content["prediction_time"]))


@dataclass(frozen=True)
class Delivered:
    """What one run did: counts by channel and state."""

    counts: Mapping[str, int]

    @property
    def late(self) -> int:
        """Return how many alerts came after the plan's action window."""
        return self.counts.get(f"{WORKLIST} late", 0)


def delivery_policy(root: Path) -> DeliverySpec | None:
    """Return where alerts go, None when the home does not say.

    Raises:
        BadInput: policy/delivery.yaml is not what it must be.
    """
    path = root / "policy" / "delivery.yaml"
    return read_spec(path, DeliverySpec) if path.is_file() else None


def alerts(desk: Desk, model: str) -> tuple[Alert, ...]:
    """Return the alerts of the last 14 days that readers may see, oldest first."""
    found = {}
    for data in desk.home.predictions.contents(model, since=desk.at - KEPT, flagged=True):
        content = json.loads(data)
        if content["flagged"] and content["stage"] in {"limited", "live"}:
            found[request_of(content)] = content
    steps = desk.home.deliveries.standing_of(list(found))
    return tuple(Alert(name, content, steps.get(name, {})) for name, content in found.items())


def deliver(desk: Desk, project: Project) -> Delivered:
    """Return what was done: what is due is listed, sent and escalated, each once.

    Raises:
        Refused: no version stands in silent or later, or its plan is not signed.
        BadInput: policy/delivery.yaml is not what it must be.
    """
    plan = signed_plan(desk, deployed(desk, project))
    run = _Run(desk, plan, delivery_policy(desk.home.root) or DeliverySpec(link="http://localhost"))
    listed: dict[tuple[str, str | None], int] = {}
    for alert in alerts(desk, project.name):
        run.one(alert, listed)
    return Delivered(dict(run.counts))


def require_in_time(found: Delivered) -> None:
    """Refuse a delivery of which something came after the action window.

    Raises:
        Refused: alerts were late; they are listed, and marked.
    """
    if found.late:
        raise Refused(
            f"{found.late} alerts came after the plan's action window",
            code="delivery.late",
            hint="They are in the worklist, marked late. Score earlier, or change the plan.",
        )


class _Run:
    """One run over the alerts of a model."""

    def __init__(self, desk: Desk, plan: SignedPlan, policy: DeliverySpec) -> None:
        self._desk, self._plan, self._policy = desk, plan, policy
        self._now = to_micros(desk.at)
        self.counts: Counter[str] = Counter()

    def one(self, alert: Alert, listed: dict[tuple[str, str | None], int]) -> None:
        """List, send and escalate one alert, as far as that is due."""
        if not alert.state:
            alert = self._list(alert, since=listed.get(alert.stay))
        if alert.state in {"late", "withheld"}:
            return
        listed[alert.stay] = alert.made
        ways = {_WAYS.get(one.channel, WORKLIST) for one in self._plan.spec.delivery}
        for way, send in self._ways(alert):
            if way in ways:
                self._send(alert, way, send)
        self._escalate(alert)

    def _list(self, alert: Alert, *, since: int | None) -> Alert:
        """Put an alert into the worklist, or say why it is not sent to anybody."""
        state = "sent"
        if self._now - alert.made > self._plan.spec.action_window:
            state = "late"
        elif since is not None and alert.made < since + self._policy.snooze:
            state = "withheld"
        step = self._step(alert, WORKLIST, number=1, state=state, content=self._said(alert))
        with self._desk.home.database.transaction() as unit:
            if self._desk.home.deliveries.last(unit, alert.request_id, WORKLIST) is None:
                self._keep(unit, step)
        return replace(alert, steps={**alert.steps, WORKLIST: (step,)})

    def _ways(self, alert: Alert) -> Iterator[tuple[str, Callable[[], None]]]:
        """Yield the configured ways out, and how each sends."""
        hook, gateway = self._policy.webhook, self._policy.mail
        if hook is not None:
            secret = read_key(self._desk.home.folder("keys") / hook.secret)
            message = self._said(alert) | {"id": alert.request_id}
            at = self._now // SECOND
            yield WEBHOOK, lambda: channels.post(hook, message, secret=secret, at=at)
        if gateway is not None:
            yield MAIL, lambda: channels.mail(gateway, *self._letter("A new alert"))

    def _escalate(self, alert: Alert) -> None:
        """Tell whom the signed plan names when nobody has answered in time."""
        response, first = self._response(alert), alert.steps[WORKLIST][0]
        last = alert.steps[WORKLIST][-1]
        quiet = last.state == "snoozed" and (last.until or 0) > self._now
        if response is None or last.state == "acknowledged" or quiet:
            return
        if self._now < first.at + response.escalate_after:
            return
        self._send(alert, ESCALATION, lambda: self._call(response))
        again = first.at + response.escalate_after + response.within
        if self._now >= again and last.state != "unanswered":
            words = {"if_nobody": response.if_nobody}
            step = self._step(
                alert, WORKLIST, number=last.step + 1, state="unanswered", content=words
            )
            with self._desk.home.database.transaction() as unit:
                self._keep(unit, step)

    def _call(self, response: Response) -> None:
        """Send to the one who is told next, where an address of that role is known."""
        to = self._policy.contacts.get(response.escalate_to)
        if self._policy.mail is None or to is None:
            return  # the worklist shows it to that role
        words = self._letter(f"Nobody has answered: for the {response.escalate_to}")
        channels.mail(self._policy.mail, *words, to=[to])

    def _send(self, alert: Alert, channel: str, send: Callable[[], None]) -> None:
        """Send once: claim, send, and keep what became of it."""
        claimed = self._claim(alert, channel)
        if claimed is None:
            return
        try:
            send()
            state, words = "sent", self._said(alert)
        except DependencyDown as error:
            state, words = "failed", {"code": error.code}
        step = self._step(alert, channel, number=claimed.step + 1, state=state, content=words)
        with self._desk.home.database.transaction() as unit:
            self._keep(unit, step)

    def _claim(self, alert: Alert, channel: str) -> Step | None:
        """Return our claim to send; None when it was sent, is being sent, or failed too often."""
        with self._desk.home.database.transaction() as unit:
            last = self._desk.home.deliveries.last(unit, alert.request_id, channel)
            held = last is not None and last.state == "claimed" and (last.until or 0) > self._now
            if last is not None and (held or last.state == "sent" or last.step >= 2 * MOST_TRIES):
                return None
            number = 1 if last is None else last.step + 1
            step = self._step(alert, channel, number=number, state="claimed", content={})
            step = replace(step, until=self._now + LEASE)
            self._keep(unit, step)
        return step

    def _step(
        self, alert: Alert, channel: str, *, number: int, state: str, content: Mapping[str, Any]
    ) -> Step:
        by = self._desk.actor
        return Step(alert.request_id, channel, number, state, self._now, by, content=content)

    def _keep(self, unit: Unit, step: Step) -> None:
        keep_step(self._desk, unit, step)
        self.counts[f"{step.channel} {step.state}"] += 1

    def _said(self, alert: Alert) -> dict[str, Any]:
        """Return what a reader is told of an alert, with the plan whose words they are."""
        response = self._response(alert)
        told = {
            name: alert.content[name]
            for name in ("model", "version", "prediction_time", "site", "band", "scored_by")
            if name in alert.content
        }
        return told | {
            "wording": self._plan.spec.delivery[0].wording,
            "wording_version": self._plan.document,
            "responder": response.responder if response else "",
            "within_us": response.within if response else None,
            "link": f"{self._policy.link}/worklist/{alert.content['model']}",
        }

    def _letter(self, subject: str) -> tuple[str, str]:
        """Return subject and text of a message; it names no patient and no score."""
        spec = self._plan.spec
        text = f"{spec.delivery[0].wording}\n\n{self._policy.link}/worklist/{spec.model}\n"
        return f"{subject}: {spec.model}", text

    def _response(self, alert: Alert) -> Response | None:
        """Return what the signed plan says follows an alert at its place."""
        return response_at(self._plan.spec.responses, alert.content)


def response_at(responses: Sequence[Response], content: Mapping[str, Any]) -> Response | None:
    """Return what follows an alert: as agreed for its unit, else for its site, else for all."""
    found = {one.place: one for one in responses}
    places = (content.get("unit"), content.get("site"), ALL)
    return next((found[one] for one in places if one in found), None)


def keep_step(
    desk: Desk,
    unit: Unit,
    step: Step,
    *,
    kind: str = "prediction",
    details: Mapping[str, Any] | None = None,
) -> None:
    """Keep one step with its ledger entry.

    Args:
        desk: who and when.
        unit: in which.
        step: what became of it.
        kind: what it is a step of: the alert of a prediction, a `notification` or a `job`.
        details: what the entry says more.
    """
    desk.home.deliveries.add(unit, step)
    subject = Subject(kind=kind, digest=step.request_id)
    noun = "delivery" if kind == "prediction" else kind
    said = {"channel": step.channel, "step": step.step, **(details or {})}
    note(desk, unit, action=f"{noun}.{step.state}", subject=subject, details=said)


def answer(
    desk: Desk,
    request_id: str,
    *,
    says: str,
    snooze: timedelta | None = None,
    reason: str = "",
) -> Step:
    """Return the step by which somebody took up an alert, or put it off for a while.

    Args:
        desk: who and when.
        request_id: of the prediction.
        says: what is done, in a few words.
        snooze: for how long it is put off; None to acknowledge it.
        reason: why it is put off, one of those that the signed plan names.

    Raises:
        NotFound: it is not in the worklist.
        Refused: it was acknowledged before, or the signed plan does not let it be put off so.
        Denied: the plan lets others put it off.
        BadInput: nothing is said, or it is put off for more than a day.
    """
    if not says.strip() or not timedelta(0) <= (snooze or timedelta(0)) <= timedelta(days=1):
        raise BadInput(
            "an answer says what is done, and puts off for a day at most", code="delivery.answer"
        )
    with desk.home.database.transaction() as unit:
        last = desk.home.deliveries.last(unit, request_id, WORKLIST)
        if last is None:
            raise NotFound("this alert is not in the worklist", code="delivery.unknown")
        if last.state == "acknowledged":
            raise Refused("this alert was acknowledged before", code="delivery.acknowledged")
        rules = Allowed()
        if snooze is not None:
            rules = allowed(desk, request_id, reason=reason, wait=snooze)
            rules.require_times(desk, unit, request_id)
        now = to_micros(desk.at)
        until = None if snooze is None else now + snooze // timedelta(microseconds=1)
        state = "acknowledged" if snooze is None else "snoozed"
        words = {"says": says.strip()[:500], **rules.says}
        step = Step(request_id, WORKLIST, last.step + 1, state, now, desk.actor, until, words)
        keep_step(desk, unit, step, details=rules.says)
    return step


def worklist(desk: Desk, model: str, *, site: str = "", unit: str = "") -> list[dict[str, Any]]:
    """Return what is to be looked at, unanswered first, the highest score first within.

    Args:
        desk: where and when.
        model: whose alerts.
        site: only this one's; all when empty.
        unit: only its patients, and those of whom nobody knows the unit; all when empty.
    """
    shown = [one for one in alerts(desk, model) if one.state not in {"", "withheld"}]
    rules = rules_of(desk, [one.content for one in shown])
    rows = [_row(one) | {"snooze": rules.get(one.content.get("release"))} for one in shown]
    kept = [row for row in rows if site in {"", row["site"]} and unit in {"", row["unit"]}]
    if unit:  # an alert that stands on no unit's list is seen by nobody
        kept += [row for row in rows if site in {"", row["site"]} and not row["unit"]]
    return sorted(kept, key=lambda row: (row["state"] == "acknowledged", -(row["score"] or 0.0)))


def _row(alert: Alert) -> dict[str, Any]:
    content, last = alert.content, alert.steps[WORKLIST][-1]
    escalated = any(step.state == "sent" for step in alert.steps.get(ESCALATION, ()))
    return {
        "request_id": alert.request_id,
        "subject_id": content["subject_id"],
        "encounter_id": content["encounter_id"],
        "site": content.get("site") or "",
        "unit": content.get("unit") or "",
        "version": content["version"],
        "prediction_time": content["prediction_time"],
        "score": content["score"],
        "scored_by": content.get("scored_by", ""),
        "state": last.state,
        "escalated": escalated,
        "by": last.by if last.state in {"acknowledged", "snoozed"} else "",
        "reason": last.content.get("reason", ""),
        "since": format_instant(from_micros(last.at)),
        "wording": alert.steps[WORKLIST][0].content.get("wording", ""),
    }


def keep_look(desk: Desk, model: str, *, rows: int) -> None:
    """Keep that somebody looked at a worklist, and how many patients it showed."""
    subject = Subject(kind="model", digest=model)
    with desk.home.database.transaction() as unit:
        note(desk, unit, action="worklist.read", subject=subject, details={"patients": rows})
