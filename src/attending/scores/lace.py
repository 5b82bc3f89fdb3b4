"""LACE: length of stay, acute admission, comorbidity, emergency visits; 0 to 19 at discharge.

References:
    van Walraven et al., CMAJ 2010;182:551.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput
from attending.records.events import ADMISSION, DISCHARGE
from attending.scores.about import About
from attending.scores.charlson import HIERARCHY
from attending.scores.coded import VOCABULARIES, coded_classes, worst_only
from attending.scores.evidence import Evidence, newer, of_pairs, of_rows
from attending.scores.packaged import code_list
from attending.scores.pairs import pair, starting
from attending.scores.protocol import Setting, settle, table
from attending.scores.stay import (
    ELECTIVE,
    TYPE,
    acute,
    checked_zone,
    nights,
    unknown_start,
    words_of,
)
from attending.times import DAY, HOUR

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from attending.scores.pairs import Pairs
    from attending.types import Floats, Ints, Mask, Risks

#: chf_points: 2 as the published form has it; some calculators take 1.
#: elective: admission types that are not acute, parted by commas.
#: ed_recorded: false where the data hold no emergency visits, which are then missing.
#: zone: the time zone whose midnights count the length of stay.
DEFAULTS: dict[str, Setting] = {
    "availability": "knowable",
    "policy": "normal",
    "chf_points": 2,
    "elective": ELECTIVE,
    "ed_recorded": True,
    "zone": "UTC",
}
_ED = "ED"
#: Six months before admission, in days.
LOOK_BACK = 183 * DAY
#: An emergency visit that ends this close to admission is the one that led to it.
_LEADS_AFTER_DISCHARGE = 6 * HOUR
#: The same for a visit whose end is not known: counted from its start.
_LEADS_AFTER_ARRIVAL = 24 * HOUR

#: Points of comorbidities that are neither liver nor kidney disease.
_POINTS = {
    "mi": 1,
    "cevd": 1,
    "pvd": 1,
    "diab": 1,
    "diabwc": 2,
    "cpd": 2,
    "canc": 2,
    "dementia": 3,
    "rheumd": 3,
    "aids": 4,
    "metacanc": 6,
}
_STAY_EDGES = np.array([1, 2, 3, 4, 7, 14])
_STAY_POINTS = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 7.0])
ABOUT = About(
    version="LACE-2010",
    title="Death or unplanned readmission within 30 days of discharge",
    population="4,812 medical and surgical adults discharged to the community from 11 hospitals "
    "in Ontario; 8.0 % died or came back unplanned within 30 days",
    reference="van Walraven et al., CMAJ 2010;182:551, doi:10.1503/cmaj.091117",
    low=0,
    high=19,
    points={
        "stay": "nights: 0: 0; 1: 1; 2: 2; 3: 3; 4 to 6: 4; 7 to 13: 5; ≥14: 7",
        "acute": "acute admission: 3",
        "comorbidity": "LACE's own sum of Charlson conditions: 0 to 3: itself; ≥4: 5",
        "emergency": "emergency visits in the six months before: their number, at most 4",
    },
    notes=(
        "High risk is usually 10 or more.",
        "Heart failure has 2 points as the form has it; `chf_points: 1` for sites that take 1.",
        "The emergency visit that led to the stay does not count.",
    ),
)


@dataclass(frozen=True)
class Lace:
    """LACE with its parameters."""

    availability: str
    policy: str
    chf_points: int
    elective: tuple[str, ...]
    ed_recorded: bool
    zone: str

    @property
    def name(self) -> str:
        """Return its name and version."""
        return f"{ABOUT.version} ({self.availability.replace('_', ' ')})"

    @property
    def about(self) -> About:
        """Return what it says of itself."""
        return ABOUT

    @property
    def by_availability(self) -> bool:
        """Return true: it takes coded diagnoses."""
        return True

    @property
    def codes(self) -> tuple[str, ...]:
        """Return the event codes that it needs."""
        visits = (f"{ADMISSION}{_ED}", f"{DISCHARGE}{_ED}")
        return (*(f"{one}*" for one in VOCABULARIES), f"{TYPE}*", *visits)

    @property
    def components(self) -> tuple[str, ...]:
        """Return the four parts."""
        return ("stay", "acute", "comorbidity", "emergency")

    def score(self, events: pa.Table, rows: pa.Table) -> pa.Table:
        """Return totals and points; what has no visible input is marked as missing."""
        urgent, untyped, typed = acute(events, rows, elective=self.elective)
        weight, uncoded, coded = self._comorbidity(events, rows)
        visits, visited = _visits(events, rows)
        began = of_rows(rows, "index_start")
        points = {
            "stay": stay_points(nights(rows, zone=self.zone)),
            "acute": np.where(urgent, 3.0, 0.0),
            "comorbidity": comorbidity_points(weight),
            "emergency": visit_points(visits) * self.ed_recorded,
        }
        missing = {
            "stay": unknown_start(rows),
            "acute": untyped,
            "comorbidity": uncoded,
            "emergency": unknown_start(rows) | (not self.ed_recorded),
        }
        evidence = {"stay": began, "acute": typed, "comorbidity": coded, "emergency": visited}
        return table(rows, points, missing=missing, evidence=evidence, policy=self.policy)

    def expected_risk(self, total: Floats) -> Risks:
        """Return the risk of death or unplanned readmission within 30 days.

        A line on the log-odds through the published ends, 2.0 % at 0 and 43.7 % at 19.

        >>> make({}).expected_risk(np.array([0.0, 10.0, 19.0])).round(3).tolist()
        [0.02, 0.122, 0.437]
        """
        return np.asarray(1.0 / (1.0 + np.exp(3.8918 - 0.1915 * total)))

    def _comorbidity(self, events: pa.Table, rows: pa.Table) -> tuple[Floats, Mask, Evidence]:
        lists = [code_list("charlson"), code_list("renal_severe")]
        coded = coded_classes(events, rows, lists, availability=self.availability)
        shown = coded.shown
        kept = worst_only(shown, HIERARCHY)
        weight = np.zeros(rows.num_rows)
        for name, points in {**_POINTS, "chf": self.chf_points}.items():
            weight += kept[name] * points
        severe = shown["msld"] | shown["rend_severe"]
        mild = shown["mld"] | shown["rend"]
        weight += np.where(severe, 4.0, np.where(mild, 2.0, 0.0))
        counted = (*_POINTS, "chf", "msld", "rend_severe", "mld", "rend")
        return weight, ~coded.any_code, newer([coded.evidence[name] for name in counted])


def make(parameters: Mapping[str, Setting]) -> Lace:
    """Return LACE with its parameters; DEFAULTS names them.

    Raises:
        BadInput: an unknown parameter, value or time zone.

    >>> make({"availability": "as_coded"}).name
    'LACE-2010 (as coded)'
    """
    asked = settle(parameters, DEFAULTS, score="lace")
    if asked["chf_points"] not in {1, 2}:
        raise BadInput(
            f"got chf_points {asked['chf_points']}, expected 1 or 2",
            code="score.parameter",
            hint="Write chf_points: 2.",
        )
    return Lace(
        availability=str(asked["availability"]),
        policy=str(asked["policy"]),
        chf_points=int(asked["chf_points"]),
        elective=words_of(str(asked["elective"])),
        ed_recorded=bool(asked["ed_recorded"]),
        zone=checked_zone(str(asked["zone"])),
    )


def stay_points(days: Ints) -> Floats:
    """Return the points for a length of stay in nights.

    >>> stay_points(np.array([0, 3, 4, 6, 7, 13, 14])).tolist()
    [0.0, 3.0, 4.0, 4.0, 5.0, 5.0, 7.0]
    """
    return _STAY_POINTS[np.searchsorted(_STAY_EDGES, days, side="right")]


def comorbidity_points(weight: Floats) -> Floats:
    """Return the points for the sum of comorbidity weights: itself to 3, then 5.

    >>> comorbidity_points(np.array([0.0, 3.0, 4.0, 9.0])).tolist()
    [0.0, 3.0, 5.0, 5.0]
    """
    return np.where(weight >= 4, 5.0, weight)


def visit_points(visits: Ints) -> Floats:
    """Return the points for emergency visits: their number, at most 4.

    >>> visit_points(np.array([0, 3, 4, 9])).tolist()
    [0.0, 3.0, 4.0, 4.0]
    """
    return np.minimum(visits, 4).astype(np.float64)


def _visits(events: pa.Table, rows: pa.Table) -> tuple[Ints, Evidence]:
    """Return emergency visits in the six months before admission, without the one that led to it.

    The newest of them comes with their number. Of a corrected row one version alone is visible, so
    that a visit counts once.
    """
    came = starting(events, f"{ADMISSION}{_ED}")
    arrivals = pair(came, rows)
    ends = pair(starting(events, f"{DISCHARGE}{_ED}"), rows)
    recent = (arrivals.time >= arrivals.start - LOOK_BACK) & (arrivals.time < arrivals.start)
    own = (arrivals.event_stay == arrivals.stay) & (arrivals.stay >= 0)
    counted = arrivals.visible & recent & ~own & ~_led_here(arrivals, ends)
    return arrivals.count(counted), of_pairs(arrivals, counted, came)


def _led_here(arrivals: Pairs, ends: Pairs) -> Mask:
    """Return which arrivals belong to the visit that ended in the index admission."""
    stays = np.unique(np.concatenate([arrivals.event_stay, ends.event_stay]))
    arrived = arrivals.row * len(stays) + np.searchsorted(stays, arrivals.event_stay)
    ended = ends.row * len(stays) + np.searchsorted(stays, ends.event_stay)
    seen = ends.visible & (ends.event_stay >= 0)
    late = seen & (ends.time >= ends.start - _LEADS_AFTER_DISCHARGE)
    by_end = np.isin(arrived, ended[late])
    by_arrival = arrivals.time >= arrivals.start - _LEADS_AFTER_ARRIVAL
    return np.where(np.isin(arrived, ended[seen]), by_end, by_arrival)
