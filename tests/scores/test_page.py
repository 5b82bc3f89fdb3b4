"""The page of scores is made from the scores."""

from pathlib import Path

from attending.scores.registered import SCORES
from tests.write_scores import page

PAGE = Path(__file__).parents[2] / "docs" / "scores.md"


def test_the_page_says_what_the_scores_say():
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_score_is_on_the_page():
    assert all(f"## `{name}`: " in page() for name in SCORES.names())
