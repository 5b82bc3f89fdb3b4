"""The rows and faults that tests may name: 138 requirements, 143 faults."""

from __future__ import annotations

_REQUIREMENTS = {
    "A": 11,
    "B": 12,
    "C": 11,
    "D": 8,
    "E": 20,
    "F": 13,
    "G": 16,
    "H": 17,
    "I": 7,
    "J": 18,
    "K": 5,
}
_FAULTS = {
    "D": range(1, 33),
    "P": range(1, 22),
    "S": range(1, 26),
    "G": range(1, 25),
    "X": (*range(1, 33), *range(40, 49)),
}

REQUIREMENTS = [
    f"{letter}{number}" for letter, count in _REQUIREMENTS.items() for number in range(1, count + 1)
]
FAULTS = [f"{letter}{number:02d}" for letter, numbers in _FAULTS.items() for number in numbers]
