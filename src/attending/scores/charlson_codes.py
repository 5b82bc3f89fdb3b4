"""The Charlson conditions by Quan's code lists, and which of them a patient's codes show.

Codes are upper-case without dots and are matched as prefixes. The ICD-10 list is WHO's, so children
that ICD-10-CM added are taken blindly; ICD-9 codes are never matched with the ICD-10 list.

References:
    Quan et al., Med Care 2005;43:1130 (codes); Quan et al., Am J Epidemiol 2011;173:676 (weights);
    Charlson et al., J Chronic Dis 1987;40:373 (first weights).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from attending.scores.pairs import Pairs, pair, starting

if TYPE_CHECKING:
    import pyarrow as pa

    from attending.types import Mask

ICD9 = "ICD9CM//"
ICD10 = "ICD10CM//"

#: condition -> (ICD-9-CM prefixes, ICD-10 prefixes); `a..b` is every code from a to b.
CONDITIONS: dict[str, tuple[str, str]] = {
    "mi": ("410 412", "I21 I22 I252"),
    "chf": (
        "39891 40201 40211 40291 40401 40403 40411 40413 40491 40493 4254..4259 428",
        "I099 I110 I130 I132 I255 I420 I425..I429 I43 I50 P290",
    ),
    "pvd": (
        "0930 4373 440 441 4431..4439 4471 5571 5579 V434",
        "I70 I71 I731 I738 I739 I771 I790 I792 K551 K558 K559 Z958 Z959",
    ),
    "cevd": ("36234 430..438", "G45 G46 H340 I60..I69"),
    "dementia": ("290 2941 3312", "F00..F03 F051 G30 G311"),
    "cpd": ("4168 4169 490..505 5064 5081 5088", "I278 I279 J40..J47 J60..J67 J684 J701 J703"),
    "rheumd": ("4465 7100..7104 7140..7142 7148 725", "M05 M06 M315 M32..M34 M351 M353 M360"),
    "pud": ("531..534", "K25..K28"),
    "mld": (
        "07022 07023 07032 07033 07044 07054 0706 0709 570 571 5733 5734 5738 5739 V427",
        "B18 K700..K703 K709 K713..K715 K717 K73 K74 K760 K762..K764 K768 K769 Z944",
    ),
    "diab": (
        "2500..2503 2508 2509",
        (
            "E100 E101 E106 E108 E109 E110 E111 E116 E118 E119 E120 E121 E126 E128 E129 E130 E131"
            " E136 E138 E139 E140 E141 E146 E148 E149"
        ),
    ),
    "diabwc": (
        "2504..2507",
        "E102..E105 E107 E112..E115 E117 E122..E125 E127 E132..E135 E137 E142..E145 E147",
    ),
    "hp": ("3341 342 343 3440..3446 3449", "G041 G114 G801 G802 G81 G82 G830..G834 G839"),
    "rend": (
        (
            "40301 40311 40391 40402 40403 40412 40413 40492 40493 582 5830..5837 585 586 5880 V420"
            " V451 V56"
        ),
        "I120 I131 N032..N037 N052..N057 N18 N19 N250 Z490..Z492 Z940 Z992",
    ),
    "canc": (
        "140..172 174..195 200..208 2386",
        "C00..C26 C30..C34 C37..C41 C43 C45..C58 C60..C76 C81..C85 C88 C90..C97",
    ),
    "msld": ("4560..4562 5722..5728", "I850 I859 I864 I982 K704 K711 K721 K729 K765..K767"),
    "metacanc": ("196..199", "C77..C80"),
    "aids": ("042..044", "B20..B22 B24"),
}
WEIGHTS: dict[int, dict[str, int]] = {
    1987: {
        **dict.fromkeys(CONDITIONS, 1),
        **dict.fromkeys(("diabwc", "hp", "rend", "canc"), 2),
        "msld": 3,
        "metacanc": 6,
        "aids": 6,
    },
    2011: {
        **dict.fromkeys(CONDITIONS, 0),
        **dict.fromkeys(("chf", "dementia", "mld", "hp", "canc"), 2),
        **dict.fromkeys(("cpd", "rheumd", "diabwc", "rend"), 1),
        "msld": 4,
        "metacanc": 6,
        "aids": 4,
    },
}
#: The worse of a pair takes the place of the other.
HIERARCHY = (("msld", "mld"), ("diabwc", "diab"), ("metacanc", "canc"))
#: Renal codes of moderate or severe disease: stages 3 to 5, dialysis, transplant. LACE asks; Quan
#: does not part them, and codes without a stage are taken as mild.
SEVERE_RENAL = (
    "40301 40311 40391 40402 40403 40412 40413 40492 40493 5853..5856 V420 V451 V56",
    "I120 I131 N183..N186 Z490..Z492 Z940 Z992",
)


def spread(prefixes: str) -> tuple[str, ...]:
    """Return every prefix that a list with ranges says.

    >>> spread("428 4254..4256 I09")
    ('428', '4254', '4255', '4256', 'I09')
    """
    out: list[str] = []
    for word in prefixes.split():
        low, _, high = word.partition("..")
        if not high:
            out.append(low)
            continue
        letters = low.rstrip("0123456789")
        digits = len(low) - len(letters)
        first, last = int(low[len(letters) :]), int(high[len(letters) :])
        out += [f"{letters}{number:0{digits}d}" for number in range(first, last + 1)]
    return tuple(out)


_LISTS = {name: (spread(nine), spread(ten)) for name, (nine, ten) in CONDITIONS.items()}
_LISTS["rend_severe"] = (spread(SEVERE_RENAL[0]), spread(SEVERE_RENAL[1]))


def conditions_of(code: str) -> set[str]:
    """Return the conditions that one event code shows.

    >>> sorted(conditions_of("ICD10CM//N184")), conditions_of("ICD9CM//V4282")
    (['rend', 'rend_severe'], set())
    """
    if code.startswith(ICD9):
        bare, which = code.removeprefix(ICD9), 0
    elif code.startswith(ICD10):
        bare, which = code.removeprefix(ICD10), 1
    else:
        return set()
    return {name for name, lists in _LISTS.items() if bare.startswith(lists[which])}


def coded_conditions(
    events: pa.Table, rows: pa.Table, *, availability: str
) -> tuple[dict[str, Mask], Mask]:
    """Return for each prediction row which conditions its codes show, and whether it has any code.

    Args:
        events: one shard's events.
        rows: prediction rows.
        availability: `knowable` or `as_coded`.
    """
    coded = starting(events, ICD9, ICD10)
    pairs = pair(coded, rows)
    usable = _usable(pairs, availability=availability)
    codes = pc.dictionary_encode(coded["code"].combine_chunks())
    words = codes.dictionary.to_pylist()
    number = np.asarray(codes.indices.to_numpy(zero_copy_only=False))[pairs.event]
    shown = [conditions_of(word) for word in words]
    found = {}
    for name in _LISTS:
        has = np.array([name in one for one in shown], dtype=np.bool_)
        found[name] = pairs.any(usable & has[number] if len(has) else usable)
    return found, pairs.any(usable)


def _usable(pairs: Pairs, *, availability: str) -> Mask:
    if availability == "knowable":
        visible: Mask = pairs.visible & (pairs.time <= pairs.at)
        return visible
    of_stay = (pairs.event_stay == pairs.stay) & (pairs.stay >= 0)
    usable: Mask = pairs.final & (of_stay | (pairs.time <= pairs.at))
    return usable


def worst_only(found: dict[str, Mask]) -> dict[str, Mask]:
    """Return the conditions with the lesser of each pair taken away where the worse is there.

    >>> yes = np.array([True])
    >>> worst_only({"msld": yes, "mld": yes})["mld"].tolist()
    [False]
    """
    kept = dict(found)
    for worse, lesser in HIERARCHY:
        if worse in kept and lesser in kept:
            kept[lesser] = kept[lesser] & ~kept[worse]
    return kept
