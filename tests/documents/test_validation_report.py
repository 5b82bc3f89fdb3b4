from __future__ import annotations

from functools import cache

import pytest
from lxml import html

from attending.documents.card_assembly import CardSources, assemble_card
from attending.documents.sentences import exception_sentence, unasked
from attending.documents.validation_report import validation_report
from attending.records.governance import GateException
from attending.records.validation import Check, Estimate, GateResult, ModelRef
from attending.times import parse_instant
from tests.documents.example_records import cohort, report, run

EXCEPTION = GateException(
    run="a" * 64,
    condition="subgroup_auroc_at_least",
    reason="The south site opened in May.",
    compensation="A nurse reads every score there.",
    authors=("ada",),
    expires_at=parse_instant("2026-06-30T00:00:00Z"),
)


PLAIN = dict.fromkeys(("curves", "calibration", "decision_curve", "thresholds"), ())


def made(changes=None, **more):
    """A report with few pictures, since these tests read words."""
    held = report().model_copy(update=PLAIN | (changes or {}))
    return validation_report(held, **({"run": run(), "synthetic": False} | more))


@cache
def whole():
    return validation_report(report(), cohort(), run(), synthetic=False)


@pytest.fixture(scope="module")
def page():
    return html.fromstring(whole())


def words(data):
    return " ".join(html.fromstring(data).text_content().replace("\u00a0", " ").split())


def test_the_same_records_give_the_same_bytes():
    again = validation_report(report(), cohort(), run(), synthetic=False)
    assert again == whole()


def test_the_document_stands_alone(page):
    assert not page.xpath("//script | //link | //iframe | //object | //form")
    assert not page.xpath("//@style")
    assert not [a for a in page.xpath("//@*") if a.attrname.startswith("on")]
    assert all(src.startswith("data:image/svg+xml;base64,") for src in page.xpath("//@src"))
    assert all(href.startswith("#") for href in page.xpath("//@href"))
    assert len(page.xpath("//style")) == 1
    assert "url(" not in page.xpath("string(//style)")
    assert "http" not in page.xpath("string(//style)")


def test_the_document_can_be_read_without_seeing_it(page):
    assert page.get("lang") == "en"
    assert len(page.xpath("//h1")) == 1
    images = page.xpath("//img")
    assert len(images) == 8
    assert all(len(image.get("alt")) > 20 for image in images)
    for figure in page.xpath("//figure"):
        assert figure.xpath("./details[@open]//table/caption")
    for table in page.xpath("//table"):
        assert table.xpath("./caption")
        assert all(th.get("scope") in {"row", "col"} for th in table.xpath(".//th"))
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids))


@pytest.mark.requirement("E1")
def test_the_summary_says_which_is_better_and_by_how_much():
    said = words(made())
    assert (
        "readmission-30d does better than LACE (as knowable): AUROC 0.744 against 0.712, "
        "a difference of 0.032 (0.013 to 0.050)." in said
    )
    headline = report().summary[0]
    worse = headline.model_copy(
        update={"difference": -0.041, "low": -0.06, "high": -0.02, "verdict": "worse"}
    )
    assert (
        "readmission-30d does worse than LACE (as knowable): AUROC 0.744 against 0.712, "
        "a difference of −0.041 (−0.060 to −0.020)." in words(made({"summary": (worse,)}))
    )
    unsure = headline.model_copy(update={"low": -0.01, "verdict": "not_shown"})
    assert "It is not shown that readmission-30d does better" in words(made({"summary": (unsure,)}))


def test_figures_come_from_the_record():
    before = words(made())
    figures = report().figures[0]
    first = figures.estimates[0].model_copy(update={"value": 0.6543, "low": 0.64, "high": 0.67})
    changed = figures.model_copy(update={"estimates": (first, *figures.estimates[1:])})
    after = words(made({"figures": (changed, *report().figures[1:]), "n": 7777, "patients": 6661}))
    assert "0.654 (0.640 to 0.670)" not in before
    assert "0.654 (0.640 to 0.670)" in after
    assert "7,777 predictions of 6,661 patients" in after


def test_gates_that_are_not_met_stand_at_the_top(page):
    top = " ".join(page.xpath("string(//section[@class='summary'])").split())
    assert "2 of 4 gates are not met." in top
    assert "failed no worse in any high-risk group. It is shown to be worse" in top
    assert "not shown good enough in every group. There are too few events to tell" in top
    assert "For correctness, not performance." in top
    met = tuple(g.model_copy(update={"outcome": "met"}) for g in report().gates)
    assert "All 4 gates are met." in words(made({"gates": met}))
    assert "No gate was asked for, so none is met." in words(made({"gates": ()}))


