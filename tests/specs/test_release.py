"""The release spec: a fallback score and its parameters."""

import pytest
from pydantic import ValidationError

from attending.scores.registered import SCORES
from attending.specs.release import Fallback

PATHWAY = {"downtime_pathway": "paper form"}


def test_a_fallback_score_takes_parameters():
    news2 = {"kind": "score", "score": "news2", "threshold": 5}
    plan = Fallback.model_validate({**news2, "parameters": {"pulse": "LOCAL//HR"}, **PATHWAY})
    made = SCORES.get("news2")(plan.parameters)
    assert "LOCAL//HR" in made.codes and "LOINC//8867-4" not in made.codes


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        ({"kind": "none", "parameters": {"variant": 2013}}, "kind is 'none'"),
        (
            {
                "kind": "score",
                "score": "lace",
                "threshold": 10,
                "parameters": {"availability": "as_coded"},
            },
            "knowable",
        ),
        ({"kind": "score", "score": "lace"}, "threshold of its own"),
    ],
)
def test_a_fallback_that_cannot_be_is_refused(plan, told):
    with pytest.raises(ValidationError, match=told):
        Fallback.model_validate({**plan, **PATHWAY})
