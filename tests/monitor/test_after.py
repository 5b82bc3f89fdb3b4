"""After go-live: a planted effect is found, none is claimed where there is none, little says so."""

import numpy as np
import pytest

from attending.documents.after_go_live import after_document, sentences
from attending.errors import BadInput
from attending.monitor.after import ELSEWHERE, Course, beside, changes, fairness, limits
from attending.monitor.after_use import Seen, quarters
from attending.records.after_go_live import AfterReport, GoLive
from attending.times import parse_instant

#: Months since 1970 of the first and the go-live month.
FIRST, MONTHS = 600, 36
LIVE = FIRST + 18


def course(seed, *, effect=1.0, sites=("CITY",), live=None, of=None, stays=300, wanted="lower"):
    """Stays of three years; from go-live on the risk of those in `of` changes by a factor."""
    rng = np.random.default_rng(seed)
    went = live or dict.fromkeys(sites, LIVE)
    month = np.repeat(np.arange(FIRST, FIRST + MONTHS), stays * len(sites))
    site = np.tile(np.repeat(list(sites), stays), MONTHS)
    sex = rng.choice(["f", "m"], len(month))
    since = np.array([went.get(name, FIRST + MONTHS) for name in sites])
    there = month >= since[[list(sites).index(name) for name in site]]
    reached = there & (np.ones(len(month), bool) if of is None else sex == of)
    risk = 0.15 + 0.02 * np.cos(2 * np.pi * month / 12) + 0.001 * (month - FIRST)
    happened = rng.random(len(month)) < np.where(reached, risk * effect, risk)
    return Course(
        "readmission", "outcome", wanted, month, happened.astype(np.int8), site, {"sex": sex}
    )


def whole(found):
    return next(one for one in found if not one.group)


@pytest.mark.requirement("H16")
def test_an_effect_that_was_planted_is_found_and_none_is_claimed_where_none_was():
    found = whole(changes(course(1, effect=0.6), {"CITY": LIVE}))
    assert found.direction == "better"
    assert found.level_low < 0.6 < found.level_high < 1.0
    # Nothing was planted: of thirty, two or three may miss, and more would be a wrong width.
    null = [whole(changes(course(at, stays=60), {"CITY": LIVE})) for at in range(30)]
    assert sum(one.direction == "unclear" for one in null) >= 26
    # The same fall of what should rise is worse.
    worse = whole(changes(course(1, effect=0.6, wanted="higher"), {"CITY": LIVE}))
    assert worse.direction == "worse"
    with pytest.raises(BadInput, match="no site went live"):
        changes(course(1), {})


def test_little_is_not_shown_and_says_why():
    few = whole(changes(course(3, stays=2), {"CITY": LIVE}))
    assert (few.direction, few.why) == ("not_shown", "fewer than 20 events before or after")
    young = whole(changes(course(3), {"CITY": FIRST + MONTHS - 4}))
    assert young.why == "fewer than 8 months before or after"
    assert (young.months_before, young.months_after) == (MONTHS - 4, 3)
    assert young.level is None


def test_sites_without_the_model_stand_beside_and_show_what_was_not_the_model():
    # The rate falls everywhere in the same month: a new drug, not the model.
    sites = ("CITY", "HILL")
    drawn = course(4, effect=0.6, sites=sites, live=dict.fromkeys(sites, LIVE))
    found = {one.group: one for one in changes(drawn, {"CITY": LIVE})}
    assert found[""].direction == "better"
    assert found[ELSEWHERE].level_high < 1.0
    assert "is not the model's" in " ".join(limits({"CITY": LIVE}, looked_at=5, elsewhere=True))
    assert "no site without" in " ".join(limits({"CITY": LIVE}, looked_at=5, elsewhere=False))


def test_a_benefit_that_only_some_have_is_named():
    for of, alike in (("f", False), (None, True)):
        found = changes(course(5, effect=0.5, of=of), {"CITY": LIVE})
        told = {one.attribute: one for one in fairness(found)}
        assert told["sex"].alike is alike
        assert told["site"].alike is None  # one site alone cannot be compared
        assert {one.group for one in found} == {"", "site=CITY", "sex=f", "sex=m"}


def test_sites_that_went_live_one_after_the_other_are_held_beside_each_other():
    sites = tuple("ABCDEFGH")
    live = {name: FIRST + 8 + 3 * at for at, name in enumerate(sites)}
    found = beside(course(6, effect=0.6, sites=sites, live=live, stays=120), live)
    assert found.direction == "better"
    assert found.low < -0.4 * 0.168 < found.high < 0
    null = beside(course(7, sites=sites, live=live, stays=120), live)
    assert null.direction == "unclear"
    assert beside(course(6, sites=("A", "B")), {"A": LIVE}).why.startswith("sites: 2, 6 needed;")
    together = dict.fromkeys(sites, LIVE)
    assert "all sites went live at once" in beside(course(6, sites=sites, stays=40), together).why


def test_what_nobody_recorded_is_not_observed_and_the_page_says_all_in_words():
    until = parse_instant("2026-05-01T00:00:00Z")
    shown = [Seen(parse_instant("2026-02-01T00:00:00Z"), flagged=True)] * 4
    assert quarters(shown, until=until)[0].acknowledged is None
    answered = [*shown[:2], *(one._replace(answer="overridden", hours=3.0) for one in shown[2:])]
    quarter = quarters(answered, until=until)[0]
    assert (quarter.acknowledged, quarter.overridden, quarter.hours_to_answer) == (0.5, 0.5, 3.0)
    drawn = course(5, effect=0.5, of="f")
    found = changes(drawn, {"CITY": LIVE})
    report = AfterReport(
        model="readmission", version="v1", at=until, cohort="a" * 64, snapshot="b" * 64,
        spec="c" * 64, outcome="Readmission within 30 days",
        went_live=(GoLive(site="CITY", at=until, deployment="d" * 64),),
        changes=found, beside=(beside(drawn, {"CITY": LIVE}),), fairness=fairness(found), months=(),
        use=(quarter,), incidents={"low": 2}, limits=limits({"CITY": LIVE}, looked_at=4,
                                                           elsewhere=False),
    )  # fmt: skip
    told = "\n".join(sentences(report))
    assert "Readmission within 30 days: better. Just after go-live it happened 0.7" in told
    assert "did not change alike in all groups of sex" in told
    page = after_document(report, synthetic=True).decode()
    for words in ("SYNTHETIC", "What this cannot tell", "Nobody drew lots", "50.0 %", "not alike"):
        assert words in page
    assert "<script" not in page
