from __future__ import annotations

import pytest
from fastapi import FastAPI

from attending.errors import BadInput
from attending.web.app import ROUTES, create_app
from attending.web.listen import Front, check_bind
from attending.web.policy import PUBLIC, SIGNED_IN, Policy, Routes
from tests.web.paper_house import PASSPHRASE, PaperHouse
from tests.web.visitor import TestClient, visitor_of

OPEN = [
    "GET /healthz",
    "GET /invitation",
    "GET /livez",
    "GET /login",
    "GET /login/provider",
    "GET /login/provider/back",
    "GET /readyz",
    "GET /static/{file}",
    "POST /invitation",
    "POST /login",
]


@pytest.mark.fault("X20")
def test_what_needs_no_session_is_exactly_the_allow_list(house, visitor):
    naive = FastAPI()
    opened = {getattr(route, "path", "") for route in naive.routes}
    assert "/openapi.json" in opened  # the control: an app as it comes opens more than it should
    assert ROUTES.allow_list() == OPEN
    for route in visitor.app.routes:
        path = route.path.replace("{name}", "readmission-30d").replace("{digest}", "a" * 64)
        for method in ("GET", "HEAD", "OPTIONS", "DELETE", "PUT", "PATCH", "POST", "TRACE"):
            if f"{method} {route.path}" in OPEN:
                continue
            answer = visitor.request(method, path, headers={"accept": "application/json"})
            nobody = {401, 405} | ({404} if path.startswith("/cds-services") else set())
            assert answer.status_code in nobody, (method, path)
    for path in ("/docs", "/redoc", "/openapi.json", "/static/", "/static"):
        assert visitor.get(path).status_code in {400, 404}, path
    assert house.asked == []


def test_an_app_with_a_route_that_nobody_declared_does_not_start(house):
    app = create_app(house)

    @app.get("/secret")
    def secret():
        return "all of it"

    with pytest.raises(BadInput, match="GET /secret"), TestClient(app):
        pass
    answer = TestClient(app, base_url="http://localhost").get("/secret")
    assert answer.status_code == 403
    assert answer.json()["code"] == "web.no_policy"


def test_a_role_that_the_route_asks_for_is_looked_up_at_each_request(house, signed_in):
    routes = Routes()

    @routes.add("GET", "/only-here", policy=Policy(roles=frozenset({"auditor"})))
    def audit():
        return "seen"

    routes.mount(signed_in.app)
    signed_in.app.state.routes = routes
    assert signed_in.get("/only-here", headers={"accept": "*/*"}).json()["code"] == "access.role"
    token, person = next(iter(house.sessions.items()))
    house.sessions[token] = person.model_copy(update={"roles": ("auditor",)})
    assert signed_in.get("/only-here").status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.7", "attending.example"])  # noqa: S104
@pytest.mark.fault("X28")
def test_other_machines_are_not_served_in_plain_text(host, tmp_path):
    check_bind("127.0.0.1", Front())  # the control: this machine may
    check_bind("::1", Front())
    with pytest.raises(BadInput, match="plain text") as refused:
        check_bind(host, Front())
    assert refused.value.exit_code == 2
    check_bind(host, Front(behind_proxy=("10.0.0.5",)))
    check_bind(host, Front(certificate=tmp_path / "c.pem", key=tmp_path / "k.pem"))
    with pytest.raises(BadInput, match="trusted proxy"):
        check_bind(host, Front(behind_proxy=("*",)))


def test_wrong_name_and_wrong_passphrase_get_one_and_the_same_answer(visitor):
    answers = [visitor.sign_in("ada", "wrong"), visitor.sign_in("nobody", PASSPHRASE)]
    assert [answer.status_code for answer in answers] == [401, 401]
    bodies = {answer.text.replace(token_in(answer), "") for answer in answers}
    assert len(bodies) == 1
    assert "attending-session" not in answers[0].headers["set-cookie"]


def token_in(answer):
    return answer.text.partition('name="token" value="')[2][:64]


@pytest.mark.fault("X12")
def test_guessing_passphrases_is_stopped_for_known_and_unknown_names_alike(visitor):
    for person in ("ada", "nobody"):
        codes = [visitor.sign_in(person, f"guess {i}").status_code for i in range(7)]
        assert codes[0] == 401  # the control: a guess is looked at
        assert codes == [401] * 5 + [429] * 2
    assert visitor.sign_in("ada", PASSPHRASE).status_code == 429


@pytest.mark.fault("X10")
def test_a_form_from_another_site_changes_nothing(house, visitor):
    assert ">Login</label>" in visitor.get("/login").text  # it takes no printed name
    token = visitor.form_token("/login")
    good = {"person": "ada", "passphrase": PASSPHRASE, "token": token}
    assert visitor.post("/login", data=good).status_code == 303  # the control
    before = dict(house.sessions)
    out = {"token": visitor.form_token("/")}
    for data, headers in (
        ({}, {}),
        ({"token": "0" * 64}, {}),
        ({"token": token}, {}),
        (out, {"origin": "https://elsewhere.example"}),
        (out, {"sec-fetch-site": "cross-site"}),
    ):
        answer = visitor.post("/logout", data=data, headers=headers)
        assert answer.status_code == 403
        assert house.sessions == before
    assert visitor.get("/logout").status_code == 405
    assert visitor.post("/logout", data=out).status_code == 303
    assert house.sessions == {}


@pytest.mark.fault("X11")
def test_a_session_is_new_at_login_hidden_from_scripts_and_dead_after_logout(house, visitor):
    planted = "planted-by-an-attacker"
    visitor.cookies.set("attending-session", planted)
    answer = visitor.sign_in()
    token = next(iter(house.sessions))
    assert token != planted
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    visitor.cookies.clear()
    visitor.cookies.set("attending-session", token)
    assert visitor.get("/").status_code == 200  # the control: the token opens the page
    visitor.post("/logout", data={"token": visitor.form_token("/")})
    visitor.cookies.set("attending-session", token)
    assert visitor.get("/").status_code == 303


def test_behind_tls_the_cookies_are_secure():
    visitor = visitor_of(PaperHouse(), secure=True)
    cookie = visitor.get("/login").headers["set-cookie"]
    assert cookie.startswith("__Host-attending-form=")
    assert "Secure" in cookie


@pytest.mark.parametrize("back", ["//elsewhere.example", "https://elsewhere.example", "/\\x", "x"])
def test_after_login_nobody_is_sent_elsewhere(visitor, back):
    assert visitor.sign_in(back=back).headers["location"] == "/"


def test_after_login_the_page_that_was_asked_for_opens(visitor):
    asked = visitor.get("/models/readmission-30d")
    assert asked.headers["location"] == "/login?next=/models/readmission-30d"
    assert visitor.sign_in(back="/models/readmission-30d").headers["location"] == (
        "/models/readmission-30d"
    )


def test_public_and_signed_in_are_not_the_same_policy():
    assert PUBLIC != SIGNED_IN
