"""X13 to X16: forged tokens of record systems and of the hospital's provider; none is believed."""

from __future__ import annotations

import base64
import json
import time
from types import SimpleNamespace
from uuid import uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from attending.errors import AttendingError
from attending.lifecycle.ehr import EhrPolicy
from attending.specs.provider import ProviderSpec
from attending.stores.home import Home
from attending.web.app import create_app
from attending.web.ehr_tokens import asking
from attending.web.id_tokens import Expected, checked
from attending.web.signed_tokens import BadToken, issuer_keys, key_of, taken_apart
from tests.attacks import forged
from tests.attacks.forged import KEYS, PUBLIC, part, shared, signed, unsigned
from tests.stores.homes import AT
from tests.web.test_hooks import BASE, ISS, SPEC, HookHouse
from tests.web.visitor import TestClient

PATH = "/cds-services"
PROVIDER = ProviderSpec(
    title="Hospital account",
    issuer="https://login.hospital.example",
    client_id="attending",
    secret_file="provider.secret",  # noqa: S106 - the name of a file
    redirect="https://scores.hospital.example/login/provider/back",
    authorization="https://login.hospital.example/authorize",
    token="https://login.hospital.example/token",  # noqa: S106 - an address
    keys="https://login.hospital.example/keys",
    algorithms=("ES384", "RS256"),
)


class Ward:
    """The door of record systems: whole claims, and the address that takes a token."""

    def __init__(self):
        self.house = HookHouse()
        app = create_app(self.house, ehr=EhrPolicy(SPEC, ((ISS, PUBLIC),)))
        self.client = TestClient(app, base_url="http://localhost")

    def claims(self):
        now = int(time.time())
        return {
            "iss": ISS, "aud": f"{BASE}{PATH}", "iat": now, "exp": now + 120,
            "jti": str(uuid4()), "tenant": "main",
        }  # fmt: skip

    def takes(self, token):
        answer = self.client.get(PATH, headers={"authorization": f"Bearer {token}"})
        assert answer.status_code in {200, 401, 403}, answer.text
        assert token == "" or token[:200] not in answer.text
        return answer.status_code == 200


class SignIn:
    """The door of persons: an ID token as the provider would give it."""

    keys = issuer_keys(PUBLIC, algorithms=PROVIDER.algorithms)

    def claims(self):
        now = int(time.time())
        return {
            "iss": PROVIDER.issuer, "aud": PROVIDER.client_id, "iat": now, "exp": now + 120,
            "sub": "s-1", "nonce": "n" * 43, "auth_time": now,
        }  # fmt: skip

    def takes(self, token):
        expected = Expected(nonce="n" * 43, since=time.time())
        try:
            parts = taken_apart(token)
            key = key_of(parts, self.keys)
            return checked(parts, key, PROVIDER, expected=expected, now=time.time()) == "s-1"
        except BadToken:
            return False


@pytest.fixture(params=[Ward, SignIn])
def door(request):
    return request.param()


def taken(door, forgeries):
    """Return the names of the forgeries that a door believed."""
    assert door.takes(signed(door.claims()))  # a whole token is believed
    assert door.takes(signed(door.claims(), alg="RS256"))
    return [one.name for one in forgeries if door.takes(one.make(door.claims()))]


@pytest.mark.fault("X13")
def test_x13_a_token_that_nobody_signed_is_believed_by_no_door(door):
    # Control: who reads claims and asks for no signature believes it.
    claims = door.claims()
    assert json.loads(_read(unsigned(claims, "none"))) == claims
    assert len(forged.of("X13")) > 15
    assert taken(door, forged.of("X13")) == []


def _read(token):
    body = token.split(".")[1]
    return base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))


@pytest.mark.fault("X14")
def test_x14_the_key_decides_the_algorithm_and_never_the_token(door):
    # Control: who lets the token choose takes the public key for a shared secret.
    public = json.dumps(KEYS["RS256"].as_dict(private=False)).encode()
    confused = shared(door.claims(), public)
    naive = jwt.decode(confused, OctKey.import_key(public), algorithms=["HS256", "RS256"])
    assert naive.claims.keys() == door.claims().keys()
    assert len(forged.of("X14")) > 15
    assert not door.takes(confused)
    assert taken(door, forged.of("X14")) == []


