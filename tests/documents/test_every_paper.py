"""Every kind of paper as its reader meets it: nothing cut, persons by their names, words for words.

Looked at on a telephone, on a desk, in the dark and as a printer lays it out.
"""

from __future__ import annotations

import re
from importlib import metadata

import pytest

from attending.documents.deployer_paper import paper_document
from attending.documents.digest import digest_page
from attending.documents.in_print import in_print, known, printed_score
from attending.documents.incident_letters import Told, letter
from attending.documents.record_page import record_page
from attending.documents.silent_report import silent_document
from attending.govern.checklists import Said, answered, profile
from attending.records.incident import Incident, IncidentImpact
from attending.scores.registered import SCORES
from attending.specs.checklist import CardWords
from attending.times import parse_instant
from tests.conftest import absent
from tests.documents.every_page import NAMES, every_page
from tests.documents.example_records import report
from tests.documents.paper_records import (
    counted,
    deployer_spec,
    papers,
    read_monitoring,
    read_release,
    silent_report,
)

#: The width of what is printed on A4, 178 mm, in CSS pixels.
PRINTED = 673
CUT = """() => {
  const root = document.documentElement, found = [];
  if (root.scrollWidth > root.clientWidth) found.push("the page");
  for (const one of document.querySelectorAll(".wide"))
    if (one.scrollWidth > one.clientWidth) found.push(one.getAttribute("aria-label"));
  for (const one of document.querySelectorAll("main *"))
    if (one.getBoundingClientRect().right > root.clientWidth + 1 && !one.closest("caption"))
      found.push(one.tagName + " " + one.textContent.slice(0, 30));
  return found;
}"""
#: As a browser gives it, and what text needs against its ground (WCAG 2.2, 1.4.3).
FAINT = """() => {
  const number = text => text.match(/[\\d.]+/g).map(Number);
  const light = text => number(text).slice(0, 3).map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
  const ground = one => {
    for (let e = one; e; e = e.parentElement) {
      const said = getComputedStyle(e).backgroundColor;
      if ((number(said)[3] ?? 1) > 0) return said;
    }
    return "rgb(255, 255, 255)";
  };
  const found = new Set();
  for (const one of document.querySelectorAll("body *")) {
    if (![...one.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
    const [low, high] = [light(getComputedStyle(one).color), light(ground(one))]
      .sort((a, b) => a - b);
    if ((high + 0.05) / (low + 0.05) < 4.5) found.add(one.tagName + " " + one.className);
  }
  return [...found];
}"""


def papers_of_who_deploys():
    """Return the papers of who deploys as records, by name."""
    found = papers(deployer_spec(), read_release(), read_monitoring(), counted())
    return {one.paper: one for one in found}


