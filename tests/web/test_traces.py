"""Spans say which route, how it ended and how long it took, and never who it was about."""

from __future__ import annotations

import json
import sys

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from attending.errors import DependencyDown, NotFound
from attending.web.traces import ATTRIBUTES, Traces
from attending.web.views import PersonView
from tests.web.paper_house import PaperHouse
from tests.web.test_predictions import ASKED, EVENT, PATH, WORD
from tests.web.visitor import visitor_of

#: What a span must not hold, wherever it may have been put into a request.
CANARIES = ("4886448066181632", "1698869576116173", "CANARY", "1.4", "2160-0", "Bearer", "good")
ASKER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.fault("X40")
def test_x40_no_span_holds_a_patient_wherever_the_request_names_one(monkeypatch):
    house, kept = PaperHouse(), InMemorySpanExporter()
    house.tokens["good"] = PersonView(
        person="feed", name="CANARY", roles=("operator",), scopes=("work", "patients")
    )
    asker = visitor_of(house, traces=Traces.told_to(kept))
    headers = WORD | {
        "authorization": "Bearer good",
        "traceparent": ASKER,
        "tracestate": "mrn=CANARY",
        "baggage": "patient=CANARY",
        "x-patient": "CANARY",
    }

    def post(body, path=PATH):
        return asker.post(path, content=json.dumps(body).encode(), headers=headers)

    def broken(*_, **__):
        raise RuntimeError("the value CANARY of a patient")

    def missing(*_, **__):
        raise NotFound("no patient CANARY")

    # The control: each of these is in what came, so a span that kept the request would hold it.
    assert all(one in json.dumps([ASKED, headers]) for one in CANARIES)
    assert post(ASKED).status_code == 201
    assert post({**ASKED, "CANARY": 1}).status_code == 422
    assert post({**ASKED, "events": [EVENT | {"text_value": "CANARY"}]}).status_code == 201
    assert post(ASKED, path=f"{PATH}/CANARY?patient=CANARY").status_code == 404
    monkeypatch.setattr(house, "predict", broken)
    assert post(ASKED).status_code == 500
    monkeypatch.setattr(house, "predict", missing)
    assert post(ASKED).status_code == 404
    assert asker.get(f"/v1/predictions/{'4886448066181632' * 2}", headers=headers).status_code
    spans = kept.get_finished_spans()
    assert len(spans) == 7
    for span in spans:
        told = json.loads(span.to_json())
        del told["start_time"], told["end_time"]  # a clock's digits may spell any short canary
        text = json.dumps(told)
        assert not [one for one in CANARIES if one in text], text
        assert set(span.attributes) <= set(ATTRIBUTES)
        assert not span.events
        assert f"{span.context.trace_id:032x}" in ASKER  # but it is the asker's own trace
    route = "POST /v1/models/{name}/predictions"
    assert [span.name for span in spans].count(route) == 5
    ends = {span.attributes.get("http.response.status_code") for span in spans}
    assert {201, 404, 422} <= ends
    assert "RuntimeError" in {span.attributes.get("error.type") for span in spans}


def test_traces_without_the_package_or_the_file_are_refused_by_name(tmp_path, monkeypatch):
    (tmp_path / "link").symlink_to(tmp_path / "else")
    with pytest.raises(DependencyDown) as link:
        Traces.to_file(tmp_path / "link")
    assert link.value.code == "traces.file"
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace.export", None)
    with pytest.raises(DependencyDown) as missing:
        Traces.to_file(tmp_path / "spans")
    assert (missing.value.code, missing.value.exit_code) == ("traces.missing", 5)
