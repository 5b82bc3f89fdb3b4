"""The ladder, the expiry, and that nothing unknown, late or absent ever means continue."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attending.errors import BadInput, Refused
from attending.monitor.today import today
from attending.monitor.verdict import decide, sentence, standing
from attending.records.base import from_content
from attending.records.monitoring import ANSWERS, Plan, Verdict
from attending.specs.monitoring import MonitoringSpec
from attending.specs.read_yaml import parse_spec
from tests.monitor.deployed import AT, HELD, SPEC, finding, report

LOW = MonitoringSpec(risk_level="low")
MEDIUM = MonitoringSpec(risk_level="medium")
PLAN = Plan(signed="f" * 64, fallback="lace", fallback_inputs=("stay",), sites=("NORTH", "SOUTH"))
HOUR = timedelta(hours=1)

LADDER = [
    ("data", "info", "continue"),
    ("data", "watch", "watch"),
    ("data", "act", "freeze"),
    ("data", "stop", "fallback"),
    ("concept", "watch", "watch"),
    ("concept", "act", "freeze"),
    ("concept", "stop", "fallback"),
    ("workflow", "watch", "watch"),
    ("workflow", "act", "freeze"),
    ("workflow", "stop", "stop"),
    ("unknown", "watch", "watch"),
    ("unknown", "act", "restrict"),
    ("unknown", "stop", "fallback"),
]


@pytest.mark.requirement("H9", "H7")
@pytest.mark.parametrize(("drift", "severity", "answer"), LADDER)
def test_the_ladder(drift, severity, answer):
    made = decide(LOW, report(finding(drift, severity)), at=AT, plan=PLAN)
    assert made.answer == answer
    assert made.drift == ("none" if answer == "continue" else drift)
    assert made.severity == ("info" if answer == "continue" else severity)
    # Never quieter: what is severe may not be written down as continue.
    rung = f"{{severity: {severity}, answer: continue, action: a, owner: b}}"
    quiet = f"risk_level: low\nladder:\n - {rung}"
    if severity in {"act", "stop"}:
        with pytest.raises(BadInput):
            parse_spec(quiet.encode(), MonitoringSpec, name="monitoring.yaml")


@pytest.mark.requirement("H4", "H8")
def test_each_drift_has_its_own_response_and_owner():
    made = {
        drift: decide(LOW, report(finding(drift, "act")), at=AT, plan=PLAN)
        for drift in ("data", "concept", "workflow")
    }
    assert len({one.action for one in made.values()}) == 3
    assert made["data"].owner == "technical owner"
    assert made["workflow"].owner == "clinical owner"
    assert "retrain" in made["workflow"].action
    assert all(one.changes and one.owner in one.changes[-2] for one in made.values())
    with pytest.raises(BadInput, match="missing"):
        parse_spec(
            b"risk_level: low\nladder:\n - {severity: act, answer: freeze, action: a}",
            MonitoringSpec,
            name="m.yaml",
        )


def test_an_unknown_cause_at_high_risk_falls_back():
    assert decide(LOW, report(finding("unknown", "act")), at=AT, plan=PLAN).answer == "restrict"
    made = decide(SPEC, report(finding("unknown", "act")), at=AT, plan=PLAN)
    assert (made.answer, made.drift, made.delivers) == ("fallback", "unknown", "fallback")


@pytest.mark.requirement("H11")
def test_the_verdict_answers_whether_to_go_on_today():
    made = decide(SPEC, report(), at=AT)
    assert (made.answer, made.drift) == ("continue", "none")
    assert made.evidence[:2] == (report().digest, HELD.digest)
    assert made.expires_at == AT + 36 * HOUR
    assert "no new verdict within 1 day 12 hours" in made.changes[-1]
    assert sentence(made).startswith("Yes, continue")
    silent = sentence(made.model_copy(update={"stage": "silent"}))
    assert silent.startswith("Silent: nobody uses it. If it were used: yes, continue")
    assert from_content(Verdict, made.content()) == made
    with pytest.raises(Refused, match="after the instant"):
        decide(SPEC, report(), at=AT - HOUR)


def test_an_old_report_gives_a_verdict_that_expires_sooner():
    assert decide(SPEC, report(), at=AT + 30 * HOUR).expires_at == AT + 36 * HOUR


def test_the_strictest_finding_decides_and_data_comes_before_what_follows_from_it():
    both = report(finding("concept", "act"), finding("data", "act"), finding("workflow", "watch"))
    made = decide(SPEC, both, at=AT)
    assert (made.answer, made.drift) == ("freeze", "data")
    assert len(made.findings) == 3
    worst = report(finding("concept", "stop"), finding("data", "act"))
    assert decide(SPEC, worst, at=AT).drift == "concept"


def test_a_fallback_is_only_what_the_signed_plan_names_and_never_under_a_finding():
    bad = report(finding("data", "stop"))
    assert decide(SPEC, bad, at=AT, plan=PLAN).fallback == "lace"
    for plan in (
        None,
        PLAN.model_copy(update={"signed": None}),
        PLAN.model_copy(update={"fallback": None}),
        PLAN.model_copy(update={"fallback_inputs": ("creatinine",)}),
    ):
        made = decide(SPEC, bad, at=AT, plan=plan)
        assert (made.answer, made.delivers, made.fallback) == ("fallback", "no_score", None)
    feed = finding("data", "stop", name="feed_missing", subject="labs", also=("stay",))
    assert decide(SPEC, report(feed), at=AT, plan=PLAN).delivers == "no_score"


def test_one_sites_broken_data_restricts_to_the_other_signed_sites():
    local = report(finding("data", "stop", site="SOUTH"))
    made = decide(SPEC, local, at=AT, plan=PLAN)
    assert (made.answer, made.sites) == ("restrict", ("NORTH",))
    everywhere = report(finding("data", "stop", site="SOUTH"), finding("data", "stop"))
    assert decide(SPEC, everywhere, at=AT, plan=PLAN).answer == "fallback"
    assert decide(SPEC, local, at=AT).answer == "fallback"
    assert decide(LOW, report(finding("unknown", "act")), at=AT).answer == "fallback"


def test_what_nobody_has_signed_off_is_held():
    made = decide(SPEC, report(), at=AT, held="freeze")
    assert (made.answer, made.drift) == ("freeze", "unknown")
    assert "signed off" in made.because
    worse = decide(SPEC, report(finding("data", "stop")), at=AT, held="freeze")
    assert worse.answer == "fallback"


def verdict(answer="continue"):
    return decide(SPEC, report(), at=AT).model_copy(update={"answer": answer})


def test_no_verdict_never_continues():
    for level in ("low", "medium", "high"):
        assert standing(None, AT, risk_level=level) == "fallback"
    assert standing(verdict(), AT - HOUR, risk_level="low") == "fallback"


@pytest.mark.parametrize(
    ("level", "hours", "answer"),
    [
        ("high", 35, "continue"),
        ("high", 36, "fallback"),
        ("medium", 36, "restrict"),
        ("medium", 71, "restrict"),
        ("medium", 72, "fallback"),
        ("low", 107, "restrict"),
        ("low", 108, "fallback"),
    ],
)
def test_an_expired_verdict_restricts_and_then_falls_back(level, hours, answer):
    assert standing(verdict(), AT + hours * HOUR, risk_level=level) == answer


@given(
    answer=st.sampled_from(ANSWERS),
    hours=st.integers(-100, 1000),
    level=st.sampled_from(["low", "medium", "high"]),
)
def test_what_stands_is_never_milder_than_the_verdict(answer, hours, level):
    now = standing(verdict(answer), AT + hours * HOUR, risk_level=level)
    if hours >= 0:
        assert ANSWERS.index(now) >= ANSWERS.index(answer)
    if not 0 <= hours < 36:
        assert ANSWERS.index(now) >= ANSWERS.index("restrict")


def test_what_harms_asks_for_action_and_what_informs_does_not():
    small = finding("data", "info", name="inputs_moved")
    assert decide(SPEC, report(small), at=AT).answer == "continue"
    assert decide(SPEC, report(small), at=AT).findings == ()
    assert decide(SPEC, report(small, finding("data", "stop")), at=AT).answer == "fallback"


@pytest.mark.parametrize("reader", ["nurse", "engineer"])
def test_today_is_ten_plain_lines_or_fewer(reader):
    made = decide(SPEC, report(finding("data", "stop")), at=AT, plan=PLAN)
    seen = {"stage": "live", "risk_level": "high", "reader": reader}
    lines = today(made, report(), at=AT, **seen)
    assert 5 <= len(lines) <= 10
    assert "lace" in " ".join(lines)
    late = today(made, report(), at=AT + 48 * HOUR, **seen)
    assert "out of date" in late[0]
    assert len(late) <= 10
    assert "no verdict" in today(None, None, at=AT, **seen)[0]


@pytest.mark.parametrize("reader", ["nurse", "engineer"])
def test_an_expired_verdict_does_not_keep_its_good_reason(reader):
    made = decide(SPEC, report(), at=AT, plan=PLAN)
    seen = {"stage": "live", "risk_level": "high", "reader": reader}
    held = " ".join(today(made, report(), at=AT, **seen))
    assert "nobody has looked" not in held
    if reader == "nurse":
        assert made.because in held  # control
        assert made.action in held
    late = " ".join(today(made, report(), at=made.expires_at, **seen))
    assert made.because not in late
    assert made.action not in late
    assert f"Why: No verdict since {AT:%Y-%m-%d}; nobody has looked" in late
    assert "To do: Run the monitors" in late
    assert "due by" not in late
    assert (reader == "engineer") or "overdue since" in late
    early = " ".join(today(made, report(), at=AT - HOUR, **seen))
    assert "one of two clocks is wrong" in early
    assert made.because not in early


def test_a_nurse_is_told_that_a_silent_score_is_not_shown():
    made = decide(SPEC, report(finding("data", "stop")), at=AT, plan=PLAN)
    seen = {"at": AT, "risk_level": "high", "reader": "nurse"}
    silent = " ".join(today(made, report(), stage="silent", **seen))
    assert "No score of this model is shown yet" in silent
    assert "Use instead" not in silent
    assert "Use instead: lace" in " ".join(today(made, report(), stage="live", **seen))
    assert "No score of this model is shown yet" in today(None, None, stage="silent", **seen)[1]
