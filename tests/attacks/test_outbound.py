"""X17 and X18: no text of an attacker makes us ask an address, and no flood asks the provider."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import httpx2
import pytest

from attending.errors import DependencyDown
from attending.lifecycle.ehr import EhrPolicy
from attending.web.app import create_app
from attending.web.outbound import NotAllowed, Outbound
from attending.web.provider_keys import ProviderKeys
from attending.web.signed_tokens import BadToken, check_signature, taken_apart
from tests.attacks.forged import PUBLIC, signed
from tests.attacks.test_forged_tokens import Ward
from tests.web.test_hooks import BASE, ISS, SPEC, HookHouse, asked, bundle, call, patient
from tests.web.visitor import TestClient


class Counting(ThreadingHTTPServer):
    hits: list[str]


class Listener(BaseHTTPRequestHandler):
    """Counts whoever comes; answers with a redirect, with too much, or too slowly."""

    server: Counting

    def do_GET(self):
        self.server.hits.append(self.path)
        self.send_response(302 if self.path == "/away" else 200)
        if self.path == "/away":
            self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/inner")
        self.end_headers()
        if self.path == "/much":
            self.wfile.write(b"x" * 2**20)

    do_POST = do_GET

    def log_message(self, *args):
        """Say nothing."""


@contextmanager
def listening():
    server = Counting(("127.0.0.1", 0), Listener)
    server.hits = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield SimpleNamespace(
            hits=server.hits, at=f"http://127.0.0.1:{server.server_port}", port=server.server_port
        )
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.fault("X17")
def test_x17_no_address_in_a_token_or_a_call_is_ever_asked():
    with listening() as there:
        httpx2.get(f"{there.at}/control")  # the control: whoever asks is counted
        assert there.hits == ["/control"]
        ward = Ward()
        assert ward.takes(
            signed(ward.claims(), jku=f"{there.at}/jku")
        )  # told by some, read by none
        kids = (f"{there.at}/kid", "../../../../dev/null", "one' OR '1'='1", "file:///etc/passwd",
                "/proc/self/environ", "one\0", "", 7, None)  # fmt: skip
        for kid in kids:
            assert not ward.takes(signed(ward.claims(), kid=kid)), kid
        for name in ("x5u", "jwk", "x5c", "jku_"):
            value = PUBLIC["keys"][0] if name == "jwk" else f"{there.at}/{name}"
            assert not ward.takes(signed(ward.claims(), **{name: value})), name
        assert not ward.takes(signed(ward.claims() | {"iss": there.at}))
        _fire_hook_full_of_addresses(there.at)
        assert there.hits == ["/control"]


def _fire_hook_full_of_addresses(at):
    house = HookHouse()
    app = create_app(house, ehr=EhrPolicy(SPEC, ((ISS, PUBLIC),)))
    client = TestClient(app, base_url="http://localhost")
    more = [{"relation": "next", "url": f"{at}/next"}]
    prefetch = {
        "patient": patient() | {"$schema": f"{at}/schema", "photo": [{"url": f"{at}/photo"}]},
        "encounters": bundle(link=more),
        "observations": bundle({"resourceType": "Observation", "contentUrl": f"{at}/media"}),
    }
    body = asked(
        fhirServer=f"{at}/fhir",
        fhirAuthorization={"access_token": "x", "token_type": "Bearer", "subject": "s"},
        prefetch=prefetch,
    )
    path = "/cds-services/readmission"
    ward = Ward()
    bearer = signed(ward.claims() | {"aud": f"{BASE}{path}"})
    assert call(client, body, bearer=bearer).status_code == 200
    assert len(house.asked) == 1


def fetched(address, *, allowed=None, resolve=None, **more):
    """Return the status and body of an answer, asked for through the only way out."""
    if resolve is not None:
        more["resolve"] = resolve
    transport = Outbound((allowed or address,), **more)
    with httpx2.Client(transport=transport, trust_env=False, timeout=5.0) as client:
        answer = client.get(address)
        return answer.status_code, answer.content


@pytest.mark.fault("X17")
def test_x17_only_what_a_policy_names_is_asked_and_only_where_it_may_lie():
    with listening() as there:
        assert fetched(f"{there.at}/keys") == (200, b"")
        assert there.hits == ["/keys"]
        # Control: a client without the guard follows the redirect inwards.
        httpx2.get(f"{there.at}/away", follow_redirects=True)
        assert there.hits == ["/keys", "/away", "/inner"]
        assert fetched(f"{there.at}/away")[0] == 302
        assert there.hits[-1] == "/away"
        before = list(there.hits)
        for other in (
            f"{there.at}/other",
            f"{there.at}/keys?x",
            "http://169.254.169.254/",
            there.at,
        ):
            with pytest.raises(NotAllowed):
                fetched(other, allowed=f"{there.at}/keys")
        assert there.hits == before
        with pytest.raises(NotAllowed):
            fetched(f"{there.at}/keys", networks=("10.0.0.0/8",))
        with pytest.raises(NotAllowed):
            fetched(f"{there.at}/much")


@pytest.mark.fault("X17")
@pytest.mark.parametrize(
    "answers",
    [
        ["169.254.169.254"], ["10.1.1.1", "169.254.169.254"], ["fe80::1%eth0"],
        ["::ffff:169.254.169.254"], ["127.0.0.1"], ["::1"], ["::ffff:127.0.0.1"],
        ["0.0.0.0"], ["224.0.0.1"], ["fd00:ec2::254"], [],  # noqa: S104
    ],
)  # fmt: skip
def test_x17_a_name_that_leads_inwards_is_not_followed(answers):
    address = "https://login.hospital.example/keys"
    with pytest.raises(NotAllowed):
        fetched(address, resolve=lambda host, port: answers)


@pytest.mark.fault("X17")
def test_x17_a_name_is_resolved_once_and_kept_to():
    with listening() as there:
        answers = [["127.0.0.1"], ["169.254.169.254"]]
        told = []

        def rebinding(host, port):
            told.append(host)
            return answers[min(len(told), len(answers)) - 1]

        address = f"http://localhost:{there.port}/keys"
        # Control: whoever looks and then connects by the name asks twice, and gets another answer.
        assert [rebinding("localhost", 80), rebinding("localhost", 80)] == answers
        told.clear()
        assert fetched(address, resolve=rebinding)[0] == 200
        assert told == ["localhost"]
        assert there.hits == ["/keys"]


class Counted:
    """A provider whose key sets are counted, and a clock that we turn."""

    def __init__(self):
        self.asked, self.at, self.said, self.up = 0, 0.0, dict(PUBLIC), True
        self.keys = ProviderKeys(self.fetch, ("ES384", "RS256"), clock=lambda: self.at)

    def fetch(self):
        self.asked += 1
        if not self.up:
            raise DependencyDown("down")
        return json.dumps(self.said).encode()

    def believes(self, token):
        parts = taken_apart(token)
        key = self.keys.key(parts)
        if key is None:
            return False
        try:
            check_signature(parts, key, types=("JWT",))
        except BadToken:
            return False
        return True


@pytest.mark.fault("X18")
def test_x18_a_flood_of_unknown_keys_asks_the_provider_once_a_minute():
    there = Counted()
    good = signed({"a": 1})
    naive = [there.fetch() for _ in range(50)]  # control: who asks for each unknown key floods
    assert there.asked == len(naive)
    there.asked = 0
    assert there.believes(good)
    floods = [f"{signed({'a': 1}, kid='x')}" for _ in range(20)]
    for number in range(10_000):
        there.at = 30.0 * number / 10_000  # ten thousand within half a minute
        assert not there.believes(floods[number % 20])
    assert there.asked == 1
    assert there.believes(good)
    there.up, there.at = False, 61.0
    assert not there.believes(floods[0])
    assert there.asked == 2
    assert there.believes(good)  # the keys that are held survive
    there.up, there.said, there.at = True, {"keys": []}, 122.0
    assert not there.believes(floods[0])
    assert there.believes(good)  # and an empty answer takes none away


@pytest.mark.fault("X18")
def test_x18_a_new_key_is_taken_up_and_an_old_one_leaves():
    there = Counted()
    es, rs = PUBLIC["keys"]
    there.said = {"keys": [es, {"kty": "OKP", "crv": "Ed25519", "kid": "z", "x": "AA"}]}
    assert there.believes(signed({"a": 1}))  # others in the set are passed over
    assert not there.believes(signed({"a": 1}, alg="RS256"))
    there.said, there.at = {"keys": [rs]}, 61.0
    assert there.believes(signed({"a": 1}, alg="RS256"))
    assert not there.believes(signed({"a": 1}))
    down = Counted()
    down.up = False
    with pytest.raises(DependencyDown) as refused:
        down.believes(signed({"a": 1}))
    assert refused.value.code == "provider.keys"
