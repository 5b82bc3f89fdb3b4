"""The home's seal under every approval, and the history of the keys that sealed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from attending import keys
from attending.errors import BadInput
from attending.lifecycle.desk import keep, keep_in
from attending.lifecycle.people import acting
from attending.records.people import KeyChange, Seal
from attending.stores.bundle import sealed_text as text_of_seal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from attending.lifecycle.desk import Desk
    from attending.records.governance import Approval
    from attending.stores.unit import Unit

_PRIVATE = 0o600


def seal(desk: Desk, unit: Unit, approval: Approval) -> None:
    """Keep the home's signature of an approval, in the unit in which the approval is kept."""
    record = Seal(
        approval=approval.digest,
        public_key=desk.home.public_keys()[0].hex(),
        signature=desk.home.sign(sealed_text(desk, approval.digest)).hex(),
    )
    keep_in(desk, unit, record, action="approval.seal", keys={"approval": approval.digest})


def sealed_text(desk: Desk, approval: str) -> bytes:
    """Return what is sealed for an approval of this home."""
    return text_of_seal(desk.home.settings.home_id, approval)


def seal_fault(desk: Desk, approval: Approval) -> str:
    """Return why the seal of an approval is not good, empty when it is."""
    lines = desk.home.catalog.list(Seal.kind, approval=approval.digest)
    if not lines and _before_seals(desk, approval):
        return ""
    if not lines:
        return "it has no seal of this home"
    return min((_fault(desk, approval, line.digest, seq=line.seq) for line in lines), key=len)


def _before_seals(desk: Desk, approval: Approval) -> bool:
    """Return whether an approval was made by a release that did not seal, before this one did."""
    first = [line.seq for line in desk.home.catalog.list(Seal.kind)]
    made = [
        line.seq
        for line in desk.home.catalog.list(approval.kind, document=approval.document)
        if line.digest == approval.digest
    ]
    return approval.nonce is None and bool(made) and (not first or max(made) < min(first))


def _fault(desk: Desk, approval: Approval, name: str, *, seq: int) -> str:
    found = desk.home.catalog.get(name, Seal)
    public = bytes.fromhex(found.public_key)
    if public not in desk.home.public_keys():
        return "its seal is of a key that this home never had"
    if not keys.verify(public, sealed_text(desk, approval.digest), bytes.fromhex(found.signature)):
        return "its seal is not the signature of its bytes"
    return next(_late(desk, approval, found.public_key, seq=seq), "")


def _late(desk: Desk, approval: Approval, public_key: str, *, seq: int) -> Iterator[str]:
    for line in desk.home.catalog.list(KeyChange.kind, former=public_key):
        change = desk.home.catalog.get(line.digest, KeyChange)
        if seq > line.seq:
            yield "its seal was made after its key was changed"
        if change.compromised_since and approval.signed_at >= change.compromised_since:
            yield "its seal was made when its key was in other hands"


def rotate(
    desk: Desk,
    person: str,
    passphrase: str,
    *,
    reason: str,
    compromised_since: str = "",
    key: bytes | None = None,
) -> KeyChange:
    """Return the change to a new signing key; what was sealed before stays good.

    Args:
        desk: where and when.
        person: who changes it, by login.
        passphrase: given again.
        reason: one sentence.
        compromised_since: since when the former key was in other hands; empty when it was not.
        key: 32 bytes; random when absent.

    Raises:
        Denied: not an operator.
        BadInput: no reason.
    """
    acting(desk, person, passphrase, act="keys")
    if not reason.strip():
        raise BadInput("a change of keys needs a reason", code="key.reason")
    folder = desk.home.folder("keys")
    former = desk.home.public_keys()[0]
    new = key or os.urandom(keys.KEY_BYTES)
    # First the former public key, so that whatever happens next, old seals still verify.
    _write(folder / f"former-{former.hex()[:16]}.pub", former.hex())
    _write(folder / "signing.next", new.hex())
    (folder / "signing.next").replace(folder / "signing.key")
    change = KeyChange.model_validate(
        {
            "former": former.hex(),
            "present": keys.public_key(new).hex(),
            "compromised_since": compromised_since or None,
            "reason": reason.strip(),
            "changed_at": desk.at,
        }
    )
    keep(
        desk,
        change,
        action="key.rotate",
        keys={"former": change.former},
        details={"former": change.former, "present": change.present},
    )
    return change


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text + "\n")
        stream.flush()
        os.fsync(stream.fileno())