def _text(page):
    said = re.sub(r"<style>.*?</style>", " ", page.decode(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", said))


@pytest.mark.browser
def test_no_paper_is_cut_or_faint_on_a_telephone_on_a_desk_or_in_print(chromium, tmp_path):
    from playwright.sync_api import sync_playwright

    places = {}
    for name, page in every_page().items():
        places[name] = tmp_path / f"{name}.html"
        places[name].write_bytes(page)
    with sync_playwright() as player:
        browser = player.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        for width, scheme, media in (
            (390, "light", "screen"), (1280, "dark", "screen"), (PRINTED, "light", "print"),
        ):  # fmt: skip
            page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
            page.emulate_media(media=media)
            for name, place in places.items():
                page.goto(place.as_uri())
                assert page.evaluate(CUT) == [], (name, width)
                assert page.evaluate(FAINT) == [], (name, scheme)
        # The control: a table that is too wide, and words that are too faint, are found.
        page = browser.new_page(viewport={"width": 390, "height": 800})
        page.set_content('<main><p class="wide" aria-label="a" style="overflow: auto; color: #bbb">'
                         + "x" * 200)  # fmt: skip
        assert "a" in page.evaluate(CUT)
        assert page.evaluate(FAINT) == ["P wide"]
        browser.close()


def test_a_paper_names_persons_and_not_their_logins():
    held = papers_of_who_deploys()
    logins = re.compile(rf"\b({'|'.join(NAMES)})\b")
    for one in held.values():
        assert not logins.search(_text(paper_document(one, NAMES))), one.paper
    for name in ("safety_case", "downtime", "role_guide"):
        assert "Dr Clara Moss" in _text(paper_document(held[name], NAMES))
        assert logins.search(_text(paper_document(held[name], {})))  # the control: nobody is known


def test_no_paper_shows_the_words_of_a_program():
    for name, page in every_page().items():
        said = _text(page)
        assert not re.search(r"\b(None(?!\.)|nan|NaN|null|inf)\b", said), name
        assert not re.search(r"\d{4}-\d\d-\d\dT\d\d:", said), name
        assert not re.search(r"\b\d+d\b", said.replace("-30d", "")), name


def test_a_page_of_a_record_leaves_no_field_blank_and_says_a_length():
    said = {"kind": "threshold", "within": "12h", "note": "", "sites": [], "seed": 0, "by": {}}
    page = _text(record_page(said, digest="ab" * 32, synthetic=True))
    for field in ("within 12 hours", "note nothing", "sites nothing", "seed 0", "by nothing"):
        assert field in page


def test_a_role_asks_each_question_once_and_a_bedside_score_has_the_name_of_its_form():
    held = papers_of_who_deploys()
    guide = paper_document(held["role_guide"], NAMES).decode()
    asked = re.findall(r'<th scope="row">([^<]+)</th>', guide)
    roles = guide.count('<section class="guide">')
    assert roles == 2
    assert len(asked) == roles * len(set(asked))
    assert "LACE at discharge" in _text(paper_document(held["downtime"], NAMES))


def test_each_role_has_a_printed_page_of_its_own():
    if not list(metadata.distributions(name="weasyprint")):
        absent("pdf", "no weasyprint here; run `make pdf`")
    import weasyprint

    page = paper_document(papers_of_who_deploys()["role_guide"], NAMES).decode()
    assert len(weasyprint.HTML(string=page).render().pages) == 2
    # However short they are; the control: without a page of their own, two short ones share one.
    short = re.sub(r"<table.*?</table>", "", page, flags=re.DOTALL)
    assert len(weasyprint.HTML(string=short).render().pages) == 2
    control = short.replace('class="guide"', "")
    assert len(weasyprint.HTML(string=control).render().pages) == 1


def test_a_checklist_answers_in_sentences_and_does_not_list_every_package():
    packages = [{"name": name, "version": "1.0", "hash": "h"} for name in ("numpy", "zipp", "six")]
    gates = {"01_beats_baseline": "met", "02_alert_burden": "not_shown"}
    said = {"run": Said({"class_weights": "none", "packages": packages}, "a" * 64),
            "silent_report": Said({"gates": gates}, "b" * 64)}  # fmt: skip
    tripod, chai, onc = (
        {one.id: one.answer for one in answered(profile(name), said, CardWords(), card="")}
        for name in ("tripod_ai", "chai", "onc_hti1")
    )
    assert tripod["13"] == (
        "No weights were used: every row counted the same in the fit, whatever its outcome"
    )
    assert re.fullmatch(
        r"numpy 1\.0; 2 more \(the run has the whole list with hashes; SHA-256 of the list "
        r"[0-9a-f]{64}\)",
        chai["Trust.ThirdPartyInformation"],
    )
    assert re.fullmatch(r"better than the baseline: met; [a-z ]+: not shown", onc["27"])
    assert "zipp" not in chai["Trust.ThirdPartyInformation"]


def test_a_checklist_says_what_a_paper_is_about_and_not_only_its_headings():
    header, rows = ["Hazard", "Left"], [["Alerts that are not answered", "2"], ["No score", "1"]]
    log = {"sections": [{"title": "Hazards", "header": header, "rows": rows}]}
    (told,) = (
        one.answer
        for one in answered(
            profile("nhs_dcb"), {"hazard_log": Said(log, "a" * 64)}, CardWords(), card=""
        )
        if one.id == "log"
    )
    assert told == "Hazards: Alerts that are not answered; No score"


@pytest.mark.requirement("E15")
def test_a_silent_report_says_first_that_scores_came_too_late_or_of_other_inputs():
    def short(**changed):
        made = silent_report().model_copy(update=changed)
        page = silent_document(made, report(), synthetic=True)
        return _text(page).partition("What became of every prediction")[0]

    late = short(in_time=0.0047)
    assert (
        "Too late to act on. 0.47 % of scores were made within the action window of 1 day" in late
    )
    assert "Inputs were served otherwise than they are on record." in late
    sound = short(served_otherwise=())  # the control: 95.3 % came in time
    assert "Too late" not in sound and "otherwise" not in sound


def test_the_page_of_the_day_has_no_marks_of_a_program():
    said = "Do each: `attending review record`."
    need = {"about": "a@v1", "severity": "watch", "who": "omar", "says": "x", "action": said}
    page = digest_page({"title": "T", "models": [], "needs": [need], "reviews": []}, synthetic=True)
    assert "`" not in _text(page) and "“attending review record”" in _text(page)


@pytest.mark.parametrize("reader", ["clinicians", "patients", "leadership"])
def test_a_letter_says_who_and_when_as_people_do(reader):
    at = parse_instant("2026-06-29T06:10:00Z")
    incident = Incident(
        model="readmission-30d", version="v1", type="outage", harm="medium", title="It stood still",
        since=at, opened_at=at, opened_by="omar", tasks=(),
    )  # fmt: skip
    said = letter(Told(incident, read_release(), names=NAMES), reader)
    assert ("29 June 2026" if reader == "patients" else "2026-06-29\u00a006:10\u00a0UTC") in said
    assert not re.search(r"\b(clara|omar)\b|T\d\d:", said)
    if reader == "patients":
        assert "may be more likely to need to come back to the hospital" in said


def test_a_letter_after_the_end_says_what_was_done_and_not_what_to_do():
    at = parse_instant("2026-06-29T06:10:00Z")
    incident = Incident(
        model="readmission-30d", version="v1", type="outage", harm="medium", title="It stood still",
        since=at, opened_at=at, opened_by="omar", tasks=(), drill=True,
    )  # fmt: skip
    impact = IncidentImpact(
        incident="a" * 64, since=at, until=at, predictions=102, patients=86, flagged=3, told=0,
        answered=0, sites=(), list="b" * 64,
    )  # fmt: skip
    before = letter(Told(incident, read_release(), names=NAMES), "clinicians")
    assert "Until you hear otherwise: " in before and "What the plan asks to be done: " in before
    assert "closed" not in before
    after = letter(
        Told(incident, read_release(), impact, names=NAMES, contained="Disabled.", closed=True),
        "clinicians",
    )
    assert "Until you hear otherwise" not in after and "The incident is closed" in after
    assert "What we did: Disabled." in after
    # A letter goes round as any paper does: few are not told apart.
    assert "102 predictions of 86 patients; flagged: ≤10; shown to staff: 0." in after


def test_the_page_of_a_record_has_its_kind_as_title_and_not_the_plan_that_it_obeys():
    kept = {"kind": "monitoring_report", "spec": "ab" * 32, "at": "2026-06-29T06:10:00Z"}
    page = record_page(kept, digest="cd" * 32, synthetic=True).decode()
    assert "<h1>Monitoring report cdcdcdcdcdcd</h1>" in page
    assert f"<code>{'ab' * 32}</code>" in page
    assert "2026-06-29\u00a006:10\u00a0UTC" in page
    kept = {"kind": "spec_document", "spec": "training_material", "says": {}}
    assert "<h1>Training material " in record_page(kept, digest="cd" * 32, synthetic=True).decode()


def test_the_page_of_a_kept_spec_says_its_parts_under_headings_in_words_of_readers():
    says = {
        "model": "ward-death", "risk_level": "medium", "user_roles": ["nurse", "coordinator"],
        "scope": {"min_age": 18, "max_age": None, "units": []},
        "rollback_criteria": [
            {"measure": "oe", "above": 1.5, "below": None, "over": "30d"},
            {"measure": "alert_rate", "above": 0.4, "below": None, "over": "7d"},
        ],
    }  # fmt: skip
    kept = {"kind": "spec_document", "spec": "release", "model": "ward-death", "says": says}
    page = record_page(kept, digest="cd" * 32, synthetic=True).decode()
    assert "<h1>Release plan of ward-death</h1>" in page and page.count("<tr>") == 3
    said = _text(page.encode())
    for words in (
        "risk level medium", "user roles nurse, coordinator", "max age not set", "min age 18",
        "units none named", "observed over expected events", "alert rate", "30 days", "7 days",
    ):  # fmt: skip
        assert words in said, words
    assert "alert_rate" not in said
    # What differs from what stands beside it is told apart, for both are signed.
    other = record_page({**kept, "model": "ward"}, digest="cd" * 32, synthetic=True).decode()
    assert "ward-death" in other and "<h1>Release plan of ward</h1>" in other


def test_every_bedside_score_has_a_name_in_print_that_all_papers_share():
    held = answered(
        profile("tripod_ai"),
        {"model": Said({"baselines": [{"score": "sofa"}, {"score": "qsofa"}]}, "a" * 64)},
        CardWords(),
        card="",
    )
    assert not any("sofa" in one.answer for one in held)
    for name in set(SCORES.names()) - {"recorded"}:
        assert in_print(name) == printed_score(name) != name, name
    assert known("qsofa") == "qSOFA" and known("hospital") == ""  # a source may be called so


def test_a_record_of_many_alike_parts_is_a_table_that_leaves_nothing_out():
    row = {"name": "auroc", "state": "not_shown", "value": None, "n": 12345, "why": "few events"}
    rows = [{**row, "name": f"measure {at}", "value": 0.1 + at / 7} for at in range(3)]
    kept = {"kind": "monitor_report", "measures": rows, "digests": [{"a": "ab" * 32}] * 3}
    page = record_page(kept, digest="cd" * 32, synthetic=True).decode()
    assert page.count("<tr>") == 4  # a header and three rows; a list of one field is no table
    said = _text(page.encode())
    assert "Measures The same for all: n 12,345; state not shown; why few events" in said
    for one in ("measure 0", "measure 1", "measure 2", "0.1", "0.242857", "0.385714"):
        assert one in said
    assert page.count("<li>") == 3
    alone = record_page({**kept, "measures": rows[:1]}, digest="cd" * 32, synthetic=True).decode()
    assert "<tr>" not in alone and "<h2>Measures</h2>" in alone


def test_a_long_part_of_a_record_begins_below_its_heading_in_print():
    if not list(metadata.distributions(name="weasyprint")):
        absent("pdf", "no weasyprint here; run `make pdf`")
    import weasyprint

    kept = {"kind": "adoption", "accepts": [{"note": {"says": f"part {at}"}} for at in range(200)]}
    page = record_page(kept, digest="cd" * 32, synthetic=True).decode()

    def on_first(text):
        first = weasyprint.HTML(string=text).render().pages[0]
        return any("part 0" in getattr(box, "text", "") for box in first._page_box.descendants())

    assert on_first(page)
    # The control: kept whole, a part that is longer than a page leaves the page before it blank.
    assert not on_first(page.replace('class="tall"', ""))


def test_a_count_that_is_not_told_is_not_printed_as_none():
    few = {"predictions": None, "site": "VALLEY"}
    many = [{"predictions": 16 + n, "site": f"S{n}"} for n in range(3)]
    for sites in ([few], [few, *many]):  # a list, and a table
        said = {"kind": "incident_impact", "sites": sites, "list": []}
        page = _text(record_page(said, digest="ab" * 32, synthetic=True))
        assert "not told" in page
        assert page.count("nothing") == 1  # the control: an empty list holds nothing
