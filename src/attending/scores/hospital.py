"""HOSPITAL: seven facts at discharge that foretell a potentially avoidable readmission; 0 to 13.

References:
    Donzé et al., JAMA Intern Med 2013;173:632 (derivation); 2016;176:496 (validation in nine
    hospitals); Aubert et al., BMJ Qual Saf 2017;26:799 (simplified).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.errors import BadInput
from attending.records.events import ADMISSION
from attending.scores.about import About, Bands
from attending.scores.coded import VOCABULARIES, coded_classes
from attending.scores.evidence import Evidence, newer, of_events, of_pairs, of_rows
from attending.scores.packaged import code_list
from attending.scores.pairs import pair, starting
from attending.scores.protocol import Setting, settle, table
from attending.scores.readings import Source, codes_asked, signal_asked
from attending.scores.stay import (
    ELECTIVE,
    TYPE,
    acute,
    checked_zone,
    nights,
    unknown_start,
    words_of,
)
from attending.times import DAY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attending.scores.pairs import Pairs
    from attending.specs.signals import SignalSpec
    from attending.types import Floats, Mask

#: variant: 2013, 2016 or simplified; they differ in the admissions before, and in what cancer is.
#: oncology: event codes of a service, parted by commas; admissions: classes of stays that count.
#: admissions_recorded: false where earlier stays are not in the data, which are then missing.
DEFAULTS: dict[str, Setting] = {
    "variant": "2016",
    "availability": "knowable",
    "policy": "normal",
    "elective": ELECTIVE,
    "oncology": "SERVICE//OMED",
    "admissions": "INPATIENT",
    "admissions_recorded": True,
    "zone": "UTC",
    "haemoglobin": "",
    "sodium": "",
}
_SERVICE = "SERVICE//"
_PROCEDURES = ("ICD9PROC//", "ICD10PCS//")
_YEAR = 365 * DAY
_BEFORE = {
    "2013": Bands((1, 6), (0.0, 2.0, 5.0)),
    "2016": Bands((2, 6), (0.0, 2.0, 5.0)),
    "simplified": Bands((2, 6), (0.0, 2.0, 5.0)),
}
_HAEMOGLOBIN = Bands((12.0,), (1.0, 0.0), places=1)
_SODIUM = Bands((135,), (1.0, 0.0))
_STAY = Bands((5,), (0.0, 2.0))


@dataclass(frozen=True)
class Hospital:
    """HOSPITAL with its parameters."""

    variant: str
    availability: str
    policy: str
    elective: tuple[str, ...]
    oncology: tuple[str, ...]
    admissions: tuple[str, ...]
    admissions_recorded: bool
    zone: str
    labs: tuple[SignalSpec, SignalSpec]

    @property
    def name(self) -> str:
        """Return its name, version and variant."""
        return f"{self.about.version} ({self.availability.replace('_', ' ')})"

    @property
    def about(self) -> About:
        """Return what it says of itself."""
        return _about(self.variant)

    @property
    def by_availability(self) -> bool:
        """Return true: procedures and cancer are coded after discharge."""
        return True

    @property
    def codes(self) -> tuple[str, ...]:
        """Return the event codes that it needs."""
        stays = (f"{ADMISSION}{name}" for name in self.admissions)
        coded = (f"{one}*" for one in (*_PROCEDURES, *VOCABULARIES))
        labs = (code for lab in self.labs for code in lab.codes)
        return (*labs, f"{_SERVICE}*", *self.oncology, *coded, f"{TYPE}*", *stays)

    @property
    def components(self) -> tuple[str, ...]:
        """Return its parts."""
        return tuple(self.about.points)

    def score(self, events: pa.Table, rows: pa.Table) -> pa.Table:
        """Return totals and points; what has no visible input is marked as missing."""
        urgent, untyped, typed = acute(events, rows, elective=self.elective)
        cared, unserved, service = self._oncology(events, rows)
        beginless = unknown_start(rows)
        stays, stayed = self._earlier(events, rows)
        parts = {
            "oncology": (np.where(cared, 2.0, 0.0), unserved, service),
            "type": (np.where(urgent, 1.0, 0.0), untyped, typed),
            "admissions": (
                _BEFORE[self.variant].of(stays) * self.admissions_recorded,
                beginless | (not self.admissions_recorded),
                stayed,
            ),
            "stay": (
                _STAY.of(nights(rows, zone=self.zone).astype(np.float64)),
                beginless,
                of_rows(rows, "index_start"),
            ),
        }
        for lab, bands in zip(self.labs, (_HAEMOGLOBIN, _SODIUM), strict=True):
            reading = Source(lab).newest(events, rows, since_start=True)
            parts[lab.name] = (bands.of(reading.value), reading.missing, reading.evidence)
        if "procedure" in self.components:
            parts["procedure"] = self._procedure(events, rows)
        found = {name: parts[name] for name in self.components}
        return table(
            rows,
            {name: part[0] for name, part in found.items()},
            missing={name: part[1] for name, part in found.items()},
            evidence={name: part[2] for name, part in found.items()},
            policy=self.policy,
        )

    def expected_risk(self, total: Floats) -> None:
        """Return None: the papers give risks by group, not by total."""

    def _oncology(self, events: pa.Table, rows: pa.Table) -> tuple[Mask, Mask, Evidence]:
        """Return who leaves an oncology service; simplified, also who has a diagnosis of cancer."""
        found = starting(events, _SERVICE, *self.oncology)
        pairs = pair(found, rows)
        newest = pairs.newest(pairs.visible & (pairs.time <= pairs.at) & _of_stay(pairs))
        words = np.array([*found["code"].to_pylist(), ""], dtype=object)
        cared = np.isin(words[newest], self.oncology)
        service = of_events(found, newest)
        if self.variant != "simplified":
            return cared, newest < 0, service
        lists = [code_list("charlson")]
        coded = coded_classes(events, rows, lists, availability=self.availability)
        cancer = coded.shown["canc"] | coded.shown["metacanc"]
        seen = newer([service, coded.evidence["canc"], coded.evidence["metacanc"]])
        return cared | cancer, (newest < 0) & ~coded.any_code, seen

    def _procedure(self, events: pa.Table, rows: pa.Table) -> tuple[Floats, Mask, Evidence]:
        """Return whether a procedure of the stay is coded; a stay without any code is missing."""
        coded = starting(events, *_PROCEDURES, *VOCABULARIES)
        pairs = pair(coded, rows)
        usable = pairs.visible if self.availability == "knowable" else pairs.final
        usable = usable & (pairs.event_stay == pairs.stay) & (pairs.stay >= 0)
        words = coded["code"].to_pylist()
        operated = np.array([word.startswith(_PROCEDURES) for word in words], dtype=np.bool_)
        done = usable & operated[pairs.event]
        rests_on = np.where(pairs.any(done), pairs.newest(done), pairs.newest(usable))
        return np.where(pairs.any(done), 1.0, 0.0), ~pairs.any(usable), of_events(coded, rests_on)

    def _earlier(self, events: pa.Table, rows: pa.Table) -> tuple[Floats, Evidence]:
        """Return how many other stays began in the twelve months before this one did."""
        names = [f"{ADMISSION}{name}" for name in self.admissions]
        began = events.filter(pc.is_in(events["code"], value_set=pa.array(names, pa.string())))
        pairs = pair(began, rows)
        own = (pairs.event_stay == pairs.stay) & (pairs.stay >= 0)
        recent = (pairs.time >= pairs.start - _YEAR) & (pairs.time < pairs.start)
        counted = pairs.visible & recent & ~own
        return pairs.count(counted).astype(np.float64), of_pairs(pairs, counted, began)


def _of_stay(pairs: Pairs) -> Mask:
    of_stay = (pairs.event_stay == pairs.stay) & (pairs.stay >= 0)
    found: Mask = of_stay | (pairs.time >= pairs.start)
    return found


def make(parameters: Mapping[str, Setting]) -> Hospital:
    """Return HOSPITAL with its parameters; DEFAULTS names them.

    Raises:
        BadInput: an unknown parameter, value or time zone.

    >>> make({"variant": 2013}).name
    'HOSPITAL-2013 (knowable)'
    """
    given = {name: str(value) if name == "variant" else value for name, value in parameters.items()}
    asked = settle(given, DEFAULTS, score="hospital")
    variant = str(asked["variant"])
    if variant not in _BEFORE:
        raise BadInput(
            f"got variant '{variant}', expected {', '.join(_BEFORE)}",
            code="score.parameter",
            hint="Write variant: 2016.",
        )
    return Hospital(
        variant=variant,
        availability=str(asked["availability"]),
        policy=str(asked["policy"]),
        elective=words_of(str(asked["elective"])),
        oncology=codes_asked(str(asked["oncology"])),
        admissions=words_of(str(asked["admissions"])),
        admissions_recorded=bool(asked["admissions_recorded"]),
        zone=checked_zone(str(asked["zone"])),
        labs=(signal_asked("haemoglobin", asked), signal_asked("sodium", asked)),
    )


def _about(variant: str) -> About:
    simple = variant == "simplified"
    points = {
        "haemoglobin": "last haemoglobin of the stay, g/dL: <12: 1",
        "oncology": "cancer diagnosis or oncology service: 2"
        if simple
        else "discharged from an oncology service: 2",
        "sodium": "last sodium of the stay, mmol/L: <135: 1",
        "procedure": "any ICD-coded procedure in the stay: 1",
        "type": "urgent or emergency admission: 1",
        "admissions": f"admissions in the 12 months before: {_BEFORE[variant].told}",
        "stay": "nights: ≥5: 2",
    }
    if simple:
        del points["procedure"]
    return About(
        version="HOSPITAL-simplified-2017" if simple else f"HOSPITAL-{variant}",
        title="Potentially avoidable readmission within 30 days of discharge",
        population="117,065 medical discharges of 9 hospitals in 4 countries (2016); "
        "not for deaths in hospital or transfers to other acute hospitals",
        reference="Donzé et al., JAMA Intern Med 2013, doi:10.1001/jamainternmed.2013.3023; 2016, "
        "doi:10.1001/jamainternmed.2015.8462; Aubert et al., BMJ Qual Saf 2017;26:799",
        low=0,
        high=12 if simple else 13,
        points=points,
        notes=(
            "Two bands of earlier admissions are in print: 2013 counts one, 2016 two or more.",
            "Groups of 2013 and 2016: 0 to 4 low, 5 to 6 intermediate, 7 or more high.",
            "Procedures are coded after discharge: `knowable` marks them as missing.",
        ),
    )
