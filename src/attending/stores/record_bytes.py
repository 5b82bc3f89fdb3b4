"""What the stored bytes of a record say: checked against its name, then made a record of."""

from __future__ import annotations

import json
from typing import TypeVar

from attending.digests import digest_bytes, short
from attending.errors import IntegrityBroken, Refused
from attending.records.base import Record, from_content
from attending.stores.kept import KEPT

R = TypeVar("R", bound=Record)


def checked(digest: str, data: bytes) -> bytes:
    """Return stored bytes that are those of their name.

    Raises:
        IntegrityBroken: they are not.

    >>> checked("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", b"")
    b''
    """
    if digest_bytes(data) != digest:
        raise IntegrityBroken(
            f"record {short(digest)} has other bytes than its name says",
            code="record.changed",
            hint="Run `attending audit verify`; restore it from a backup.",
        )
    return data


def as_record(digest: str, data: bytes, kind: type[R]) -> R:
    """Return the record that stored bytes say, which were checked against their name.

    Raises:
        Refused: another version of attending wrote them.
    """

    def make() -> R:
        try:
            record: R = from_content(kind, json.loads(data))
        except ValueError:
            raise Refused(
                f"record {short(digest)} is in a form that this version of attending does not know",
                code="record.form",
                hint="Read it with the version that wrote it, or a later one.",
            ) from None
        return record

    return KEPT.made(digest, kind, make, size=len(data))
