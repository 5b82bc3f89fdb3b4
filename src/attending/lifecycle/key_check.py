"""Whether the keys of a home do their work: a service that cannot sign or name is not ready."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending import keys
from attending.errors import IntegrityBroken

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk

_TRIED = b"attending readiness\n"


def check_keys_work(desk: Desk) -> None:
    """Read the key of pseudonyms and make a signature that its own public key accepts.

    Raises:
        BadInput: a key is missing, is not one, or others can reach it.
        IntegrityBroken: the signature is not good.
    """
    desk.home.pseudonym_key()
    made = desk.home.sign(_TRIED)
    if not keys.verify(desk.home.public_keys()[0], _TRIED, made):
        raise IntegrityBroken("the home's signature does not hold", code="home.key")
