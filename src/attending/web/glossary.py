"""The words of the glossary, which comes along with the program; pages link to them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

from attending.errors import NotFound, did_you_mean

_OTHER = re.compile(r"[^a-z0-9]+")
_HEADS = frozenset({"word", "list"})


@dataclass(frozen=True)
class Word:
    """One word of the house and what it means; `of` is the list that it is chosen from."""

    word: str
    meaning: str
    of: str = ""

    @property
    def place(self) -> str:
        """Return where it stands on the page of the glossary.

        >>> Word("competing event", "").place, Word("silent", "", of="stage").place
        ('competing-event', 'stage-silent')
        """
        return _OTHER.sub("-", f"{self.of} {self.word}".lower()).strip("-")


def read(text: str) -> tuple[Word, ...]:
    r"""Return the words of the tables in a glossary, in the order of the alphabet.

    >>> read("| word | meaning |\n|---|---|\n| event | one row, with two clocks |\n")
    (Word(word='event', meaning='one row, with two clocks', of=''),)
    """
    found = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("| ") and cells[0] not in _HEADS:
            *of, word, meaning = cells
            found.append(Word(word, meaning, *of))
    return tuple(sorted(found, key=lambda one: one.word.lower()))


@cache
def words() -> tuple[Word, ...]:
    """Return every word of the glossary."""
    found = resources.files("attending.web") / "glossary.md"
    return read(found.read_text(encoding="utf-8"))


@cache
def _by_name() -> dict[str, Word]:
    return {f"{one.of}:{one.word}" if one.of else one.word: one for one in words()}


def word_of(name: str) -> Word:
    """Return a word of the glossary; one of a list by list and word, such as `stage:silent`.

    Raises:
        NotFound: it is not there; a page may only use words that are.

    >>> word_of("stage:silent").meaning
    'it scores, and nobody sees it'
    """
    known = _by_name()
    if name not in known:
        raise NotFound(
            f"'{name}' is not in the glossary",
            code="glossary.word",
            hint=did_you_mean(name, list(known)),
        )
    return known[name]
