"""Signing in at the hospital's provider, which is a process of its own."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from attending.errors import AttendingError, BadInput, Denied
from attending.lifecycle import accounts, inviting, people, policies, provider_accounts
from attending.lifecycle.credentials import holder
from attending.lifecycle.desk import create_home, open_desk
from attending.lifecycle.provider import provider_policy
from attending.specs.provider import ProviderSpec
from attending.web.front_desk import FrontDesk
from attending.web.throttle import Throttle
from tests.web.at_provider import BACK, SECRET, Person, running
from tests.web.visitor import visitor_of

ADA = "a sentence for ada to remember"


def now():
    return datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - the provider's clock is real


@pytest.fixture(scope="module")
def provider():
    with running() as found:
        yield found


@pytest.fixture(scope="module")
def administered(tmp_path_factory):
    """A home with an administrator."""
    root = tmp_path_factory.mktemp("administered") / "home"
    desk = create_home(root, at=now() - timedelta(minutes=1))
    token = inviting.begin(desk, "ada", printed_name="Ada Berg")
    inviting.accept(desk, token, ADA)
    desk.home.close()
    return root


@pytest.fixture
def there(tmp_path, administered, provider):
    """A copy of the home, its pages, and a browser for each side."""
    root = shutil.copytree(administered, tmp_path / "home")
    house = FrontDesk.open(root, clock=now)
    visitor = visitor_of(house, provider=provider.policy())
    return SimpleNamespace(root=root, house=house, visitor=visitor, person=Person())


def found(pattern, text, *, group):
    match = re.search(pattern, text)
    assert match, text
    return match[group]


def desk_of(there):
    return open_desk(there.root, at=now())


def invited(there, who, *, roles=("clinical_lead",)):
    with desk_of(there) as desk:
        return inviting.invite(
            desk, who, printed_name="Dr Clara Moss", roles=roles, administrator="ada",
            passphrase=ADA,
        )  # fmt: skip


def led_to(answer):
    """Return the address to which a page of ours leads."""
    assert answer.status_code == 200, answer.text
    address = found(r'content="0; url=([^"]+)"', answer.text, group=1)
    return address.replace("&amp;", "&")


def takes_up(there, token, sub):
    form = there.visitor.form_token("/invitation")
    answer = there.visitor.post("/invitation", data={"invitation": token, "token": form})
    return there.visitor.get(there.person.signs_in(led_to(answer), sub))


def signs_in(there, sub, *, twist="", path="/login/provider"):
    address = there.visitor.get(path).headers["location"]
    return there.visitor.get(there.person.signs_in(address, sub, twist=twist))


def actions(there):
    with desk_of(there) as desk:
        return [(one.action, one.subject) for one in desk.home.ledger.entries(0)]


def test_who_was_invited_takes_it_up_and_signs_in_with_the_same_account(there):
    answer = takes_up(there, invited(there, "clara"), "s-clara")
    assert led_to(answer) == "/"
    page = there.visitor.get("/")
    assert "Dr Clara Moss" in page.text
    # What the provider says of roles gives none: they stand in the store.
    assert "clinical lead" in page.text
    assert "administrator" not in page.text
    there.visitor.cookies.clear()
    assert there.visitor.get("/").status_code == 303
    assert led_to(signs_in(there, "s-clara")) == "/"
    assert "Dr Clara Moss" in there.visitor.get("/").text
    # A role that was taken is gone at the next request.
    with desk_of(there) as desk:
        accounts.grant(desk, "clara", "operator", login="ada", passphrase=ADA)
    assert "operator" in there.visitor.get("/").text
    with desk_of(there) as desk:
        accounts.set_active(desk, "clara", active=False, login="ada", passphrase=ADA)
    assert there.visitor.get("/").status_code == 303
    assert signs_in(there, "s-clara").status_code == 403


def test_an_account_that_nobody_invited_opens_nothing_and_is_noted(there):
    answer = signs_in(there, "s-stranger")
    assert answer.status_code == 403
    assert "attending-session" not in str(answer.headers.get_list("set-cookie"))
    assert ("auth.refused", "unknown") in actions(there)
    # An invitation that is spent, wrong, or another person's account is refused too.
    token = invited(there, "clara")
    takes_up(there, token, "s-clara")
    there.visitor.cookies.clear()
    assert takes_up(there, token, "s-other").status_code == 403
    assert takes_up(there, "wrong", "s-other").status_code == 403
    assert takes_up(there, invited(there, "erik"), "s-clara").status_code == 403
    with desk_of(there) as desk:
        assert {one.person_id for one in desk.home.users.list()} == {"ada", "clara"}


def test_an_administrator_ends_an_account_and_its_sessions(there):
    takes_up(there, invited(there, "clara"), "s-clara")
    assert there.visitor.get("/").status_code == 200
    with desk_of(there) as desk:
        said = {"login": "ada", "passphrase": ADA, "reason": "left"}
        provider_accounts.unlink(desk, "clara", **said)
        with pytest.raises(AttendingError) as gone:
            provider_accounts.unlink(desk, "clara", **said)
        assert gone.value.code == "provider.not_linked"
        with pytest.raises(Denied):
            provider_accounts.unlink(desk, "ada", **said)
    assert there.visitor.get("/").status_code == 303
    assert signs_in(there, "s-clara").status_code == 403


def test_to_sign_the_person_signs_in_anew_and_gets_a_code_for_one_act(there):
    takes_up(there, invited(there, "caro", roles=["compliance_officer"]), "s-caro")
    assert "Sign in anew" in there.visitor.get("/confirm").text
    answer = signs_in(there, "s-caro", path="/confirm/provider")
    code = found(r'<code class="once">(once_[^<]+)</code>', answer.text, group=1)
    with desk_of(there) as desk:
        with pytest.raises(Denied):  # nobody else's, and no session or token
            people.authenticated(desk, "ada", code)
        with pytest.raises(Denied):
            holder(desk, code)
        adopted = policies.adopt(desk, "five-roles", production=False, person="caro",
                                 passphrase=code)  # fmt: skip
        assert adopted.adopted_by == "caro"
        with pytest.raises(Denied) as again:
            policies.adopt(desk, "five-roles", production=False, person="caro", passphrase=code)
        assert again.value.code == "auth.refused"
    late = found(r"once_[^<]+", signs_in(there, "s-caro", path="/confirm/provider").text, group=0)
    with open_desk(there.root, at=now() + timedelta(minutes=6)) as desk, pytest.raises(Denied):
        people.authenticated(desk, "caro", late)


def test_a_code_is_refused_to_who_did_not_sign_in_anew_or_is_somebody_else(there):
    takes_up(there, invited(there, "caro", roles=["compliance_officer"]), "s-caro")
    for twist, code in (
        ("signed in before", "provider.sign_in"),
        ("no sign-in time", "provider.sign_in"),
    ):
        answer = signs_in(there, "s-caro", twist=twist, path="/confirm/provider")
        assert answer.status_code == 403
        assert code in answer.text
        assert "once_" not in answer.text
    takes_up(there, invited(there, "clara"), "s-clara")
    answer = signs_in(there, "s-caro", path="/confirm/provider")
    assert "provider.other_person" in answer.text


TWISTS = (
    "nonce", "no nonce", "audience", "audiences", "issuer", "expired", "no subject", "none",
    "confused", "unknown key",
)  # fmt: skip


@pytest.mark.fault("X15")
def test_x15_an_id_token_with_one_thing_wrong_signs_nobody_in(there):
    takes_up(there, invited(there, "clara"), "s-clara")
    there.visitor.cookies.clear()
    assert led_to(signs_in(there, "s-clara")) == "/"  # the control: a whole token does
    for number, twist in enumerate(TWISTS):
        there.visitor.cookies.clear()
        there.person.cookies.clear()
        object.__setattr__(there.visitor.app.state.site, "throttle", Throttle())  # five a name
        answer = signs_in(there, "s-clara", twist=twist)
        assert (answer.status_code, "provider." in answer.text) == (403, True), twist
        assert there.visitor.get("/").status_code == 303, twist
        assert sum(action == "auth.refused" for action, _ in actions(there)) == number + 1


def test_what_comes_back_counts_once_and_only_in_the_browser_that_began(there, provider):
    takes_up(there, invited(there, "clara"), "s-clara")
    there.visitor.cookies.clear()
    address = there.visitor.get("/login/provider").headers["location"]
    flow = there.visitor.cookies["attending-flow"]
    back = there.person.signs_in(address, "s-clara")
    other = visitor_of(there.house, provider=provider.policy())
    assert "provider.flow" in other.get(back).text  # another browser
    assert "provider.state" in there.visitor.get(back.replace("state=", "state=x")).text
    assert led_to(there.visitor.get(back)) == "/"
    there.visitor.cookies.set("attending-flow", flow)
    again = there.visitor.get(back)
    assert (again.status_code, "provider.replay" in again.text) == (403, True)
    # The code was given out once: in a new flow of ours the provider refuses it too.
    there.visitor.get("/login/provider")
    fresh = there.visitor.get("/login/provider").headers["location"]
    state = found(r"state=([^&]+)", fresh, group=1)
    code = found(r"code=([^&]+)", back, group=1)
    reused = there.visitor.get(f"/login/provider/back?code={code}&state={state}")
    assert "provider.code" in reused.text
    # A code that was begun elsewhere is bound by PKCE to where it was begun.
    stolen = there.person.signs_in(other.get("/login/provider").headers["location"], "s-clara")
    fresh = there.visitor.get("/login/provider").headers["location"]
    state = found(r"state=([^&]+)", fresh, group=1)
    code = found(r"code=([^&]+)", stolen, group=1)
    assert "provider.code" in there.visitor.get(f"{BACK}?code={code}&state={state}").text


def test_a_refusal_at_the_provider_and_another_issuer_are_refused_here(there):
    fresh = there.visitor.get("/login/provider").headers["location"]
    state = found(r"state=([^&]+)", fresh, group=1)
    answer = there.visitor.get(f"{BACK}?error=access_denied&state={state}")
    assert "provider.declined" in answer.text
    fresh = there.visitor.get("/login/provider").headers["location"]
    state = found(r"state=([^&]+)", fresh, group=1)
    answer = there.visitor.get(f"{BACK}?code=x&state={state}&iss=https://other.example")
    assert "provider.issuer" in answer.text
    assert there.visitor.get("/login/provider?next=//evil.example").status_code == 303


def test_without_the_provider_persons_sign_in_with_a_passphrase(there):
    with running() as own:
        visitor = visitor_of(there.house, provider=own.policy())
        back = there.person.signs_in(visitor.get("/login/provider").headers["location"], "s")
        own.stop()
        answer = visitor.get(back)
    assert answer.status_code == 503
    assert "provider.down" in answer.text
    assert "passphrase" in answer.text
    assert visitor.sign_in("ada", ADA).status_code == 303
    assert "Ada Berg" in visitor.get("/").text


def test_the_sign_in_page_offers_the_provider_only_where_one_is_named(there):
    assert "Sign in with Hospital account" in there.visitor.get("/login").text
    alone = visitor_of(there.house)
    assert "Hospital account" not in alone.get("/login").text
    assert alone.get("/login/provider").status_code == 404
    assert alone.get("/login/provider/back").status_code == 404


POLICY = f"""title: Hospital account
issuer: https://login.hospital.example
client_id: attending
secret_file: provider.secret
redirect: https://scores.hospital.example/login/provider/back
authorization: https://login.hospital.example/authorize
token: https://login.hospital.example/token
keys: https://login.hospital.example/keys
algorithms: [RS256]
# {SECRET!r} stands elsewhere
"""


def test_the_policy_file_and_the_secret_beside_it(tmp_path, monkeypatch):
    for name in ("policy", "keys"):
        (tmp_path / name).mkdir(mode=0o700)
    assert provider_policy(tmp_path) is None
    file, key = tmp_path / "policy" / "provider.yaml", tmp_path / "keys" / "provider.secret"
    file.write_text(POLICY)
    key.write_text(f"{SECRET}\n")
    key.chmod(0o644)
    with pytest.raises(BadInput) as refused:
        provider_policy(tmp_path)
    assert refused.value.code == "home.key_rights"
    key.chmod(0o600)
    found = provider_policy(tmp_path)
    assert (found.secret, SECRET in repr(found)) == (SECRET, False)
    file.write_text(POLICY.replace("secret_file: provider.secret", "secret_variable: HOSPITAL_KEY"))
    with pytest.raises(BadInput) as refused:
        provider_policy(tmp_path)
    assert refused.value.code == "provider.secret"
    monkeypatch.setenv("HOSPITAL_KEY", "of the environment")
    assert provider_policy(tmp_path).secret.endswith("environment")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("https://login.hospital.example/token", "http://login.hospital.example/token"),
        ("https://login.hospital.example/keys", "file:///etc/passwd"),
        ("https://login.hospital.example/keys", "https://login.hospital.example@evil.example/"),
        ("login/provider/back", "elsewhere"),
        ("[RS256]", "[HS256]"),
        ("[RS256]", "[none]"),
        ("[RS256]", "[]"),
        ("secret_file: provider.secret\n", ""),
        ("secret_file: provider.secret", "secret_file: ../x"),
        ("client_id: attending", "client_id: attending\nnetworks: [here]"),
    ],
)
def test_a_policy_that_asks_for_less_is_refused(tmp_path, old, new):
    (tmp_path / "policy").mkdir()
    assert old in POLICY
    (tmp_path / "policy" / "provider.yaml").write_text(POLICY.replace(old, new))
    with pytest.raises(BadInput):
        provider_policy(tmp_path)
    assert "HS256" not in str(ProviderSpec.model_json_schema())
