"""An OpenID Connect provider in a process of its own, made of Authlib's server side.

It wants PKCE, a known redirect and the client's secret, gives each code once, and on demand gives
ID tokens with one thing wrong. `python -m tests.web.provider_server REDIRECT SECRET` prints
its port.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import ClientMixin, grants
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import AuthorizationCodeMixin, OpenIDCode, UserInfo
from flask import Flask, jsonify, redirect, request, session
from joserfc import jwt
from werkzeug.serving import make_server

from tests.attacks.forged import KEYS, PUBLIC, shared, signed, unsigned

FORM = "<form method=post><input name=sub><input name=twist><button>Sign in</button></form>"
CODES: dict[str, Code] = {}
ASKED = {"keys": 0, "token": 0}


@dataclass
class User:
    sub: str

    def get_user_id(self):
        return self.sub


class Client(ClientMixin):  # type: ignore[misc] # Authlib tells no types
    client_id = "attending"

    def __init__(self, redirect_uri, secret):
        self.redirect_uri, self.secret = redirect_uri, secret

    def get_client_id(self):
        return self.client_id

    def get_default_redirect_uri(self):
        return self.redirect_uri

    def get_allowed_scope(self, scope):
        return " ".join(one for one in scope.split() if one == "openid")

    def check_redirect_uri(self, redirect_uri):
        return redirect_uri == self.redirect_uri

    def check_client_secret(self, client_secret):
        return client_secret == self.secret

    def check_endpoint_auth_method(self, method, endpoint):
        return method == "client_secret_basic"

    def check_response_type(self, response_type):
        return response_type == "code"

    def check_grant_type(self, grant_type):
        return grant_type == "authorization_code"


@dataclass
class Code(AuthorizationCodeMixin):  # type: ignore[misc] # Authlib tells no types
    """One code: whose it is, for what it was asked, and what is wrong with its token."""

    code: str
    sub: str
    redirect_uri: str
    nonce: str
    code_challenge: str
    code_challenge_method: str
    auth_time: int
    twist: str

    def get_redirect_uri(self):
        return self.redirect_uri

    def get_scope(self):
        return "openid"

    def get_nonce(self):
        return self.nonce

    def get_auth_time(self):
        return self.auth_time

    def get_acr(self):
        return None

    def get_amr(self):
        return None


class Grant(grants.AuthorizationCodeGrant):  # type: ignore[misc] # Authlib tells no types
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic",)

    def save_authorization_code(self, code, request):
        asked = request.payload.data
        CODES[code] = Code(
            code,
            request.user.sub,
            asked["redirect_uri"],
            asked.get("nonce", ""),
            asked.get("code_challenge", ""),
            asked.get("code_challenge_method", ""),
            session["auth_time"],
            session.pop("twist", ""),
        )

    def query_authorization_code(self, code, client):
        return CODES.get(code)

    def delete_authorization_code(self, authorization_code):
        CODES.pop(authorization_code.code)

    def authenticate_user(self, authorization_code):
        return User(authorization_code.sub)


class IdTokens(OpenIDCode):  # type: ignore[misc] # as above
    """Signs ID tokens; a code with a twist gets one that is wrong in one thing."""

    def exists_nonce(self, nonce, request):
        return any(one.nonce == nonce for one in CODES.values())

    def resolve_client_private_key(self, client):
        return KEYS["RS256"]

    def get_client_algorithm(self, client):
        return "RS256"

    def get_client_claims(self, client):
        return {"iss": request.host_url.rstrip("/"), "aud": client.client_id}

    def get_encode_header(self, client):
        return {"alg": "RS256", "kid": "two"}

    def generate_user_info(self, user, scope):
        # A provider may say anything of roles; nobody here may listen.
        return UserInfo(sub=user.sub, roles=["administrator"], groups=["clinical_lead"])

    def encode_id_token(self, token, request):
        text = super().encode_id_token(token, request)
        claims = jwt.decode(text, KEYS["RS256"], algorithms=["RS256"]).claims
        return twisted(text, claims, request.authorization_code.twist)


def twisted(text: str, claims: dict[str, Any], twist: str) -> str:
    """Return an ID token, wrong in one thing where there is a twist."""
    now = int(time.time())
    changes: dict[str, dict[str, Any]] = {
        "nonce": {"nonce": "another"},
        "no nonce": {"nonce": None},
        "audience": {"aud": "another-client"},
        "audiences": {"aud": ["attending", "another-client"]},
        "issuer": {"iss": "https://other.example"},
        "expired": {"iat": now - 4000, "exp": now - 3000},
        "signed in before": {"auth_time": now - 3600},
        "no sign-in time": {"auth_time": None},
        "no subject": {"sub": None},
    }
    if twist == "none":
        return unsigned(claims, "none")
    if twist == "confused":
        return shared(claims, KEYS["RS256"].as_pem(private=False))
    if twist == "unknown key":
        return signed(claims, alg="RS256", kid="three")
    if twist in changes:
        said = {n: v for n, v in (claims | changes[twist]).items() if v is not None}
        return signed(said, alg="RS256")
    return text


def make(redirect_uri: str, secret: str) -> Flask:
    app = Flask(__name__)
    app.secret_key = os.urandom(16)
    client = Client(redirect_uri, secret)
    server = AuthorizationServer(
        app,
        query_client=lambda name: client if name == client.client_id else None,
        save_token=lambda token, request: None,
    )
    server.register_grant(Grant, [IdTokens(require_nonce=True), CodeChallenge(required=True)])

    @app.route("/authorize", methods=["GET", "POST"])
    def authorize():
        try:
            grant = server.get_consent_grant(end_user=None)
        except OAuth2Error as error:
            return error.error, 400
        if request.method == "POST":
            session.update(sub=request.form["sub"], auth_time=int(time.time()))
            session["twist"] = request.form.get("twist", "")
        elif "sub" not in session or request.args.get("prompt") == "login":
            return FORM
        user = User(session["sub"])
        return server.create_authorization_response(grant_user=user, grant=grant)

    @app.post("/token")
    def token():
        ASKED["token"] += 1
        return server.create_token_response()

    @app.get("/keys")
    def keys():
        ASKED["keys"] += 1
        return jsonify(PUBLIC)

    @app.get("/asked")
    def asked():
        return jsonify(ASKED)

    @app.get("/elsewhere")
    def elsewhere():
        return redirect("http://169.254.169.254/latest/meta-data/")

    return app


def main() -> None:
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
    server = make_server("127.0.0.1", 0, make(sys.argv[1], sys.argv[2]), threaded=True)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
