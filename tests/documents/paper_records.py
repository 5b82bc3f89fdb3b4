"""Records of the papers that follow a card, as a home would leave them, for tests of documents."""

from __future__ import annotations

from pathlib import Path

from attending.govern.deployer import Told, draw
from attending.records.base import Part
from attending.records.deployer import DeployerPaper
from attending.records.dossier import (
    Dossier,
    DossierException,
    DossierFeature,
    DossierGate,
    DossierReview,
    DossierSignature,
    DossierStep,
)
from attending.records.number_validation import NumberBin, NumberFigures, NumberGroupRow
from attending.records.range import Range
from attending.records.silent import Delay, InputGap, SilentReport
from attending.records.skew import SkewedFeature
from attending.records.validation import ModelFigures, SampleSizeRow
from attending.specs.base import dump
from attending.specs.deployer import DeployerSpec
from attending.specs.monitoring import MonitoringSpec
from attending.specs.read_yaml import read_spec
from attending.specs.release import PatientWords, ReleaseSpec
from attending.times import parse_instant
from tests.documents.example_records import estimate, release_spec, report

PLACE = Path(__file__).parents[2] / "examples" / "readmission-synthetic"
WORDS = PatientWords(
    foretold="need to come back to the hospital after going home",
    looks_at="your age, your past stays and your test results",
    staff_may="A nurse may call you a few days after you go home.",
    ask="Ask any nurse on your ward, or your doctor.",
)


def release_with_notice():
    return release_spec().model_copy(update={"patient_notice": WORDS})


def dossier():
    at = parse_instant("2026-03-02T06:00:00Z")
    return Dossier(
        model="readmission", version="w", stage="limited", synthetic=True, as_of=at,
        intended=(("Patients", "adults who go home"), ("Threshold", "as the card says")),
        non_intended=("deciding whether to discharge",),
        lineage=(DossierStep(step="Run", says="attending", digest="a" * 64),
                 DossierStep(step="Release plan", says="release.yaml")),
        features=(DossierFeature(name="age", label="age", codes=()),),
        signatures=(DossierSignature(
            document_kind="model_card", document="c" * 64, signer="Clara", role="clinical_lead",
            meaning="approval", signed_at=at, taken_back=False),),
        exceptions=(DossierException(condition="observed_expected", reason="Few.",
                                     compensation="A review.", expires_at=at,
                                     standing="in force"),),
        gates=(DossierGate(gate="silent_to_limited", to_stage="limited", as_of=at, allowed=False,
                           met=13, asked=17, open=("silent_long",)),),
        missing=("nobody has signed the card",), compensation="Somebody looks afterwards.",
        reviews=(DossierReview(what="gate to limited", due=at, state="owed"),),
    )  # fmt: skip


def silent_report():
    def gap(feature, label, now, before):
        return InputGap(feature=feature, label=label, missing=now, missing_before=before,
                        not_yet_known=0.043, stale=0.017)  # fmt: skip

    return SilentReport(
        model="readmission", version="w", run="a" * 64, release="b" * 64, snapshot="c" * 64,
        since=parse_instant("2026-01-05T06:00:00Z"), until=parse_instant("2026-03-02T06:00:00Z"),
        n=1873, n_live=1731, n_fallback=101, n_no_score=41, n_flagged=317, matured=1204, events=211,
        immature=469, censored=53, competing=29, lost=17, not_predicted=61, with_gap=0.372,
        inputs=(gap("creatinine", "creatinine", 0.126, 0.083), gap("bnp", "BNP", 0.61, 0.34)),
        made_after=Delay(n=1873, median_hours=1.73, ninth_decile_hours=3.41), in_time=0.953,
        action_window="1d",
        label_delay=Delay(n=1204, median_hours=744.2, ninth_decile_hours=771.4),
        reasons={"stale_input": 83, "fallback": 101}, plan="d" * 64, validation="e" * 64,
        gates={"beats_baseline": "met"}, gates_met=True, suppress_counts_up_to=10, skew="f" * 64,
        served_otherwise=(SkewedFeature(feature="creatinine", n=141, cause="other_scale",
                                        factor=88.4, site="north", share=0.117),),
    )  # fmt: skip


