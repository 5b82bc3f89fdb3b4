"""Checkpoints as signed notes; `witnesses.py` keeps them outside the database.

References:
    c2sp.org/signed-note and c2sp.org/tlog-checkpoint; the line `at ...` is an extension line.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import TYPE_CHECKING

from attending import keys
from attending.errors import IntegrityBroken
from attending.records.ledger import Checkpoint
from attending.times import format_instant, parse_instant

if TYPE_CHECKING:
    from collections.abc import Iterable

    from attending.types import Instant

_ED25519 = b"\1"
_DASH = "\u2014"


def origin_of(ledger_id: str) -> str:
    """Return the origin line of a ledger's checkpoints, which is also its key name.

    >>> origin_of("ward")
    'attending/ward'
    """
    return f"attending/{ledger_id}"


def key_id(name: str, public_key: bytes) -> bytes:
    """Return the four bytes by which a signed note names a key."""
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + public_key).digest()[:4]


def verifier_key(name: str, public_key: bytes) -> str:
    """Return a public key as one line: name, key id, base64.

    >>> verifier_key("attending/ward", bytes(32))[:24]
    'attending/ward+7e602e16+'
    """
    body = base64.b64encode(_ED25519 + public_key).decode()
    return f"{name}+{key_id(name, public_key).hex()}+{body}"


def note_body(origin: str, size: int, *, root: bytes, at: Instant) -> str:
    """Return the text that is signed: origin, size, root in base64, and the instant."""
    return f"{origin}\n{size}\n{base64.b64encode(root).decode()}\nat {format_instant(at)}\n"


def to_note(checkpoint: Checkpoint) -> str:
    """Return a checkpoint as a signed note."""
    origin = checkpoint.origin
    root = bytes.fromhex(checkpoint.root)
    body = note_body(origin, checkpoint.size, root=root, at=checkpoint.at)
    signed = key_id(origin, bytes.fromhex(checkpoint.public_key))
    line = base64.b64encode(signed + bytes.fromhex(checkpoint.signature)).decode()
    return f"{body}\n{_DASH} {origin} {line}\n"


def from_note(text: str, *, trusted: Iterable[bytes]) -> Checkpoint:
    """Return the checkpoint that a signed note holds, its signature verified.

    Args:
        text: the note.
        trusted: public keys, the present and the former ones.

    Raises:
        IntegrityBroken: not a checkpoint, an unknown key, or a bad signature.
    """
    try:
        body, signature_line = text.split("\n\n")
        origin, size, root, at = body.split("\n")
        dash, name, encoded = signature_line.removesuffix("\n").split(" ")
        signed = base64.b64decode(encoded, validate=True)
        instant = parse_instant(at.removeprefix("at "))
        found_root = base64.b64decode(root, validate=True)
        shaped = dash == _DASH and name == origin and len(signed) == 68 and len(found_root) == 32
    except (ValueError, binascii.Error):
        shaped = False
    if not shaped or not size.isdecimal():
        refusal = _bad("is not one", "checkpoint.shape")
        raise refusal
    public = next((key for key in trusted if key_id(origin, key) == signed[:4]), None)
    if public is None:
        refusal = _bad("is signed by a key that we do not know", "checkpoint.unknown_key")
        raise refusal
    if not keys.verify(public, f"{body}\n".encode(), signed[4:]):
        refusal = _bad("has a bad signature", "checkpoint.signature")
        raise refusal
    return Checkpoint(
        origin=origin,
        size=int(size),
        root=found_root.hex(),
        at=instant,
        public_key=public.hex(),
        signature=signed[4:].hex(),
    )


def list_signature(home_id: str, public: bytes, signature: bytes) -> bytes:
    """Return the text of the file that holds the signature of a backup's or a bundle's list."""
    return f"{verifier_key(origin_of(home_id), public)} {signature.hex()}\n".encode()


def _bad(what: str, code: str) -> IntegrityBroken:
    return IntegrityBroken(
        f"a checkpoint {what}",
        code=code,
        hint="Compare with the checkpoints that were sent outside.",
    )
