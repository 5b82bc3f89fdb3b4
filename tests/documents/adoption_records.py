"""Records of an adoption and of a day's report, as a home would leave them."""

from __future__ import annotations

from attending.documents.adoption_page import AdoptionSources, adoption_page
from attending.documents.day_report import day_report
from attending.records.adoption import AcceptedCondition, AdoptedModel, Adoption, ScoreParity
from attending.records.monitoring import Condition, Finding, Measure, MonitorReport, Verdict
from attending.records.predictions_file import ColumnRead, PredictionsFile
from attending.times import parse_instant
from tests.documents.example_records import card

AT = parse_instant("2026-03-02T06:00:00Z")
ASKED = {"run.replayed": "a replay gave the same digests", "rollback.tested": "the way back"}


def adopted_model():
    return AdoptedModel(
        model="icu", outcome="Death in hospital", made_by="a vendor", training_data="not known",
        form="XGBoost JSON", file="a" * 64, features=("age", "lactate"),
        imported={"metric auc": "as the run says"},
    )  # fmt: skip


def adoption():
    read = ColumnRead(column="died", taken_as="outcome", found="said", reading="yes is the event")
    scores = PredictionsFile(
        name="history.csv", file_digest="b" * 64, rows=1204, used=1011, columns=(read,),
        unused=("bed",), notes=("Some rows were left out.",),
    )  # fmt: skip
    accepts = (
        AcceptedCondition(gate="lineage review", name="run.replayed", status="not_shown",
                          whose="data_engineer", note="only those who built it can show it"),
        AcceptedCondition(gate="readiness review", name="rollback.tested", status="not_shown",
                          whose="operator", note="walk it: `attending release drill`"),
    )  # fmt: skip
    return Adoption(
        model="icu", run="c" * 64, stage="silent", adopt_spec="d" * 64, release="e" * 64,
        release_spec="f" * 64, scores=scores, event="yes", percent=False, report="1" * 64,
        reference="2" * 64, card="3" * 64, accepts=accepts, met=17, reason="It runs beside care.",
        parity=ScoreParity(rows=1204, differing=0, largest=0.0, within=1e-6),
        expires_at=AT, authors=("dana",),
    )  # fmt: skip


def page_of_adoption(held, model, written, *, names=None):
    sources = AdoptionSources(
        adoption=held, model=model, card=written, asked=ASKED,
        signers=("the clinical lead", "the compliance officer"), names=names or {},
    )  # fmt: skip
    return adoption_page(sources, synthetic=True)


def adoption_held():
    return (adoption(), adopted_model(), card())


def monitor_report():
    finding = Finding(
        drift="data", severity="watch", name="psi", subject="lactate", figure=0.31, bound=0.25,
        meaning="Lactate is not spread as it was.", action="Look at it within the week.",
        owner="technical owner", site="NORTH",
    )  # fmt: skip
    return MonitorReport(
        model="icu", version="w", stage="live", at=AT, reference="4" * 64, spec="5" * 64,
        predictions="6" * 64, outcomes="7" * 64, n_predictions=1450, n_matured=388, n_events=41,
        findings=(finding,),
        measures=(
            Measure(name="oe", value=1.13, low=0.92, high=1.34, bound=1.5, n=388),
            Measure(name="auroc", n=388, state="not_shown", why="too few events"),
            Measure(name="auroc_drop", n=388, state="not_shown", why="too few events"),
            Measure(name="override_share", state="not_observed", why="nobody records it"),
        ),
        conditions=(Condition(name="deaths as foretold", measure="oe", state="met", value=1.13,
                              at_least=0.67, at_most=1.5),),
        overdue=("quarterly review",),
    )  # fmt: skip


def verdict():
    return Verdict(
        model="icu", version="w", stage="live", risk_level="medium", at=AT, answer="watch",
        drift="data", severity="watch", because="Lactate is not spread as it was.",
        action="Look at it within the week.", owner="technical owner",
        changes=("no new verdict within 36h of the report",),
        evidence=(monitor_report().digest,), expires_at=AT,
    )  # fmt: skip


def page_of_day(report, drawn):
    return day_report(report, drawn, says="Yes, and watch it.", synthetic=True)
