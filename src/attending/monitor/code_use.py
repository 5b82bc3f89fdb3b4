"""Codes that never came before, and codes that come no more, by vocabulary and site.

A coding system that is switched (ICD-9 to ICD-10), a local code that is given a new number, a feed
that dies for one code alone: counts of all rows look as ever, and what is read from the old codes
is silently missing. So each vocabulary and each code is counted, against what came when the model
was made.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from attending.monitor.data import LOOKS_A_YEAR
from attending.monitor.findings import make
from attending.records.monitoring import Measure
from attending.statistics.special import bdtrc

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from attending.monitor.together import Seen
    from attending.records.monitoring import Finding, Severity
    from attending.specs.monitoring import MonitoringSpec

#: A code is named in a finding when so many patients had it: fewer might tell who they are.
NAMED_FROM = 5
_NAMED = 3
#: New codes are a site's own when it has this share of them.
_LOCAL = 0.9
_DAY = 24 * 3600 * 1_000_000


@dataclass(frozen=True)
class Came:
    """How often one code, or all of a vocabulary, came at one site.

    Attributes:
        then: rows until the model was made, and how many patients they were of.
        week: rows of the newest seven days, and patients.
        day: rows of the newest day, and patients.
        last: when the newest row came, in microseconds.
    """

    then: tuple[int, int] = (0, 0)
    week: tuple[int, int] = (0, 0)
    day: tuple[int, int] = (0, 0)
    last: int = 0


@dataclass(frozen=True)
class CodeUse:
    """What codes came at each site: `codes` by (code, site), `whole` by (vocabulary, site).

    An empty site is all sites together.

    Attributes:
        days: how many days `then` covers.
        until: when the newest row of all came, in microseconds.
    """

    codes: Mapping[tuple[str, str], Came]
    whole: Mapping[tuple[str, str], Came]
    days: float
    until: int


def look_at_codes(spec: MonitoringSpec, use: CodeUse | None) -> Seen:
    """Return the vocabularies in which new codes came, and the codes that come no more.

    New codes are looked for in the newest day, so that a switch is seen on its first day, and in
    the newest week, where a day has few patients. How many would be new anyway is estimated by
    Good and Turing: the share of rows whose code came once. Patients are what is independent, so
    they are what is counted.

    Args:
        spec: the policy; shares of new codes ask for what the same shares of missing values do.
        use: the counts; None where the version has seen no day after it was made.

    References:
        Good, Biometrika 1953;40:237.
    """
    if use is None:
        why = "no day has come since the model was made"
        return (), (Measure(name="new_code_share", state="not_shown", why=why),)
    found = [*_new(spec, use), *_dead(spec, use)]
    everywhere = [(place, one.day[0]) for place, one in use.whole.items() if not place[1]]
    seen = sum(rows for _, rows in everywhere)
    new = sum(_of(use, place, "day")[0] for place, _ in everywhere)
    share = new / seen if seen else None
    measure = Measure(name="new_code_share", value=share, bound=spec.data.missing_act, n=seen)
    return tuple(found), (measure,)


def _new(spec: MonitoringSpec, use: CodeUse) -> Iterator[Finding]:
    """Yield the vocabularies in which more codes are new than chance explains, and where."""
    chance = spec.data.chance / (LOOKS_A_YEAR * max(len(use.whole), 1))
    for vocabulary in sorted({name for name, _ in use.whole}):
        places = {site for name, site in use.whole if name == vocabulary}
        found: dict[str, Finding] = {}
        for site, part in product(sorted(places), ("day", "week")):
            new = _is_new(spec, use, (vocabulary, site), part=part, chance=chance)
            if new and site not in found:
                found[site] = _new_finding(spec, use, (vocabulary, site), part=part)
        yield from _where(use, vocabulary, found)


def _where(use: CodeUse, vocabulary: str, found: dict[str, Finding]) -> Iterator[Finding]:
    """Yield the findings of sites where nearly all new codes came from these, else that of all."""
    alone = [one for site, one in found.items() if site]
    if "" not in found:
        yield from alone
        return
    rows = {site: _of(use, (vocabulary, site), "week")[0] for site in found}
    others = {site for name, site in use.whole if name == vocabulary and site} - set(found)
    local = bool(others) and sum(rows[one.site] for one in alone) >= _LOCAL * rows[""]
    yield from alone if local else [found[""]]


def _is_new(
    spec: MonitoringSpec, use: CodeUse, place: tuple[str, str], *, part: str, chance: float
) -> bool:
    """Return whether new codes are more than the policy allows, and than chance explains."""
    rows, patients = getattr(use.whole[place], part)
    then = use.whole[place].then[0]
    if not then or not rows:
        return False
    share = _of(use, place, part)[0] / rows
    usual = (_came_once(use, place) + 1) / (then + 1)
    unlikely = float(bdtrc(np.ceil(share * patients) - 1, patients, min(usual, 1.0)))
    return share >= spec.data.missing_watch and unlikely < chance


def _of(use: CodeUse, place: tuple[str, str], part: str) -> tuple[int, list[str]]:
    """Return how many rows of a part have a code that never came before, and the usual codes."""
    mine = {
        code: getattr(one, part)
        for (code, site), one in use.codes.items()
        if site == place[1] and _vocabulary(code) == place[0] and not one.then[0]
    }
    many = sorted(mine, key=lambda code: (-mine[code][0], code))
    names = [code for code in many if mine[code][1] >= NAMED_FROM]
    return sum(one[0] for one in mine.values()), names[:_NAMED]


def _came_once(use: CodeUse, place: tuple[str, str]) -> int:
    return sum(
        one.then[0] == 1
        for (code, site), one in use.codes.items()
        if site == place[1] and _vocabulary(code) == place[0]
    )


def _new_finding(
    spec: MonitoringSpec, use: CodeUse, place: tuple[str, str], *, part: str
) -> Finding:
    vocabulary, site = place
    rows, names = _of(use, place, part)
    share = rows / getattr(use.whole[place], part)[0]
    severity: Severity = "act" if share >= spec.data.missing_act else "watch"
    bound = spec.data.missing_act if severity == "act" else spec.data.missing_watch
    such = f" (such as {', '.join(names)})" if names else ""
    made = make(
        spec,
        ("data", severity),
        "new_codes",
        subject=vocabulary,
        figure=(share, bound),
        meaning=f"{share:.0%} of the {vocabulary} codes{such} of the newest {part} were never seen "
        "when the model was made. The coding, or its version, has changed, and the model does not "
        "know what it is told.",
    )
    return made.model_copy(update={"site": site})


def _dead(spec: MonitoringSpec, use: CodeUse) -> Iterator[Finding]:
    """Yield the codes that come no more, those of one vocabulary and site as one finding."""
    every = {**use.codes, **use.whole}
    known = [place for place, one in every.items() if one.then[0]]
    chance = spec.data.chance / (LOOKS_A_YEAR * max(len(known), 1))
    least = -np.log(chance) / spec.data.volume_watch
    silent = {place for place in known if _missed(use, every[place]) > least}
    silent = {(code, site) for code, site in silent if not site or (code, "") not in silent}
    for vocabulary, site in sorted({(_vocabulary(code), site) for code, site in silent}):
        mine = [
            code
            for code, place in sorted(silent)
            if (_vocabulary(code), place) == (vocabulary, site)
        ]
        all_of_it = vocabulary in mine
        codes = [code for code in mine if code != vocabulary]
        first = vocabulary if all_of_it or len(codes) > 1 else codes[0]
        what = f"{len(codes)} codes of {vocabulary}" if first == vocabulary else first
        what = f"All codes of {vocabulary}" if all_of_it else what
        days = (use.until - max(every[code, site].last for code in mine)) / _DAY
        made = make(
            spec,
            ("data", "act"),
            "dead_codes",
            subject=first,
            meaning=f"{what} came no more for {days:.1f} days while others did. Its feed is dead, "
            "or its code is another now; what the model reads from it is missing.",
        )
        yield made.model_copy(update={"site": site, "also": tuple(codes)})


def _missed(use: CodeUse, one: Came) -> float:
    """Return how many patients would have come with a code since it was silent, at its old rate.

    Where more than minus the logarithm of the chance would have, even at the least volume of a
    holiday, chance does not explain that none did.
    """
    return one.then[1] / max(use.days, 1.0) * (use.until - one.last) / _DAY


def _vocabulary(code: str) -> str:
    return code.partition("//")[0]


def summed(parts: Mapping[tuple[str, str], dict[str, Any]]) -> dict[tuple[str, str], Came]:
    """Return counts by code and site, with those of all sites together under an empty one.

    >>> found = summed({("A//1", "N"): {"day": (2, 1), "last": 5}, ("A//1", "S"): {"day": (1, 1)}})
    >>> found["A//1", ""]
    Came(then=(0, 0), week=(0, 0), day=(3, 2), last=5)
    """
    made = {place: Came(**one) for place, one in parts.items()}
    for code, one in [(code, one) for (code, site), one in made.items() if site]:
        before = made.get((code, ""), Came())
        made[code, ""] = Came(
            _both(before.then, one.then),
            _both(before.week, one.week),
            _both(before.day, one.day),
            max(before.last, one.last),
        )
    return made


def _both(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return one[0] + other[0], one[1] + other[1]
