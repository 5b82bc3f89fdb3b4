"""Digests: the name of every record, artifact and file is the SHA-256 of its bytes."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from typing import TYPE_CHECKING, Any

import rfc8785

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_CHUNK_BYTES = 1 << 20
#: The C encoder gives the bytes of RFC 8785 for what `_alike` lets through, at a tenth of the time.
_ENCODER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
)
#: Between these, Python and ECMAScript write a number that is not whole with the same letters.
_SMALLEST, _LARGEST = 1e-4, 1e15
#: How the encoder writes the text that stands for a number below the smallest.
_MARKED = re.compile(r'"\\u0000([-.0-9e]+)\\u0000"')
_TEXT = {str}


def canonical(value: Any) -> bytes:  # noqa: ANN401 - any JSON value
    """Return the canonical JSON of `value`: RFC 8785, its text in Unicode's form NFC.

    RFC 8785 leaves text as it is; a name typed as e and an accent then has another digest than the
    same name typed as one letter. Whoever reads both sees one name, so both have one digest here.

    Raises:
        rfc8785.CanonicalizationError: NaN, infinity, an integer of 2**53 or more, or two keys that
            are one in NFC.

    >>> canonical({"b": 1.0, "a": [True, None]})
    b'{"a":[true,null],"b":1}'
    >>> canonical("e\u0301") == canonical("\u00e9")
    True
    """
    data = _quickly(value) or rfc8785.dumps(value)
    if data.isascii() or unicodedata.is_normalized("NFC", data.decode()):
        return data
    return rfc8785.dumps(composed(value))


def canonical_with(value: Mapping[str, Any], name: str, text: bytes) -> bytes:
    """Return the canonical JSON of an object with one more field, whose canonical JSON is known.

    Args:
        value: the other fields.
        name: of the one more, in letters of ASCII.
        text: its canonical JSON.

    >>> canonical_with({"c": 3, "a": 1}, "b", b"[2]")
    b'{"a":1,"b":[2],"c":3}'
    """
    before = canonical({key: item for key, item in value.items() if key < name})[1:-1]
    after = canonical({key: item for key, item in value.items() if key > name})[1:-1]
    own = canonical(name) + b":" + text
    return b"{" + b",".join(filter(None, (before, own, after))) + b"}"


def _quickly(value: Any) -> bytes | None:  # noqa: ANN401 - any JSON value
    """Return the bytes of RFC 8785, None where the C encoder might write others."""
    small: list[str] = []
    try:
        text = _ENCODER.encode(_alike(value, small))
        if small:
            text, found = _MARKED.subn(r"\1", text)
            if found != len(small):  # a text of the value itself looks like one of ours
                return None
        # Keys are sorted by UTF-16 there and by characters here: alike in the basic plane.
        basic = text.isascii() or len(text.encode("utf-16-le")) == 2 * len(text)
        return text.encode() if basic else None
    except (ValueError, RecursionError):  # what cannot be written is refused by name elsewhere
        return None


def _alike(value: Any, small: list[str]) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value of which both writers make the same text; a whole float is an integer.

    Args:
        value: any JSON value.
        small: takes each number that RFC 8785 alone writes, such as a p value; a text between two
            zero characters stands in its place.

    Raises:
        ValueError: there may be none.
    """
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is dict:
        if set(map(type, value)) - _TEXT:
            raise ValueError("a key that is not text")
        return {
            key: item if type(item) is str or item is None else _alike(item, small)
            for key, item in value.items()
        }
    if kind is list or kind is tuple:
        return [_alike(item, small) for item in value]
    if kind not in {int, float} or not -_LARGEST < value < _LARGEST:
        raise ValueError("a number that is written in another way, or no JSON value")
    if value == int(value):
        return int(value)
    if abs(value) < _SMALLEST:
        small.append(rfc8785.dumps(value).decode())
        return f"\0{small[-1]}\0"
    return value


def composed(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a JSON value with all its text in NFC.

    Raises:
        rfc8785.CanonicalizationError: two keys are one in NFC.

    >>> composed(["e\u0301", 1]) == ["\u00e9", 1]
    True
    """
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, list | tuple):
        return [composed(item) for item in value]
    if not isinstance(value, dict):
        return value
    found = {composed(key): composed(item) for key, item in value.items()}
    if len(found) < len(value):
        raise rfc8785.CanonicalizationError("two keys are one in Unicode's form NFC")
    return found


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
