from __future__ import annotations

import pytest
from fastapi import FastAPI

from attending.web.door import HEADERS, PAGE_POLICY
from tests.web.paper_house import DIGEST
from tests.web.visitor import TestClient

TRAVERSAL = [
    "../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e",
    "%252e%252e%252f",
    "..\\..\\x",
    "//proc/self/root",
    "file:///etc/passwd",
    "x%23/../",
    "%00",
    "a" * 300,
    "CON.",
    "x ",
    "x%E2%88%95y",
    "attending.css%00.svg",
    "A-Name",
]


@pytest.mark.fault("X01")
@pytest.mark.parametrize("bad", TRAVERSAL)
def test_a_name_that_is_no_name_opens_nothing(house, signed_in, bad):
    assert signed_in.get(f"/documents/{DIGEST}").status_code == 200  # the control
    assert house.asked == [DIGEST]
    for route in ("models", "documents", "static"):
        answer = signed_in.get(f"/{route}/{bad}")
        assert answer.status_code in {400, 404}, (route, answer.status_code)
        assert "Traceback" not in answer.text
        assert "root:" not in answer.text
    assert house.asked == [DIGEST]


@pytest.mark.fault("X21")
def test_every_answer_carries_the_headers_of_the_door(house, signed_in):
    bare = FastAPI()
    bare.get("/")(lambda: "x")
    alone = TestClient(bare).get("/")
    assert "X-Frame-Options" not in alone.headers  # the control: without the door there is none
    for path, status in (
        ("/", 200),
        ("/models/readmission-30d", 200),
        ("/models/unknown", 404),
        ("/models/Bad", 400),
        (f"/documents/{DIGEST}", 200),
        ("/login", 200),
        ("/healthz", 200),
        ("/static/attending.css", 200),
        ("/static/attending.svg", 200),
        ("/nowhere", 404),
    ):
        answer = signed_in.get(path)
        assert answer.status_code == status, path
        for name, value in HEADERS.items():
            if path.startswith("/documents/") and name == "Content-Security-Policy":
                continue
            assert answer.headers[name] == value, (path, name)
        assert "access-control-allow-origin" not in answer.headers
        assert "server" not in answer.headers
    assert "script-src 'self';" in PAGE_POLICY
    assert "unsafe" not in PAGE_POLICY


def test_a_document_may_use_its_own_style_and_nothing_else(signed_in):
    policy = signed_in.get(f"/documents/{DIGEST}").headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert "'self'" not in policy
    assert policy.endswith("; sandbox")


@pytest.mark.parametrize("host", ["evil.example", "", "localhost.evil.example", "127.0.0.1@evil"])
def test_a_host_that_is_not_ours_is_misdirected(visitor, host):
    assert visitor.get("/login", headers={"host": host}).status_code == 421


def test_a_body_that_is_too_large_is_refused_before_it_is_read(visitor):
    answer = visitor.post("/login", content=b"x" * 70_000)
    assert answer.status_code == 413


def test_an_unexpected_failure_shows_no_traceback_and_no_value(house, signed_in, caplog):
    def broken():
        raise RuntimeError("the value 6.1 of a patient")

    house.models = broken
    answer = signed_in.get("/")
    assert answer.status_code == 500
    assert "6.1" not in answer.text + caplog.text
    assert "Traceback" not in answer.text + caplog.text
    assert "RuntimeError" in caplog.text
    assert answer.headers["X-Frame-Options"] == "DENY"
    machine = signed_in.get("/", headers={"accept": "application/json"})
    assert machine.headers["content-type"] == "application/problem+json"
    assert machine.json()["code"] == "server.unexpected"


def test_a_field_that_is_too_long_is_named_and_not_repeated(visitor):
    visitor.form_token("/login")
    answer = visitor.post("/login", data={"person": "q" * 300, "passphrase": "secret word"})
    assert answer.status_code == 422
    assert "person" in answer.text
    assert "qqq" not in answer.text
    assert "secret word" not in answer.text
