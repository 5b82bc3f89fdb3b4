"""A model bundle checked offline: the archive to the byte, the signed list, every file.

`govern/model_bundle_verifier.py` does the same by other means, with the standard library alone.
"""

from __future__ import annotations

import base64
import hmac
import json
from typing import TYPE_CHECKING, NamedTuple

from attending import keys
from attending.digests import digest_bytes
from attending.errors import BadInput, IntegrityBroken
from attending.records.base import from_content
from attending.records.carried import ModelBundle
from attending.stores.bundle_files import read_archive
from attending.stores.checkpoints import list_signature

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LIST, SIGNATURE, KEYS = "list.json", "list.sig", "keys.txt"
RUN, MODEL, SPECS, DOCUMENTS, RECORDS = "run.json", "model/", "specs/", "documents/", "records/"


class Opened(NamedTuple):
    """A bundle that is whole: its list, its files, and the key that signed it."""

    listed: ModelBundle
    files: Mapping[str, bytes]
    key: bytes


def open_model_bundle(path: Path, *, held: Path | None = None) -> Opened:
    """Return a bundle, once every byte of it is what was signed.

    Args:
        path: of the bundle.
        held: a file of keys that the reader got elsewhere.

    Raises:
        BadInput: there is no such file.
        IntegrityBroken: a byte was changed, or another key signed it than one that is held.
    """
    files = read_archive(path)
    try:
        content = files[LIST]
        listed: ModelBundle = from_content(ModelBundle, json.loads(content))
        signature = bytes.fromhex(files[SIGNATURE].decode("ascii").split()[-1])
        public = _public_keys(files[KEYS])
    except (KeyError, ValueError, IndexError):
        refusal = _broken("its list, its signature or its keys cannot be read")
        raise refusal from None
    good = [key for key in public if keys.verify(key, content, signature)]
    told = list_signature(listed.home_id, good[0], signature) if good else b""
    if not good or not hmac.compare_digest(files[SIGNATURE], told):
        refusal = _broken("its list is not one that its keys signed")
        raise refusal
    mine = {one: digest_bytes(data) for one, data in files.items() if one not in {LIST, SIGNATURE}}
    if mine != listed.files:
        wrong = sorted({*mine.items()} ^ {*listed.files.items()})
        refusal = _broken(f"{wrong[0][0]} is not what the list says")
        raise refusal
    if held is not None and good[0] not in _held_keys(held):
        refusal = _broken("its list is signed by a key that you do not hold", code="bundle.key")
        raise refusal
    return Opened(listed, files, good[0])


def _held_keys(path: Path) -> tuple[bytes, ...]:
    if not path.is_file():
        raise BadInput("there is no such file of keys", code="bundle.keys", where=str(path))
    try:
        return _public_keys(path.read_bytes())
    except (ValueError, IndexError):
        raise BadInput(
            "a line of the keys is no key", code="bundle.keys", where=str(path)
        ) from None


def _public_keys(data: bytes) -> tuple[bytes, ...]:
    lines = data.decode("ascii").splitlines()
    return tuple(base64.b64decode(line.split("+", 2)[2], validate=True)[1:] for line in lines)


def _broken(what: str, code: str = "bundle.changed") -> IntegrityBroken:
    return IntegrityBroken(
        f"the model bundle is not as it was made: {what}",
        code=code,
        hint="Do not use it; ask the other hospital for another copy and for its keys.",
    )
