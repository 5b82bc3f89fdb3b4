"""Say in sentences what changed between two runs, and because of what."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.records.run_diff import Cause, Factor, GroupShift, Shares

_BECAUSE: dict[Factor, str] = {
    "population": "the rows changed",
    "label": "the label changed",
    "model": "the model changed",
}
#: Less than this is said to be no part of a change.
_NOTHING = 0.0005
#: A group is told when its share of the rows moved by so much.
TOLD_SHIFT = 0.05
_OF_FACTOR: dict[Factor, tuple[str, ...]] = {
    "population": ("data", "population", "split"),
    "label": ("labels",),
    "model": ("parameters", "features", "seed", "code", "packages", "platform", "data"),
}


def change_sentence(found: Shares) -> str:
    """Return how a measure changed and because of what, the largest part first, with intervals.

    Intervals are of 95 %, and turned as the words are: of a fall, or of what went the other way.

    >>> from attending.records.run_diff import Ends, Shares
    >>> ends = {"change": Ends(low=0.01, high=0.07, draws=500)}
    >>> found = Shares(measure="brier", label_text="Brier", direction="lower", before=0.1,
    ...     after=0.14, change=0.04, population=0.05, label=0.0, model=-0.01, intervals=ends)
    >>> change_sentence(found).split(": ")
    ... # doctest: +NORMALIZE_WHITESPACE
    ['Brier rose by 0.040 (0.010 to 0.070), from 0.100 to 0.140',
     '0.050 because the rows changed, and 0.010 the other way because the model changed.']
    """
    head = found.label_text
    parts = sorted(_parts(found), key=lambda part: -abs(part[1]))
    told = [(name, part) for name, part in parts if abs(part) >= _NOTHING]
    if abs(found.change) < _NOTHING and not told:
        return f"{head} did not change ({found.after:.3f})."
    way = "fell" if found.change < 0 else "rose"
    with_it = [(name, part) for name, part in told if part * found.change > 0]
    against = [(name, part) for name, part in told if part * found.change <= 0]
    words = [f"{_sized(found, name, part)} because {_BECAUSE[name]}" for name, part in with_it]
    words += [
        f"and {_sized(found, name, part)} the other way because {_BECAUSE[name]}"
        for name, part in against
    ]
    size = _sized(found, "change", found.change)
    numbers = f"{size}, from {found.before:.3f} to {found.after:.3f}"
    chance = " The whole change may be chance." if may_be_chance(found) else ""
    return f"{head} {way} by {numbers}: {', '.join(words)}.{chance}"


def may_be_chance(found: Shares) -> bool:
    """Return whether the interval of the whole change holds 0."""
    ends = found.intervals.get("change")
    if ends is None or ends.low is None or ends.high is None:
        return False
    return ends.low <= 0.0 <= ends.high


def _sized(found: Shares, which: str, value: float) -> str:
    """Return how large a part is, with its interval turned to the part's own direction."""
    ends = found.intervals.get(which)
    if ends is None or ends.low is None or ends.high is None:
        return f"{abs(value):.3f}"
    low, high = (ends.low, ends.high) if value >= 0 else (-ends.high, -ends.low)
    return f"{abs(value):.3f} ({low:.3f} to {high:.3f})"


def _parts(found: Shares) -> list[tuple[Factor, float]]:
    return [
        ("population", found.population),
        ("label", found.label),
        ("model", found.model),
    ]


def chief_factors(shown: Sequence[Shares]) -> list[Factor]:
    """Return what brought the change of the first measure that changed, the largest part first.

    A part of less than a tenth of all parts is left out.
    """
    found = next((one for one in shown if abs(one.change) >= _NOTHING), shown[0])
    parts = sorted(_parts(found), key=lambda part: -abs(part[1]))
    least = max(_NOTHING, 0.1 * sum(abs(part) for _, part in parts))
    return [name for name, part in parts if abs(part) >= least]


def cause_sentences(factor: Factor, causes: Sequence[Cause]) -> list[str]:
    """Return what differs that can have brought a factor's part, the nearest cause first.

    >>> from attending.records.run_diff import Cause
    >>> found = Cause(name="labels", differs=True, details=("horizon: was 30d, is 7d",))
    >>> cause_sentences("label", [found])
    ['In labels: horizon: was 30d, is 7d.']
    """
    by_name = {cause.name: cause for cause in causes}
    asked = [by_name[name] for name in _OF_FACTOR[factor] if name in by_name]
    return [f"In {one.name}: {'; '.join(one.details)}." for one in asked if one.differs]


def shift_sentence(shifts: Sequence[GroupShift]) -> str:
    """Return which groups have another share of the rows; empty when none has."""
    told = [
        f"{one.group} went from {one.share_before:.0%} to {one.share_after:.0%}"
        for one in shifts
        if one.share_before is not None
        and one.share_after is not None
        and abs(one.share_after - one.share_before) >= TOLD_SHIFT
    ]
    return f"Among the test rows, {', '.join(told)}." if told else ""
