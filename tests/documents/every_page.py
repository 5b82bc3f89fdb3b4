"""Every kind of stand-alone document, made of the records of the tests, by name."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from attending.documents import roc
from attending.documents.after_go_live import after_document
from attending.documents.checklist_page import crosswalk_document
from attending.documents.deployer_paper import LastList, downtime_pack, paper_document
from attending.documents.digest import digest_page
from attending.documents.picture_page import picture_page
from attending.documents.record_page import record_page
from attending.monitor.after import Course, beside, changes, fairness, limits
from attending.records.after_go_live import AfterReport, GoLive
from attending.times import parse_instant
from tests.documents import paper_records as held_for
from tests.documents.example_records import report
from tests.documents.record_levels import nested
from tests.documents.test_every_number import PAGES, checklist

AT = parse_instant("2026-03-02T06:00:00Z")
#: Persons of the release plan of the example, by login.
NAMES = {"clara": "Dr Clara Moss", "omar": "Omar Haddad", "dana": "Dana Reyes"}
#: Months since 1970 of the first, the go-live and the last month of a course.
FIRST, LIVE, LAST = 600, 618, 636
NEED = {
    "severity": "act", "about": "readmission", "who": "operational owner",
    "says": "The newest verdict is out of date.", "action": "Run `attending verdict`.",
}  # fmt: skip
DAY = {
    "title": "2026-03-02: should we continue using these models?",
    "models": [
        {
            "about": "readmission@v3", "stage": "live", "answer": "watch", "sentence": "Watch.",
            "because": "missing values", "owner": "operational owner", "budget": "3 of 12",
        }
    ],
    "needs": [NEED],
    "reviews": [
        {
            "model": "readmission@v3", "owner": "clinical owner", "open": 2, "overdue": 1,
            "minutes_a_week": 40, "capacity": 60,
        }
    ],
}  # fmt: skip


def after_go_live():
    """Return a report of a planted effect in one group of two."""
    month = np.repeat(np.arange(FIRST, LAST), 300)
    drawn = np.random.default_rng(5)
    sex = drawn.choice(["f", "m"], len(month))
    risk = np.where((month >= LIVE) & (sex == "f"), 0.08, 0.16)
    happened = (drawn.random(len(month)) < risk).astype(np.int8)
    sites = np.full(len(month), "CITY")
    course = Course("readmission", "outcome", "lower", month, happened, sites, {"sex": sex})
    found = changes(course, {"CITY": LIVE})
    return AfterReport(
        model="readmission", version="v1", at=AT, cohort="a" * 64, snapshot="b" * 64,
        spec="c" * 64, outcome="Readmission within 30 days",
        went_live=(GoLive(site="CITY", at=AT, deployment="d" * 64),), changes=found,
        beside=(beside(course, {"CITY": LIVE}),), fairness=fairness(found), months=(), use=(),
        incidents={"low": 2}, limits=limits({"CITY": LIVE}, looked_at=4, elsewhere=False),
    )  # fmt: skip


def last_list():
    """Return the newest scores of a unit, older than they count."""
    rows = (("10001", "2026-03-01 06:00", "risk 0.31", "yes"), ("10002", "–", "no score", "–"))
    return LastList(
        model="readmission", version="v3", unit="NORTH", made_at=AT, printed_at=AT
        + timedelta(hours=30), counts_for=timedelta(hours=24), rows=rows,
    )  # fmt: skip


def every_page():
    """Return each document by name; papers of who deploys one by one."""
    made = {name: page(*records) for name, (records, page) in PAGES.items() if name != "papers"}
    papers = held_for.papers(*PAGES["papers"][0])
    made |= {f"paper: {one.paper}": paper_document(one, NAMES) for one in papers}
    downtime = next(one for one in papers if one.paper == "downtime")
    picture = roc.picture(report())
    return made | {
        "after go-live": after_document(after_go_live(), synthetic=True),
        "crosswalk": crosswalk_document([checklist(), checklist()]),
        "downtime pack": downtime_pack(downtime, last_list(), NAMES),
        "page of the day": digest_page(DAY, synthetic=True),
        "quiet day": digest_page({**DAY, "models": [], "needs": [], "reviews": []}, synthetic=True),
        "picture": picture_page(picture, about="readmission", digest="ab" * 32, synthetic=True),
        "record": record_page(nested(8), digest="ab" * 32, synthetic=True),
    }
