"""Digests: the name of every record, artifact and file is the SHA-256 of its bytes."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import rfc8785

if TYPE_CHECKING:
    from pathlib import Path

_CHUNK_BYTES = 1 << 20


def canonical(value: Any) -> bytes:  # noqa: ANN401 - any JSON value
    """Return the RFC 8785 canonical JSON of `value`.

    Raises:
        rfc8785.CanonicalizationError: NaN, infinity, or an integer of 2**53 or more.

    >>> canonical({"b": 1.0, "a": [True, None]})
    b'{"a":[true,null],"b":1}'
    """
    return rfc8785.dumps(value)


def digest_bytes(data: bytes) -> str:
    """Return the SHA-256 of `data` in lower-case hexadecimal.

    >>> digest_bytes(b"")[:16]
    'e3b0c44298fc1c14'
    """
    return hashlib.sha256(data).hexdigest()


def digest_of(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Return the digest of the canonical JSON of `value`.

    >>> digest_of({"b": 1, "a": 2}) == digest_of({"a": 2, "b": 1.0})
    True
    """
    return digest_bytes(canonical(value))


def digest_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, read in chunks of 1 MiB."""
    running = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            running.update(chunk)
    return running.hexdigest()


def short(digest: str) -> str:
    """Return the first 12 characters of a digest, as people read them.

    >>> short("e3b0c44298fc1c149afbf4c8996fb924")
    'e3b0c44298fc'
    """
    return digest[:12]


def digests_in(content: object) -> set[str]:
    """Return every text in a JSON value that is as long as a digest.

    >>> sorted(len(one) for one in digests_in({"run": "a" * 64, "of": ["b" * 64, 3, "short"]}))
    [64, 64]
    """
    if isinstance(content, dict):
        return set().union(*map(digests_in, content.values()))
    if isinstance(content, list):
        return set().union(*map(digests_in, content))
    return {content} if isinstance(content, str) and len(content) == 64 else set()
