"""The report of a day: a titled page with the verdict in words, and what could not be measured."""

from __future__ import annotations

import re

from tests.documents.adoption_records import monitor_report, page_of_day, verdict


def _words(page):
    text = re.sub(r"<[^>]+>", " ", page.decode().split("</style>")[1].replace("<wbr>", ""))
    return re.sub(r"\s+", " ", text.replace("\u00a0", " "))


def test_the_verdict_stands_first_in_words_and_every_measure_has_a_name():
    said = _words(page_of_day(monitor_report(), verdict()))
    assert said.index("Should we continue using this model today? Yes, and watch it.") < 200
    assert "icu w, live" in said and "Report of the day, 2026-03-02 06:00 UTC" in said
    assert "Readers get the model's score" in said.replace("&#39;", "'")
    assert "no new verdict within 1 day 12 hours of the report" in said
    assert "Lactate is not spread as it was. At NORTH." in said
    assert "Observed over expected events 1.13 (0.92 to 1.34)" in said
    assert "too few events AUROC; Fall of AUROC since validation" in said
    assert "deaths as foretold" in said and "at least 0.67 and at most 1.5" in said
    assert not re.search(r"\b[a-z]+_[a-z_]+\b", said)


def test_a_day_without_findings_or_verdict_says_so():
    quiet = monitor_report().model_copy(update={"findings": ()})
    said = _words(page_of_day(quiet, None))
    assert "No monitor has a finding today." in said and "Answer" not in said.split("agreed")[0]
    silent = quiet.model_copy(update={"stage": "silent"})
    assert "it runs silently beside care" in _words(page_of_day(silent, verdict()))
