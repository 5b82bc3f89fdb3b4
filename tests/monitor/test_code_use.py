"""Codes that are new, and codes that come no more: seen on the first day, at the right site."""

import numpy as np
import pytest

from attending.monitor.code_use import Came, CodeUse, look_at_codes, summed
from tests.monitor import deployed as d

DAY = 24 * 3600 * 1_000_000
OLD, NEW = "ICD10CM//A", "ICD10CM//4"
SITES = {"NORTH": 25, "SOUTH": 12}


def diagnoses(*, switched=(), share=1.0, quiet=(), days=1):
    """A year of three diagnoses a patient, and a newest day; some sites have switched."""
    parts, rng = {}, np.random.default_rng(1)
    for site, a_day in SITES.items():
        for at in range(40):
            then = rng.poisson(a_day * 365 * 3 / 40)
            came = {"then": (then, then // 2), "last": 1000 * DAY}
            if site in quiet:
                came["last"] = (1000 - days) * DAY
            parts[f"{OLD}{at}", site] = came
        for at in range(5):  # codes that came once in the year: some are always new
            parts[f"{OLD}9{at}", site] = {"then": (1, 1), "last": 900 * DAY}
        rows = 3 * a_day
        new = round(share * rows) if site in switched else 0
        parts[f"{OLD}0", site]["day"] = (rows - new, a_day)
        parts[f"{OLD}0", site]["week"] = (7 * rows - new, 7 * a_day)
        if new:
            came = {"day": (new, a_day), "week": (new, a_day), "last": 1000 * DAY}
            parts[f"{NEW}0", site] = came
        parts["ICD10CM", site] = {
            "then": (a_day * 365 * 3, a_day * 300),
            "day": (rows, a_day),
            "week": (7 * rows, 7 * a_day),
            "last": parts[f"{OLD}0", site]["last"],
        }
    found = summed(parts)
    codes = {place: one for place, one in found.items() if "//" in place[0]}
    whole = {place: one for place, one in found.items() if "//" not in place[0]}
    return CodeUse(codes, whole, 365.0, 1000 * DAY)


def told(use):
    return [(f.severity, f.name, f.subject, f.site) for f in look_at_codes(d.SPEC, use)[0]]


@pytest.mark.fault("D09")
def test_d09_a_switch_of_the_coding_system_is_seen_on_its_first_day_and_where():
    # Control: rows, volumes and patients are as on any other day.
    calm, moved = diagnoses(), diagnoses(switched=SITES)
    assert calm.whole["ICD10CM", ""].day == moved.whole["ICD10CM", ""].day
    assert told(calm) == []
    assert told(moved) == [("act", "new_codes", "ICD10CM", "")]
    assert told(diagnoses(switched=["SOUTH"])) == [("act", "new_codes", "ICD10CM", "SOUTH")]
    assert told(diagnoses(switched=SITES, share=0.12)) == [("watch", "new_codes", "ICD10CM", "")]
    (finding,), (measure,) = look_at_codes(d.SPEC, moved)
    assert "100% of the ICD10CM codes (such as ICD10CM//40)" in finding.meaning
    assert (measure.name, measure.value) == ("new_code_share", 1.0)
    # Three patients with new codes are no switch.
    assert told(diagnoses(switched=SITES, share=0.03)) == []


@pytest.mark.fault("D11")
def test_d11_a_code_that_comes_no_more_is_one_finding_and_one_quiet_hour_is_none():
    found, _ = look_at_codes(d.SPEC, diagnoses(quiet=["SOUTH"], days=6))
    (one,) = found
    assert (one.name, one.site, one.subject) == ("dead_codes", "SOUTH", "ICD10CM")
    assert "All codes of ICD10CM came no more for 6.0 days" in one.meaning
    assert told(diagnoses(quiet=["SOUTH"], days=0.2)) == []
    # Control: the day's count of all sites does not show it.
    assert diagnoses(quiet=["SOUTH"]).whole["ICD10CM", ""].last == 1000 * DAY


def test_before_the_first_day_nothing_is_shown_and_rare_codes_are_not_named():
    _, (gap,) = look_at_codes(d.SPEC, None)
    assert (gap.state, "no day has come" in gap.why) == ("not_shown", True)
    use = diagnoses(switched=SITES)
    few = {
        place: Came(day=(one.day[0], 2), week=(one.week[0], 2)) if place[0] == f"{NEW}0" else one
        for place, one in use.codes.items()
    }
    (finding,), _ = look_at_codes(d.SPEC, CodeUse(few, use.whole, use.days, use.until))
    assert "such as" not in finding.meaning
