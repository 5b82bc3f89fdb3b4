"""Owners are told of what needs them once a cause, by severity; the page of the day; metrics."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import shutil
from dataclasses import replace
from datetime import timedelta

import pytest

from attending.errors import BadInput, DependencyDown, NotFound, Refused
from attending.lifecycle import due, incidents, notifying, scoring, signing, watching
from attending.lifecycle.desk import keep
from attending.lifecycle.digesting import page_of_day, send_page
from attending.lifecycle.matters import matters
from attending.records.governance import GateException
from attending.records.monitoring import Finding, MonitorReport
from attending.stores.home import Home
from attending.web.front_desk import FrontDesk
from tests.lifecycle.gateways import gateway, webhook
from tests.lifecycle.ward import enter, make_ward, sign

SECRET = bytes(range(32))
POLICY = """
addresses: {{technical owner: tech@h.example, clara: clara@h.example}}
webhook: {{url: "{url}", secret: owners.key}}
acknowledge_within: {{watch: 7d, act: 24h, stop: 2h}}
escalate_to: clara
budget: {{watch: 1, act: 2}}
digest_to: [all@h.example]
"""
DELIVERY = """
link: https://scores.hospital.example
mail: {{host: 127.0.0.1, port: {port}, sender: s@h.example, to: [w@h.example], starttls: false}}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A home with a verdict of today and no finding that needs anybody."""
    found = make_ward(tmp_path_factory.mktemp("notify"))
    scoring.score(found.desk, found.project)
    scoring.join_outcomes(found.desk, found.project)
    found.report = watching.monitor(found.desk, found.project)
    say(found.desk, found.report)
    watching.give_verdict(found.desk, found.project)
    found.desk.home.close()
    return found


@pytest.fixture
def ways():
    with webhook() as (url, hooked), gateway() as (port, mailed):
        yield url, hooked, port, mailed


@pytest.fixture
def desk(made, tmp_path, ways):
    home = Home.open(shutil.copytree(made.desk.home.root, tmp_path / "home"))
    (home.folder("keys") / "owners.key").write_text(SECRET.hex())
    (home.folder("keys") / "owners.key").chmod(0o600)
    (home.folder("policy") / "notify.yaml").write_text(POLICY.format(url=ways[0]))
    (home.folder("policy") / "delivery.yaml").write_text(DELIVERY.format(port=ways[2]))
    yield replace(made.desk, home=home)
    home.close()


def finding(name, severity, *, drift="data", subject="sodium_last"):
    return Finding(
        drift=drift, severity=severity, name=name, subject=subject, meaning="It moved.",
        action="Look.", owner="technical owner",
    )  # fmt: skip


def say(desk, report, *findings):
    """Keep a report with these findings as the newest."""
    said = report.model_copy(update={"findings": findings, "at": desk.at})
    keep(desk, said, action="monitor.run", keys={"model": said.model, "version": said.version})


def at(desk, **by):
    return replace(desk, at=desk.at + timedelta(**by))


@pytest.mark.requirement("H10", "H8")
def test_owners_are_told_once_a_cause_and_never_of_what_only_informs(desk, made, ways):
    _, hooked, _, mailed = ways
    say(desk, made.report, finding("psi", "info"))
    assert matters(desk) == ()
    assert notifying.notify(desk) == {}
    # Forty features of one cause are one message, with the most severe first.
    many = [finding("psi", "watch", subject=f"lab_{n}") for n in range(40)]
    say(at(desk, minutes=1), made.report, *many, finding("feed_missing", "act", subject="labs"))
    done = notifying.notify(at(desk, minutes=1))
    assert done == {
        "owner open": 1, "webhook claimed": 1, "webhook sent": 1, "mail claimed": 1, "mail sent": 1,
    }  # fmt: skip
    headers, body = hooked.messages[0]
    stamp, signed = (part.split("=")[1] for part in headers["X-Attending-Signature"].split(","))
    assert signed == hmac.new(SECRET, f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    told = json.loads(body)
    assert (told["severity"], told["more"], told["owner"]) == ("act", 40, "technical owner")
    ((to, text),) = mailed.messages
    assert "tech@h.example" in str(to)
    assert "40 more findings of the same cause" in text
    # The next days it still stands: nobody is told again, until it becomes worse.
    assert notifying.notify(at(desk, hours=2)) == {}
    later = at(desk, hours=3)
    say(later, made.report, finding("feed_missing", "stop", subject="labs"))
    assert notifying.notify(later)["owner closed"] == 1
    assert [one.state for one in notifying.messages(desk)] == ["closed", "open"]
    # It is mended: the message closes by itself.
    say(at(desk, hours=4), made.report)
    assert notifying.notify(at(desk, hours=4)) == {"owner closed": 1}
    with pytest.raises(Refused, match="closed"):
        notifying.acknowledge(desk, notifying.messages(desk)[-1].id, says="done")


def test_nobody_answers_and_the_next_is_told_once(desk, made, ways):
    _, _, _, mailed = ways
    say(desk, made.report, finding("feed_missing", "act"))
    notifying.notify(desk)
    notifying.notify(at(desk, hours=23))
    assert len(mailed.messages) == 1
    done = notifying.notify(at(desk, hours=24))
    assert done["escalation sent"] == 1
    assert "clara@h.example" in str(mailed.messages[1][0])
    assert "escalation sent" not in notifying.notify(at(desk, hours=30))
    (one,) = [one for one in notifying.messages(desk) if one.said["cause"].startswith("data")]
    with pytest.raises(BadInput):
        notifying.acknowledge(desk, one.id, says=" ")
    with pytest.raises(NotFound):
        notifying.acknowledge(desk, "ffff", says="x")
    taken = notifying.acknowledge(replace(desk, actor="omar"), one.id[:8], says="restarted")
    assert notifying.told(taken)["by"] == "omar"
    with pytest.raises(Refused, match="acknowledged"):
        notifying.acknowledge(desk, one.id, says="again")


def test_an_acknowledged_message_is_not_escalated_and_one_that_failed_is_sent_again(
    desk, made, ways
):
    _, hooked, _, mailed = ways
    hooked.status = 500
    say(desk, made.report, finding("feed_missing", "act"))
    assert notifying.notify(desk)["webhook failed"] == 1
    (one,) = notifying.messages(desk)
    notifying.acknowledge(at(desk, hours=1), one.id, says="on it")
    hooked.status = 200
    done = notifying.notify(at(desk, hours=30))
    assert done["webhook sent"] == 1
    assert "escalation sent" not in done
    ids = [json.loads(body)["id"] for _, body in hooked.messages]
    assert ids == [one.id, one.id]
    assert "clara@h.example" not in str([to for to, _ in mailed.messages])


def test_beyond_the_budget_what_can_wait_waits_for_the_page(desk, made, ways):
    _, hooked, _, _ = ways
    for number in range(3):
        here = at(desk, hours=number)
        names = ["data", "concept", "workflow"][: number + 1]
        say(here, made.report, *(finding("psi", "watch", drift=name) for name in names))
        notifying.notify(here)
    assert [one.state for one in notifying.messages(desk)] == ["open", "held", "held"]
    assert len(hooked.messages) == 1
    say(at(desk, hours=4), made.report, finding("psi", "stop", drift="concept"))
    notifying.notify(at(desk, hours=4))
    assert len(hooked.messages) == 2
    assert "1 of 1 watch" in page_of_day(at(desk, hours=4))[1]


def test_the_page_of_the_day_says_verdict_reason_owner_and_what_needs_whom(desk, made, ways):
    _, _, _, mailed = ways
    say(desk, made.report, finding("feed_missing", "act"))
    html, text, content = page_of_day(desk)
    (model,) = content["models"]
    assert model["about"] == "readmission-30d@v1"
    assert model["answer"] in text
    assert "technical owner (Dana Reyes): feed missing: It moved." in text
    assert b"technical owner (Dana Reyes)" in html
    assert b"SYNTHETIC" in html
    assert send_page(desk) == "sent to 1"
    assert "all@h.example" in str(mailed.messages[-1][0])
    # Without a verdict that holds the page never says that all is well.
    text = page_of_day(at(desk, days=30))[1]
    assert "There is no verdict that holds." in text
    assert re.search(r"The newest verdict was “\w+”; it held until 20\d\d-\d\d-\d\d", text)
    assert not re.search(r"\d\d-\d\dT\d\d:", text)  # instants as people say them
    assert "[act] readmission-30d@v1" in text
    (desk.home.folder("policy") / "delivery.yaml").unlink()
    with pytest.raises(DependencyDown, match="no way out"):
        send_page(desk)


def test_run_due_tells_owners_and_sends_the_page_once_a_day(desk, made, ways):
    _, _, _, mailed = ways
    jobs = {one.job: one.state for one in due.run_due(desk, [made.project]).outcomes}
    assert (jobs["digest"], jobs["notify"]) == ("done", "done")
    due.run_due(at(desk, hours=1), [made.project])
    pages = [to for to, text in mailed.messages if "should we continue" in text]
    assert len(pages) == 1
    policy = desk.home.folder("policy") / "due.yaml"
    policy.write_text("backup_every: 1d\n")
    (one,) = [one for one in matters(desk) if one.cause == "backup"]
    assert one.owner == "operational owner"


def test_metrics_say_how_the_watch_stands_without_a_patient(desk, made):
    say(desk, made.report, finding("feed_missing", "act"))
    house = FrontDesk(root=desk.home.root, clock=lambda: desk.at + timedelta(hours=2))
    text = "\n".join(house.metrics())
    verdict = 'attending_verdict{model="readmission-30d",version="v1",answer="continue"} 1'
    assert verdict in text
    assert 'attending_findings{model="readmission-30d",version="v1",severity="act"} 1' in text
    assert "attending_verdict_age_seconds" in text
    assert 'attending_missed_days{model="readmission-30d",version="v1"} 0' in text
    due.run_due(desk, [made.project])
    changed = 'attending_canaries_changed{model="readmission-30d",version="v1"} 0'
    assert changed in "\n".join(house.metrics())
    row, today = house.model(made.project.name).row.verdict, house.today(made.project.name)
    assert "nobody has looked" not in row.sentence + today[0].says  # control
    house.clock = lambda: desk.at + timedelta(days=40)
    assert verdict not in "\n".join(house.metrics())
    # Nor does a page keep the good reason, or that there is nothing to do.
    row, today = house.model(made.project.name).row.verdict, house.today(made.project.name)
    assert row.expired and "nobody has looked" in row.sentence
    assert "Run the monitors" in row.action
    assert [one.answer for one in today[:2]] == ["", ""]
    assert "nobody has looked" in today[0].says and "Run the monitors" in today[1].says
    assert "attending_watch_readable 1" in text
    gone = FrontDesk(root=desk.home.root / "nowhere", clock=house.clock)
    assert gone.metrics() == ["# TYPE attending_watch_readable gauge", "attending_watch_readable 0"]
    subjects = scoring.predictions_of(desk, made.project, "v1")["subject_id"].to_pylist()
    assert not [one for one in subjects[:50] if str(one) in text]
    report = desk.home.catalog.latest(MonitorReport, model=made.project.name)
    assert report.n_predictions


def test_what_ends_and_what_is_owed_has_an_owner(desk, made):
    assert matters(desk) == ()
    policy = signing.propose_specs(replace(desk, actor="dana"), made.project)["retraining"]
    sign(desk, policy, made.secrets, person="clara", role="clinical_lead")
    enter(
        at(desk, hours=1), made.run, stage="limited", plan=made.project.release.digest,
        previous=made.entered,
    )  # fmt: skip
    excepted = GateException(
        run=made.run.digest, condition="fairness", reason="few patients", compensation="look",
        authors=("omar",), expires_at=desk.at + timedelta(days=5),
    )  # fmt: skip
    keep(desk, excepted, action="gate.except", keys={"run": made.run.digest})
    incidents.open_incident(
        at(desk, hours=1), made.project, type="outage", harm="high", title="the feed is down"
    )
    found = {one.cause.split(":")[0]: one for one in matters(at(desk, hours=30))}
    assert set(found) == {"exception", "incident", "reviews"}
    assert (found["exception"].severity, found["incident"].severity) == ("watch", "act")
    assert "notify" in found["incident"].says
    assert (found["incident"].person, found["reviews"].person) == ("omar", "omar")
    assert "operation today" in found["reviews"].says
    # Five days on, what ended is told as such; the page adds up each owner's week.
    found = {one.cause: one for one in matters(at(desk, days=6))}
    (ended,) = [one for cause, one in found.items() if cause.startswith("exception")]
    assert (ended.severity, "ended" in ended.says) == ("act", True)
    (row,) = [
        one for one in page_of_day(at(desk, days=6))[2]["reviews"] if "operational" in one["owner"]
    ]
    assert (row["minutes_a_week"], row["capacity"], row["overdue"]) == (35, 60, 1)
