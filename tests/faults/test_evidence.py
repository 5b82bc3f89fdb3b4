"""EVIDENCE.md is what the results in docs/evidence/ make, and says how far a figure reaches."""

from __future__ import annotations

import json
import re

from tests.soak.evidence import PAGE, bound, page
from tests.soak.results import FOLDER


def test_the_page_is_made_from_the_results():
    assert PAGE.read_text(encoding="utf-8") == page()


def test_each_result_says_how_often_when_where_and_at_which_commit():
    results = [path for path in sorted(FOLDER.glob("*.json")) if path.name != "faults.json"]
    assert results
    for path in results:
        said = json.loads(path.read_text(encoding="utf-8"))
        assert said["harness"] == path.stem
        assert re.fullmatch(r"[0-9a-f]{12}", said["commit"])
        assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", said["date"])
        assert any(figure["failures"] for figure in said["figures"]), path
        # A path of somebody's machine stands in no result.
        assert not re.search(r"/(tmp|home|root|work|usr)/", path.read_text(encoding="utf-8"))


def test_none_of_many_has_a_bound_and_one_of_many_has_none():
    assert bound(0, 1000) == "< 0.3 %"
    assert bound(1, 1000) == ""
    assert bound(0, None) == ""


def test_a_result_with_something_wrong_shows_it(tmp_path):
    figure = {"name": "lost", "value": 2, "wanted": "0", "of": 10, "failures": True}
    said = {
        "harness": "x", "title": "X", "about": "What.", "command": "make soak S=x", "seed": 1,
        "commit": "0" * 12, "clean": False, "date": "2026-01-01", "machine": "m",
        "figures": [figure],
    }  # fmt: skip
    (tmp_path / "x.json").write_text(json.dumps(said))
    told = page(tmp_path)
    assert "| lost | 2 | 10 |  | 0 |" in told
    assert "not committed" in told
