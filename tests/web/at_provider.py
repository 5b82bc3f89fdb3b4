"""A provider in a process of its own, and a browser that goes back and forth."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx2

from attending.lifecycle.provider import ProviderPolicy
from attending.specs.provider import ProviderSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

BACK = "http://localhost/login/provider/back"
SECRET = "a secret of the client"  # noqa: S105 - of a provider in a test
ROOT = Path(__file__).parents[2]


@dataclass
class Running:
    """The process, and where it answers."""

    process: subprocess.Popen[str]
    address: str
    back: str = BACK

    def spec(self, **change: Any) -> ProviderSpec:
        said = {
            "title": "Hospital account",
            "issuer": self.address,
            "client_id": "attending",
            "secret_file": "provider.secret",
            "redirect": self.back,
            "authorization": f"{self.address}/authorize",
            "token": f"{self.address}/token",
            "keys": f"{self.address}/keys",
            "algorithms": ["RS256", "ES384"],
        }
        return ProviderSpec.model_validate(said | change)

    def policy(self, **change: Any) -> ProviderPolicy:
        return ProviderPolicy(self.spec(**change), SECRET)

    def asked(self) -> dict[str, int]:
        found: dict[str, int] = httpx2.get(f"{self.address}/asked").json()
        return found

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=60)


@contextmanager
def running(back: str = BACK) -> Iterator[Running]:
    """Give a provider that runs; it is ended afterwards."""
    command = [sys.executable, "-m", "tests.web.provider_server", back, SECRET]
    with subprocess.Popen(
        command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            port = process.stdout.readline().strip()
            assert port.isdigit()
            yield Running(process, f"http://127.0.0.1:{port}", back)
        finally:
            process.terminate()


class Person(httpx2.Client):
    """A person's browser at the provider, with the session that it has there."""

    def signs_in(self, address: str, sub: str, *, twist: str = "") -> str:
        """Return the path and query with which the provider sends the browser back."""
        answer = self.get(address)
        if answer.status_code == 200:
            answer = self.post(address, data={"sub": sub, "twist": twist})
        assert answer.status_code == 302, answer.text
        back = urlsplit(answer.headers["location"])
        return f"{back.path}?{back.query}"
