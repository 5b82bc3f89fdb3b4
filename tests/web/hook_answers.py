"""What a record system gets from us, answer by answer; `make figures` shows it to healthchain."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from attending.lifecycle.ehr import EhrPolicy
from attending.web.app import create_app
from tests.web.test_hooks import ISS, MADE, PUBLIC, SPEC, HookHouse, asked, call, token
from tests.web.visitor import TestClient

NO_SCORE: dict[str, Any] = {
    "kind": "no_score",
    "score": None,
    "flagged": None,
    "factors": [],
    "band": "",
}
#: By name, what the prediction says that the card is made of.
SAID: dict[str, dict[str, Any]] = {
    "a flagged patient": {},
    "a patient below the threshold": {"flagged": False, "band": "below the threshold"},
    "a fallback score": {"kind": "fallback", "scored_by": "LACE", "score": 11.0},
    "no score": NO_SCORE | {"reasons": "out_of_scope:under_age"},
    "silent": {"stage": "silent"},
}


def answers() -> dict[str, Any]:
    """Return our discovery and cards, each as it came over HTTP."""
    house = HookHouse()
    client = TestClient(
        create_app(house, ehr=EhrPolicy(SPEC, ((ISS, PUBLIC),))), base_url="http://localhost"
    )
    said = {"authorization": f"Bearer {token('/cds-services')}"}
    found = {"discovery": client.get("/cds-services", headers=said).json()}
    for name, more in SAID.items():
        house.content = MADE | more
        found[name] = call(client, asked()).json()
    return found


if __name__ == "__main__":
    Path(sys.argv[1]).parent.mkdir(exist_ok=True)
    Path(sys.argv[1]).write_text(json.dumps(answers(), sort_keys=True), encoding="utf-8")