def around(value, half=0.21):
    return Range(value=value, low=value - half, high=value + half)


def number_report():
    """Return the validation of a model that foretells days, not risks."""
    days = tuple(
        ModelFigures(name=name, label=label, role=role, rows=5903, missing=37, estimates=(
            estimate("mae", "Mean absolute error", off, 0.131, direction="lower"),
            estimate("mean_error", "Mean error", 0.173, 0.083, direction="target:0"),
            estimate("number_slope", "Slope", 0.943, 0.071, direction="target:1"),
            estimate("interval_coverage", "In its interval", 0.813, 0.017),
            estimate("interval_width", "Width of the interval", 6.37, 0.23, direction="lower"),
            estimate("pinball_loss", "Pinball loss", 0.673, 0.031, direction="lower"),
        ))
        for name, label, role, off in (("model", "stay", "model", 2.413),
                                       ("unit_mean", "mean of the unit", "baseline", 2.871))
    )  # fmt: skip
    groups = (
        NumberGroupRow(attribute="sex", group="F", n=3122, clusters=2713, suppressed=False,
                       status="ok", mae=around(2.37), mean_error=around(0.27, 0.11),
                       observed_expected=around(1.037, 0.04), coverage=around(0.817, 0.02)),
        NumberGroupRow(attribute="site", group="south", n=None, clusters=None, suppressed=True,
                       status="insufficient"),
    )  # fmt: skip
    figures = NumberFigures(
        outcome_type="number", unit="days", cluster="patients", level=0.83, mean=5.71,
        quartiles=(2.31, 4.17, 7.43), groups=groups,
        bins=tuple(NumberBin(predicted=1.37 + at, observed=around(1.43 + at), n=583 + 11 * at)
                   for at in range(10)),
    )  # fmt: skip
    return report().model_copy(update={
        "number": figures, "figures": days, "comparisons": (), "calibration": (), "curves": (),
        "decision_curve": (), "thresholds": (), "histogram": (), "subgroups": (), "periods": (),
        "events": None, "prevalence": None, "summary": (), "gates": (),
        "sample_size": (SampleSizeRow(criterion="rows", needed=713, have=5903, met=True,
                                      reference=""),),
    })  # fmt: skip


class Counted(Part):
    """What records say beside the specs: incidents, and how a hazard is rated.

    Attributes:
        turned: by how much the severity and the likelihood of every hazard are turned.
    """

    incidents: dict[str, int]
    open_incidents: int
    turned: int


def counted():
    kinds = {kind for one in deployer_spec().hazards for kind in one.incidents}
    return Counted(incidents=dict.fromkeys(kinds, 13), open_incidents=17, turned=5)


def deployer_spec():
    return read_spec(PLACE / "deployer.yaml", DeployerSpec)


def read_monitoring():
    return read_spec(PLACE / "monitoring.yaml", MonitoringSpec)


def read_release():
    return read_spec(PLACE / "release.yaml", ReleaseSpec)


def turned(spec, by):
    """Return deployer.yaml with every hazard rated otherwise."""
    scales = (("minor", "significant", "considerable", "major", "catastrophic"),
              ("very_low", "low", "medium", "high", "very_high"))  # fmt: skip

    def other(word):
        scale = next(one for one in scales if word in one)
        return scale[(scale.index(word) + by) % len(scale)]

    rated = ("severity", "likelihood", "left_severity", "left_likelihood")
    hazards = [
        {name: other(said) if name in rated else said for name, said in one.items()}
        for one in dump(spec)["hazards"]
    ]
    return spec.model_copy(
        update={"hazards": DeployerSpec.model_validate({**dump(spec), "hazards": hazards}).hazards}
    )


def papers(spec, release, monitoring, seen):
    """Return every paper of who deploys, as specs and records say it."""
    told = Told(
        release=release, monitoring=monitoring, incidents=seen.incidents,
        open_incidents=seen.open_incidents,
    )  # fmt: skip
    return [
        DeployerPaper(paper=name, model="readmission", version="w", edition=seen.open_incidents,
                      spec="a" * 64, synthetic=True, sections=made.sections, missing=made.missing)
        for name, made in draw(turned(spec, seen.turned), told).items()
    ]  # fmt: skip
