"""A visitor: a small browser in the same process, for the tests of the pages."""

from __future__ import annotations

import warnings

from attending.web.app import create_app
from tests.web.paper_house import PASSPHRASE

with warnings.catch_warnings():
    # Starlette's client asks for a newer httpx than the lock has; it works with ours.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient as TestClient  # noqa: PLC0414 - for the tests


class Visitor(TestClient):
    """A browser of few words: asks for pages, follows no redirect, sends forms with their token."""

    def sign_in(self, person="ada", passphrase=PASSPHRASE, back="/"):
        return self.post(
            "/login",
            data={
                "person": person,
                "passphrase": passphrase,
                "back": back,
                "token": self.form_token("/login"),
            },
        )

    def form_token(self, path):
        return self.get(path).text.partition('name="token" value="')[2][:64]


def visitor_of(house, **settings):
    app = create_app(house, **settings)
    return Visitor(
        app,
        base_url="http://localhost",
        follow_redirects=False,
        headers={"accept": "text/html"},
        client=("127.0.0.1", 50000),
    )
