"""The provider's public keys: asked once a minute at most, and kept when it does not answer."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from attending.errors import BadInput, DependencyDown
from attending.web.signed_tokens import key_of, usable_keys
from attending.web.strict_json import strict_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from attending.web.signed_tokens import IssuerKey, Parts

_AGAIN_SECONDS = 60.0


@dataclass
class ProviderKeys:
    """The keys of one provider.

    Args:
        fetch: returns its JWK set, from the one address that the policy names.
        algorithms: by which it may sign.
        clock: seconds that only go up.
    """

    fetch: Callable[[], bytes]
    algorithms: Sequence[str]
    clock: Callable[[], float] = time.monotonic
    _held: tuple[IssuerKey, ...] = ()
    _asked: float | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def key(self, parts: Parts) -> IssuerKey | None:
        """Return the key that a token names, None when the provider has none of that name.

        Raises:
            DependencyDown: no key was ever got.
        """
        with self._lock:
            found = key_of(parts, self._held)
            if found is None and self._may_ask():
                self._ask()
                found = key_of(parts, self._held)
            if not self._held:
                raise DependencyDown(
                    "the keys of the provider cannot be read",
                    code="provider.keys",
                    hint="Sign in with a name and a passphrase, or try again in a minute.",
                )
            return found

    def _may_ask(self) -> bool:
        return self._asked is None or self.clock() - self._asked >= _AGAIN_SECONDS

    def _ask(self) -> None:
        """Take up the present keys; what is held stays when they cannot be had."""
        self._asked = self.clock()
        try:
            said = strict_json(self.fetch())
            self._held = usable_keys(said if isinstance(said, dict) else {}, self.algorithms)
        except (BadInput, DependencyDown):
            return
