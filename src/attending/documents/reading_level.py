"""How many years of school a text asks for, by the Flesch-Kincaid grade."""

from __future__ import annotations

import re

from attending.errors import BadInput

_WORD = re.compile(r"[A-Za-z]+(?:['\u2019][A-Za-z]+)*|\d+")
_END = re.compile(r"[.!?]+(?=\s|$)")
_VOWELS = re.compile(r"[aeiouy]+")
#: A last e, es or ed is silent, but not after l (people), in -tes or -ded.
_SILENT = re.compile(r"(?:(?<![aeiouyl])e|(?<![aeiouytd])ed|(?<![aeiouyscgzxh])es)$")


def grade(text: str) -> float:
    """Return the Flesch-Kincaid grade of an English text: the school year that reads it with ease.

    Syllables are counted as groups of vowels, a silent last e left out; a number is one syllable.

    Args:
        text: at least one word; sentences end with a full stop, `!` or `?`.

    Raises:
        BadInput: no word.

    References:
        Kincaid et al., Derivation of new readability formulas, 1975, Naval Technical Training
        Command, Research Branch Report 8-75.

    >>> round(grade("The Australian platypus is seemingly a hybrid of a mammal and reptilian"
    ...             " creature."), 1)
    11.3
    """
    words = _WORD.findall(text)
    if not words:
        raise BadInput("got a text without a word", code="reading_level.empty")
    sentences = max(1, len(_END.findall(text)))
    syllables = sum(syllables_of(word) for word in words)
    return 0.39 * len(words) / sentences + 11.8 * syllables / len(words) - 15.59


def syllables_of(word: str) -> int:
    """Return how many syllables a word has, at least one.

    >>> [syllables_of(word) for word in ("the", "people", "called", "creature", "30")]
    [1, 2, 1, 2, 1]
    """
    low = word.lower()
    return max(1, len(_VOWELS.findall(_SILENT.sub("", low))))