@pytest.mark.fault("X15")
def test_x15_a_token_of_another_time_place_or_kind_is_believed_by_no_door(door):
    # Control: a good signature alone would let each of these in.
    stale = signed(door.claims() | {"exp": 1})
    assert jwt.decode(stale, KEYS["ES384"], algorithms=["ES384"]).claims["exp"] == 1
    assert len(forged.of("X15")) > 20
    assert taken(door, forged.of("X15")) == []


@pytest.mark.fault("X15")
def test_x15_a_token_of_one_door_opens_no_other():
    ward, person = Ward(), SignIn()
    assert not ward.takes(signed(person.claims()))
    assert not person.takes(signed(ward.claims()))
    answer = ward.client.get("/v1/openapi.json", headers=_bearer(signed(person.claims())))
    assert answer.status_code == 401


def _bearer(token):
    return {"authorization": f"Bearer {token}"}


@pytest.mark.fault("X15")
def test_x15_another_tenant_and_a_record_system_without_jti_are_refused():
    ward = Ward()
    assert ward.takes(signed(ward.claims()))
    assert not ward.takes(signed(ward.claims() | {"tenant": "other"}))
    assert not ward.takes(signed(ward.claims() | {"jti": ""}))
    assert not ward.takes(signed(ward.claims() | {"jti": ["a"]}))


@pytest.mark.fault("X16")
def test_x16_a_token_counts_once_over_all_workers_and_after_a_restart(tmp_path):
    Home.create(tmp_path / "home", at=AT, seed=7).close()
    token = signed(Ward().claims() | {"aud": f"{BASE}{PATH}"})
    # Control: workers that each remember for themselves let it in once each.
    alone = [_tokens(HookHouse().first_use) for _ in range(2)]
    assert [_takes(one, token) for one in alone] == [True, True]
    homes = [Home.open(tmp_path / "home") for _ in range(2)]
    workers = [_tokens(home.used_once.first) for home in homes]
    assert [_takes(one, token) for one in (*workers, *workers)] == [True, False, False, False]
    for home in homes:
        home.close()
    home = Home.open(tmp_path / "home")
    assert not _takes(_tokens(home.used_once.first), token)
    other = signed(Ward().claims())
    home.used_once._most = 1  # the store is full: nobody is believed rather than anybody
    with pytest.raises(AttendingError) as full:
        _tokens(home.used_once.first).checked(f"Bearer {other}", path=PATH)
    assert full.value.code == "once.full"
    home.close()


def _tokens(once):
    return asking(SimpleNamespace(spec=SPEC, keys=((ISS, PUBLIC),)), once).tokens


def _takes(tokens, token):
    try:
        return bool(tokens.checked(f"Bearer {token}", path=PATH))
    except AttendingError as error:
        assert error.code == "ehr.replay"
        return False


def test_keys_of_an_issuer_are_looked_at_before_they_count():
    good = PUBLIC["keys"][0]
    for change in (
        {"use": "enc"},
        {"alg": "HS256"},
        {"alg": "ES256"},
        {"d": "x"},
        {"crv": "P-521"},
    ):
        with pytest.raises(AttendingError):
            issuer_keys({"keys": [good | change]}, algorithms=("ES384",))
    with pytest.raises(AttendingError):
        issuer_keys({"keys": [good, good]}, algorithms=("ES384",))
    with pytest.raises(AttendingError):
        issuer_keys(PUBLIC, algorithms=("ES384",))  # an RSA key where none may be
    nameless = {name: value for name, value in good.items() if name != "kid"}
    (key,) = issuer_keys({"keys": [nameless]}, algorithms=("ES384",))
    parts = taken_apart(f"{part({'alg': 'ES384'})}.{part({})}.AAAA")
    assert key_of(parts, (key,)) is key
    assert key_of(parts, (key, key)) is None
