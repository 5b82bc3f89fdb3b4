"""Answers that were given before are given again, word by word."""

import json
from pathlib import Path

import pyarrow.compute as pc
import pytest

from attending.engines.tables import digest_table
from attending.scores.registered import SCORES
from attending.serve.asked_events import as_asked
from attending.serve.score import score_explained, score_one
from tests.serve import ward as w

#: What `answers` gave for these patients before scoring was made quicker.
GIVEN = json.loads((Path(__file__).parent / "given_answers.json").read_text("utf-8"))
#: Two of each site, a child, a stay of another class, and one of whom nothing is known.
PATIENTS = (1, 4, 6, 11, 13, 17, 23, 210)


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    return w.ward(tmp_path_factory.mktemp("ward"))


def answers(ward, kind):
    """By patient what is said and why, and the digest of the rows that it was made from."""
    events, cohort, engine = ward
    served = ward_served(w.bundle(cohort, engine, kind.partition(" ")[0]), kind)
    found = {}
    for asked in cohort.to_pylist():
        if asked["subject_id"] in PATIENTS:
            rows = as_asked(events.filter(pc.equal(events["subject_id"], asked["subject_id"])))
            made, why = score_explained(served, rows, **w.instants(asked))
            found[str(asked["subject_id"])] = {
                "made": {**made.content(), "explanation": None},
                "why": why.content() if why else None,
                "events": digest_table(rows),
            }
    return found


def ward_served(bundle, kind):
    if not kind.endswith("fallback"):
        return w.served(bundle)
    plan = {"kind": "score", "score": "lace", "threshold": 5.0, "card": "LACE"}
    return w.served(
        bundle,
        release=w.release(fallback={**plan, "downtime_pathway": "checklist"}),
        fallback=SCORES.get("lace")({}),
        verdict=w.verdict("fallback", delivers="fallback", fallback="lace"),
    )


def same(now, then):
    """Whether two JSON values are one; numbers to nine digits, as other machines count the last."""
    if isinstance(then, float) and isinstance(now, (int, float)):
        return now == pytest.approx(then, rel=1e-9, abs=1e-12)
    if isinstance(then, dict):
        return now.keys() == then.keys() and all(same(now[key], then[key]) for key in then)
    if isinstance(then, list):
        return len(now) == len(then) and all(map(same, now, then))
    return now == then


@pytest.mark.parametrize("kind", ["logistic", "lightgbm", "logistic fallback"])
def test_what_was_answered_before_is_answered_now(ward, kind):
    now = json.loads(json.dumps(answers(ward, kind)))
    assert now.keys() == GIVEN[kind].keys() == set(map(str, PATIENTS))
    assert [key for key in now if not same(now[key], GIVEN[kind][key])] == []
    outcomes = {one["made"]["outcome"] for one in now.values()}
    assert outcomes == {"no_score", "fallback" if kind.endswith("fallback") else "live"}
    altered = {**GIVEN[kind]["1"]["made"], "rationale": "Risk 1 %."}
    assert not same(now["1"]["made"], altered)


@pytest.mark.parametrize("kind", ["logistic", "lightgbm"])
def test_an_answer_does_not_depend_on_who_numbered_the_codes(ward, kind):
    events, cohort, engine = ward
    served = w.served(w.bundle(cohort, engine, kind))
    asked = cohort.to_pylist()[0]
    rows = events.filter(pc.equal(events["subject_id"], asked["subject_id"]))
    at = rows.schema.get_field_index("code")
    numbered = rows.set_column(at, "code", rows["code"].dictionary_encode())
    one, other = (score_one(served, some, **w.instants(asked)) for some in (rows, numbered))
    assert one.as_bytes() == other.as_bytes()
    assert digest_table(rows) != digest_table(numbered)  # so the digest is of what was brought
