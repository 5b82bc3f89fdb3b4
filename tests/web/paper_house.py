"""A house of paper: the pages' protocol answered from plain values, as lifecycle would."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from attending.digests import digest_bytes
from attending.errors import NotFound
from attending.lifecycle.gates_ahead import GateAhead, Open
from attending.lifecycle.model_history import Chapter, Moment
from attending.lifecycle.model_papers import ModelFile, ModelPaper, Signature
from attending.lifecycle.owing import Owed, owed_by
from attending.lifecycle.side_by_side import Beside
from attending.times import parse_instant
from attending.web.pages.model import ModelLife
from attending.web.pages.model import read as read_model
from attending.web.views import (
    Health,
    HealthCheck,
    HomeView,
    ModelPage,
    ModelRow,
    PersonView,
    TodayLine,
    VerdictView,
)
from attending.web.wire import PredictionAnswer

if TYPE_CHECKING:
    from collections.abc import Callable

PASSPHRASE = "calm-otter-harbour-41"  # noqa: S105 - of a fictional person
REPORT = (
    b"<!doctype html><html lang='en'><head><title>Report</title>"
    b"<style>body{color:#123456}</style></head><body><h1>Report</h1>"
    b"<img alt='a dot' src='data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22/%3E'>"
    b"</body></html>"
)
DAY = "2026-03-02T06:05:00Z"
LATER = "2026-03-03T18:05:00Z"
DIGEST = digest_bytes(REPORT)


def verdict(answer="watch", **changes):
    said = {
        "continue": "All 11 trust conditions are met on 1,204 predictions of the last 7 days.",
        "watch": "Creatinine arrives 5 hours later than before at the north site; "
        "the score's meaning has not changed.",
        "stop": "The alert threshold in the order system is not the signed one.",
        "restrict": "At the south site 38 % of lactate is missing; the score means something else.",
    }
    values = {
        "answer": answer,
        "sentence": said[answer],
        "made": parse_instant(DAY),
        "expires": parse_instant(LATER),
        "drift": "data" if answer != "continue" else "none",
        "action": "Look at the laboratory feed before the next release train.",
        "owner": "Laboratory interface team",
        "changes": (
            "the delay of creatinine back under 2 h for three days: continue",
            "more than 20 % of creatinine missing: restrict to the south site",
        ),
    }
    return VerdictView(**(values | changes))


READMISSION = ModelRow(
    name="readmission-30d",
    version="v3",
    stage="limited",
    purpose="Unplanned readmission within 30 days of discharge, for the discharge nurse.",
    verdict=verdict(),
    synthetic=True,
)
ROWS = (
    ModelRow(
        name="deterioration-12h",
        version="v1",
        stage="silent",
        purpose="Intensive care or death within 12 hours, for the rapid response team.",
        verdict=verdict("continue", action="", owner="", changes=()),
        synthetic=True,
    ),
    READMISSION,
    ModelRow(name="length-of-stay", stage="prototype", purpose="Days until discharge."),
    ModelRow(
        name="sepsis-onset-6h",
        version="v12",
        stage="live",
        purpose="Sepsis within 6 hours, for the ward nurse.",
        verdict=verdict("stop", expired=True),
    ),
)


def condition(name, answer, sentence, turn):
    return Open(name=name, asks=f"{name} holds", status=answer, whose=turn, note=sentence)


PAGE = ModelPage(
    row=READMISSION,
    notices=("v3 since 2026-02-20: threshold 0.21 instead of 0.25; recalibrated.",),
)
LIFE = ModelLife(
    gates=(
        GateAhead(
            "lineage review", "trained", "passed",
            (condition("clean commit", "met", "a41f09c2, no change on top", "Data scientist"),),
            parse_instant(DAY),
        ),
        GateAhead("clinical sign-off", "validated", "passed", (), parse_instant(DAY)),
        GateAhead("readiness review", "silent", "passed", (), parse_instant(DAY)),
        GateAhead("prospective review", "limited", "passed", (), parse_instant(DAY)),
        GateAhead(
            "monitoring and audit", "live", "asked",
            (
                condition("quiet verdicts", "failed", "9 of the last 14 days said continue; 14 "
                          "are asked", "nobody: wait"),
                condition("training materials", "missing", "31 of 48 nurses have completed them",
                          "Head of nursing, north site"),
                condition("subgroup: age 80 and over", "not_shown", "7 of 10 events needed",
                          "Clinical owner"),
                condition("rollback drill", "met", "2026-02-27, 1.4 s", "Operator"),
            ),
            parse_instant(DAY),
        ),
    ),
    versions=Beside(
        ("v3", "v2"), ("limited", "limited"),
        (("AUROC", ("0.772 (0.747 to 0.793)", "0.761 (0.735 to 0.786)")),
         ("Rows to fit", ("4,222", "4,222"))),
        older=1,
    ),
    papers=(
        ModelPaper("Validation report", DIGEST, "e" * 64, parse_instant(DAY), "ben", (
            Signature("Dr Ada Fictional (clinical lead): approval", parse_instant(DAY)),)),
        ModelPaper("Model card", "b" * 64, "f" * 64, parse_instant(DAY), "ben"),
    ),
    files=(ModelFile("model.json", "9" * 64, here=True),),
    chapter=Chapter(
        (
            Moment(7, parse_instant("2026-01-12T09:30:00Z"), "ben", "release.advance",
                   "deployment", "d" * 64, "stage silent", "silent"),
            Moment(9, parse_instant("2026-02-20T14:02:00Z"), "ada", "approval.sign",
                   "approval", "c" * 64, "meaning approval, role clinical lead", ""),
        ),
        first=0,
        total=2,
    ),
    part="everything",
)  # fmt: skip

OWED = (
    Owed("review", "readmission-30d", "calibration", due=parse_instant(DAY), late=True),
    Owed("gate", "readmission-30d", "monitoring and audit: subgroup. 7 of 10 events needed"),
)


@dataclass
class PaperHouse:
    """Answers the pages and remembers what it was asked."""

    rows: tuple[ModelRow, ...] = ROWS
    page: ModelPage = PAGE
    made_up: bool = True
    files: dict[str, bytes] = field(default_factory=lambda: {DIGEST: REPORT})
    asked: list[str] = field(default_factory=list)
    sessions: dict[str, PersonView] = field(default_factory=dict)
    up: bool = True
    roles: tuple[str, ...] = ("clinical_lead",)
    tokens: dict[str, PersonView] = field(default_factory=dict)
    used: set[tuple[str, str]] = field(default_factory=set)
    seen: dict[Callable[..., object], Callable[..., object]] = field(
        default_factory=lambda: {owed_by: lambda *_: OWED, read_model: lambda *_, **__: LIFE}
    )

    def synthetic(self):
        return self.made_up

    def first_use(self, space, name, *, ends, now):
        assert now < ends
        first = (space, name) not in self.used
        self.used.add((space, name))
        return first

    def about(self):
        return HomeView(
            name="north",
            environment="synthetic" if self.made_up else "production",
            synthetic=self.made_up,
        )

    def look(self, read, *args, by, **more):
        self.asked.append(f"{read.__name__} by {by}")
        return self.seen[read](*args, **more)

    def models(self):
        return self.rows

    def model(self, name):
        self.asked.append(name)
        if name != self.page.row.name:
            raise NotFound("got a model that is not here", code="model.unknown")
        return self.page

    def today(self, name):
        return (
            TodayLine(label="Predictions", says="172, none without a score"),
            TodayLine(label="Creatinine at the north site", says="5 h late", answer="failed"),
        )

    def document(self, digest):
        self.asked.append(digest)
        if digest not in self.files:
            raise NotFound("got a digest that names no document here", code="document.unknown")
        return self.files[digest]

    def predict(self, model, question, *, by):
        self.asked.append(f"{model} by {by}: {question.n_events} events")
        return PredictionAnswer(
            request_id="e" * 32,
            model=model,
            version="v3",
            stage="limited",
            delivered=True,
            made_before=False,
            outcome="live",
            scored_by=f"{model} v3",
            score=0.31,
            threshold=0.21,
            flagged=True,
            prediction_time="2026-03-02T06:00:00Z",
            made_at=DAY,
            provenance=f"/v1/predictions/{'e' * 32}",
        )

    def prediction(self, request_id, *, by):
        self.asked.append(f"{request_id} by {by}")
        return {"request_id": request_id}

    def health(self):
        check = HealthCheck(name="store", ok=self.up, says="" if self.up else "locked")
        return Health(ok=self.up, checks=(check,))

    def readiness(self):
        check = HealthCheck(name="readmission-30d", ok=self.up, says="" if self.up else "gone")
        return Health(ok=self.up, checks=(check,))

    def metrics(self):
        return ["# TYPE attending_predictions counter", "attending_predictions_total 3"]

    def login(self, person, passphrase):
        if (person, passphrase) != ("ada", PASSPHRASE):
            return None
        token = secrets.token_urlsafe(32)
        self.sessions[token] = PersonView(person="ada", name="Dr Ada Fictional", roles=self.roles)
        return token

    def logout(self, token):
        self.sessions.pop(token, None)

    def person_of(self, token):
        return self.sessions.get(token)

    def token_person(self, token):
        return self.tokens.get(token)
