"""Names of scores and measures as they stand in print: the one list that all papers share."""

from __future__ import annotations

#: Bedside scores, by the word of specs and records; others are written in capitals.
_SCORES = {
    "lace": "LACE",
    "hospital": "HOSPITAL",
    "charlson": "Charlson",
    "elixhauser": "Elixhauser",
    "news2": "NEWS2",
    "mews": "MEWS",
    "cart": "CART",
    "qsofa": "qSOFA",
    "sirs": "SIRS",
    "sofa": "SOFA",
    "saps_i": "SAPS-I",
}
_MEASURES = {
    "auroc": "AUROC",
    "brier": "Brier score",
    "oe": "observed over expected events",
    "observed_expected": "observed / expected",
    "non_events": "non-events",
}
#: Scores whose name is a word of its own, such as a source that is called hospital.
_ALSO_WORDS = frozenset({"hospital", "cart"})


def printed_score(name: str) -> str:
    """Return a bedside score's name as it stands on its form.

    >>> printed_score("lace"), printed_score("qsofa"), printed_score("saps_ii")
    ('LACE', 'qSOFA', 'SAPS-II')
    """
    return _SCORES.get(name) or name.upper().replace("_", "-")


def in_print(name: str) -> str:
    """Return the name of a baseline or a measure as it is printed; a rule keeps its own words.

    >>> in_print("sofa"), in_print("calibration_slope"), in_print("two_visits")
    ('SOFA', 'calibration slope', 'two visits')
    """
    return _SCORES.get(name) or printed_measure(name)


def printed_measure(name: str) -> str:
    """Return the name of a measure as it is printed.

    >>> printed_measure("oe"), printed_measure("alert_rate")
    ('observed over expected events', 'alert rate')
    """
    return _MEASURES.get(name, name.replace("_", " "))


def known(word: str) -> str:
    """Return a score's or a measure's name where a word can be nothing else; none otherwise.

    >>> known("sofa"), known("hospital"), known("auroc")
    ('SOFA', '', 'AUROC')
    """
    return "" if word in _ALSO_WORDS else _SCORES.get(word) or _MEASURES.get(word, "")
