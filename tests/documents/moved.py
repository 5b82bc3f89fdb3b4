"""Move every figure of a record, so that what a page still says unmoved has no record behind it."""

from __future__ import annotations

import difflib
import html
import re
from typing import TYPE_CHECKING

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What figures are multiplied by, one after the other.
_WITHIN = (0.871, 0.937)
_MORE = 37


def moved(held, within):
    """Return a record, or what stands in one, with other figures and the same words.

    Args:
        held: the record.
        within: what each share and measure is multiplied by.
    """
    if isinstance(held, BaseModel):
        fields = {name: moved(getattr(held, name), within) for name in type(held).model_fields}
        return held.model_copy(update=fields)
    if isinstance(held, bool):
        return held
    if isinstance(held, int):
        return held + _MORE if held else held
    if isinstance(held, float):
        return held * within if held else 1.0 - within
    if isinstance(held, tuple | list):
        return type(held)(moved(one, within) for one in held)
    if isinstance(held, dict):
        return {key: moved(one, within) for key, one in held.items()}
    return held


def unmoved(page, held) -> set[str]:
    """Return the sentences of a page with a number that did not move and is in no record's words.

    The figures are moved twice: a cell that has by chance what stood in it before has it once.

    Args:
        page: makes it from the records.
        held: the records.
    """
    words, said = digits_of(*held), sentences(page(*held))
    sides = [_still(said, page(*(moved(one, by) for one in held))) for by in _WITHIN]
    still = [piece for piece, *both in zip(said, *sides, strict=True) if all(both)]
    return {piece for piece in still if any(number not in words for number in numbers(piece))}


def _still(said: list[str], after: bytes) -> list[bool]:
    """Return for each sentence whether it stands in the other page at its place."""
    blocks = difflib.SequenceMatcher(None, said, sentences(after), autojunk=False)
    found = [False] * len(said)
    for at, _, size in blocks.get_matching_blocks():
        found[at : at + size] = [True] * size
    return found


def numbers(piece: str) -> list[str]:
    """Return the numbers of a sentence.

    >>> numbers("AUROC 0.74 of 1,204 patients")
    ['0.74', '1,204']
    """
    return re.findall(r"(?<![\w.])\d+(?:,\d{3})*(?:\.\d+)?(?!\w)", piece)


def digits_of(*held) -> set[str]:
    """Return the digits of all texts and instants, which are words; a digest has none.

    >>> sorted(digits_of(["30 days", "0a1b2c3d4e5f60", "2026-03-02"]))
    ['02', '03', '2026', '30']
    """
    texts = " ".join(text for one in held for text in _texts(one))
    return set(re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?", re.sub(r"\b[0-9a-f]{12,}\b", "", texts)))


def _texts(held) -> Iterator[str]:
    if isinstance(held, BaseModel):
        for name in type(held).model_fields:
            yield from _texts(getattr(held, name))
    elif isinstance(held, tuple | list):
        for one in held:
            yield from _texts(one)
    elif isinstance(held, dict):
        for key, one in held.items():
            yield str(key)
            yield from _texts(one)
    elif held is not None and not isinstance(held, bool | int | float):
        yield str(held)


def sentences(page: bytes) -> list[str]:
    """Return what a reader reads, piece by piece, without markup and digests."""
    body = page.decode().partition("</style>")[2]
    body = re.sub(r'<img[^>]*alt="([^"]*)"[^>]*>', r"\1", body)
    body = re.sub(r"<code>.*?</code>", "", body, flags=re.DOTALL)
    pieces = re.split(r"<[^>]+>", body)
    return [html.unescape(piece).strip() for piece in pieces if piece.strip()]