def test_signed_exceptions_and_exploratory_runs_are_seen_at_the_top():
    loose = run(exploratory=True, reasons=("made from a dirty tree",))
    said = exception_sentence(EXCEPTION, {"ada": "Ada Berg"}, asks={})
    page = html.fromstring(made(run=loose, exceptions=[said]))
    top = " ".join(page.xpath("string(//section[@class='summary'])").split())
    assert "“good enough in every group” is let pass until 2026-06-30" in top
    assert "A nurse reads every score there. Asked for by Ada Berg." in top
    assert "Exploratory run: it passes no gate. made from a dirty tree" in top


def test_synthetic_is_said_first():
    page = html.fromstring(made(synthetic=True))
    assert page.xpath("//body/*[1]")[0].text_content().startswith("SYNTHETIC")
    assert "SYNTHETIC" not in words(made())


def test_without_cohort_and_run_the_report_says_that_nobody_told():
    said = words(made(run=None))
    assert "who was left out is not known here" in said
    assert "How the model was made" not in said


@pytest.mark.fault("X09")
def test_a_hostile_name_is_text(page):
    bad = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'
    assert html.fromstring(f"<p>{bad}</p>").xpath("//script")  # the control
    figures = tuple(f.model_copy(update={"label": bad}) for f in report().figures)
    groups = tuple(g.model_copy(update={"group": bad}) for g in report().subgroups)
    full = {name: getattr(report(), name) for name in PLAIN}
    hostile = made(full | {
        "model": ModelRef(name=bad), "figures": figures, "subgroups": groups, "notes": (bad,),
        "sites": (bad,),
    }, cohort=cohort())  # fmt: skip
    parsed = html.fromstring(hostile)
    assert not parsed.xpath("//script | //*[@onerror]")
    assert len(parsed.xpath("//img")) == len(page.xpath("//img"))
    assert parsed.xpath("string(//h1)").strip() == bad


def _off(name, label, ends, *, gates=()):
    """A report of one measure whose interval is given, and gates that look at it or not."""
    low, high = ends
    value = (low + high) / 2
    held = report().figures[0]
    one = Estimate(name=name, label=label, value=value, low=low, high=high)
    figures = (held.model_copy(update={"estimates": (one,)}),)
    return report().model_copy(update={"figures": figures, "gates": gates, "gates_met": True})


@pytest.mark.parametrize(
    ("name", "ends", "says"),
    [
        ("observed_expected", (1.02, 1.36), "more events came than were foretold"),
        ("observed_expected", (0.8, 0.9), "fewer events came than were foretold"),
        ("calibration_in_the_large", (-0.9, -0.2), "risks are too high on average"),
        ("calibration_in_the_large", (0.1, 0.2), "risks are too low on average"),
        ("calibration_slope", (0.5, 0.8), "high risks are too high and low ones too low"),
        ("calibration_slope", (1.2, 1.4), "risks lie too close together"),
        ("observed_expected_total", (1.1, 1.2), "more came than was foretold"),
        ("number_slope", (0.5, 0.6), "high predictions are too high and low ones too low"),
    ],
)
def test_what_is_off_and_not_asked_for_is_named_under_gates_that_are_all_met(name, ends, says):
    check = Check(what=name, value=1.0, low=0.9, high=1.1, outcome="met")
    asks = (GateResult(gate="a_gate", outcome="met", checks=(check,)),)
    (sentence,) = unasked(_off(name, "The measure", ends))
    assert says in sentence
    assert sentence.endswith("No gate of the plan asks for this.")
    # Control: what a gate judges by its own range is not told twice, nor what holds the right one.
    assert unasked(_off(name, "The measure", ends, gates=asks)) == ()
    right = 0.0 if name == "calibration_in_the_large" else 1.0
    assert unasked(_off(name, "The measure", (right - 0.1, right + 0.1))) == ()
    # A gate that looks at one group says nothing of all.
    group = check.model_copy(update={"group": "age=80+"})
    asks = (GateResult(gate="a_gate", outcome="met", checks=(group,)),)
    assert unasked(_off(name, "The measure", ends, gates=asks)) == (sentence,)


def test_the_report_and_the_card_name_what_is_off():
    held = _off("observed_expected", "Observed / expected", (1.02, 1.36)).model_copy(update=PLAIN)
    page = words(validation_report(held, run=run(), synthetic=False))
    told = "Observed / expected 1.19 (1.02 to 1.36): more events came than were foretold."
    assert f"Off, and not asked for. {told}" in page
    card = assemble_card(CardSources(run=run(), report=held), version="v1", synthetic=False)
    assert any(line.startswith(told) for line in card.limitations)
