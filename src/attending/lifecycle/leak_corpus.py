"""Run the corpus of planted leaks: every leaky project must be refused, no clean twin may be."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.cohort.build import build as build_cohort
from attending.cohort.shard import codes_read as cohort_codes
from attending.contract.codes import matching
from attending.engines.local import LocalEngine
from attending.engines.tables import in_order, micros
from attending.errors import Refused
from attending.features.build import build as build_features
from attending.features.lineage import codes_read
from attending.hospital.extract import write_extract
from attending.hospital.generate import generate
from attending.hospital.plan import HospitalPlan
from attending.ingest.build import build_snapshot
from attending.lifecycle.leak_gates import Specs, Tables, examine
from attending.lifecycle.leak_planting import ground, planted
from attending.records.events import plain
from attending.specs.cohort import CohortSpec
from attending.specs.contract import ContractSpec
from attending.specs.features import FeaturesSpec
from attending.specs.leaks import LeakCorpus
from attending.specs.model import ModelSpec
from attending.specs.read_yaml import read_spec
from attending.times import from_micros, to_micros

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from attending.records.gates import GateFinding
    from attending.records.snapshot import Snapshot
    from attending.specs.leaks import Twins, Variant
    from attending.types import Ints

_FOLDER = Path(__file__).parent / "leak_twins"
#: A pseudonym key of no secret: what it hides is synthetic or published.
_KEY = bytes(range(32))
_CUT = 0.65
_GAP = timedelta(days=31)
_CLOSED = timedelta(days=400)


@dataclass(frozen=True)
class Answer:
    """What the gates said of one pair of twins.

    Attributes:
        caught: whether the named gate refused the leaky twin.
        refused: every gate that refused it.
        false: every gate and reason that refused the clean twin.
    """

    source: str
    name: str
    mechanism: str
    gate: str
    caught: bool
    refused: tuple[str, ...]
    false: tuple[str, ...]
    figure: float | None


@dataclass(frozen=True)
class Base:
    """A base project: its specs, and the events that it reads."""

    specs: Specs
    events: pa.Table
    declared: dict[str, str]
    as_of: int
    load: int


class Held:
    """An engine over one table in memory, in canonical order."""

    def __init__(self, events: pa.Table) -> None:
        self._events = events

    def map(
        self,
        work: Callable[[pa.Table], pa.Table],
        *,
        codes: Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
        each: Callable[[], None] | None = None,
        take: Callable[[pa.Table], None] | None = None,
    ) -> pa.Table:
        """Return the result of `work` on the rows that are asked for."""
        rows = self._events
        if codes is not None:
            rows = rows.filter(matching(rows["code"], codes))
        if columns is not None:
            rows = rows.select(list(columns))
        done = work(rows)
        if each is not None:
            each()
        if take is None:
            return done
        take(done)
        return pa.table({})

    def rows(self, subject_id: int, *, codes: Sequence[str] | None = None) -> pa.Table:
        """Return one subject's rows."""
        own = self._events.filter(pc.equal(self._events["subject_id"], subject_id))
        return own if codes is None else own.filter(matching(own["code"], codes))


def corpus(source: str) -> LeakCorpus:
    """Return the twins of a source: `hospital` or `mimic-iv`."""
    return read_spec(_FOLDER / source / "twins.yaml", LeakCorpus)


def run_corpus(
    *, mimic: Path | None = None, each: Callable[[], None] | None = None
) -> tuple[Answer, ...]:
    """Return what the gates say of every pair of twins.

    Args:
        mimic: the folder of the MIMIC-IV demo; its twins are left out without it.
        each: called after every pair.
    """
    answers = list(answer_source("hospital", each=each))
    if mimic is not None:
        answers += answer_source("mimic-iv", folder=mimic, each=each)
    return tuple(answers)


def answer_source(
    source: str, *, folder: Path | None = None, each: Callable[[], None] | None = None
) -> tuple[Answer, ...]:
    """Return what the gates say of the twins of one source."""
    asked = corpus(source)
    base = read_base(asked, folder=folder)
    found = []
    for twins in asked.twins:
        found.append(_answer(source, twins, base))
        if each is not None:
            each()
    return tuple(found)


def require_all(answers: Sequence[Answer]) -> None:
    """Refuse when a leak went through or a clean project was refused.

    Raises:
        Refused: naming the pairs.
    """
    missed = [item.name for item in answers if not item.caught]
    false = [item.name for item in answers if item.false]
    if missed or false:
        raise Refused(
            f"leaks missed: {', '.join(missed) or 'none'}; clean projects refused: "
            f"{', '.join(false) or 'none'}",
            code="gate.corpus",
            hint="A gate has lost its sight or is too strict; see docs/gates.md.",
        )


def read_base(asked: LeakCorpus, *, folder: Path | None = None) -> Base:
    """Return the base project of a corpus, its events ingested and at hand.

    Args:
        asked: the corpus.
        folder: the data; the synthetic hospital is generated without.
    """
    home = _FOLDER / asked.source
    specs = Specs(
        read_spec(home / "contract.yaml", ContractSpec),
        read_spec(home / "cohort.yaml", CohortSpec),
        read_spec(home / "features.yaml", FeaturesSpec),
        read_spec(home / "model.yaml", ModelSpec),
    )
    scratch = Path(tempfile.mkdtemp(prefix="leaks-"))
    try:
        data = folder or _hospital(asked, scratch / "extract")
        out = scratch / "snapshot"
        out.mkdir()
        snapshot = build_snapshot(asked.source, data, key=_KEY, out=out, shards=1)
        engine = LocalEngine([out / shard.name for shard in snapshot.shards])
        events = plain(engine.map(lambda rows: rows, codes=_codes(asked, specs)))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    declared = dict(snapshot.declared_availability())
    return Base(specs, in_order(events), declared, *_ends(asked, snapshot))


def _ends(asked: LeakCorpus, snapshot: Snapshot) -> tuple[int, int]:
    watermark = snapshot.watermark
    if watermark is None:
        return 0, 0
    end = to_micros(watermark if snapshot.real_clock else watermark + _CLOSED)
    start = to_micros(HospitalPlan(asked.patients, asked.years, asked.seed).start)
    return end, start + asked.load_after


def _hospital(asked: LeakCorpus, folder: Path) -> Path:
    plan = HospitalPlan(patients=asked.patients, years=asked.years, seed=asked.seed)
    write_extract(generate(plan), folder, until=plan.end)
    return folder


def _codes(asked: LeakCorpus, specs: Specs) -> list[str]:
    """Return every code that the base or a twin reads or changes."""
    found = {*codes_read(specs.features), *cohort_codes(specs.cohort), "MEDS_DEATH*"}
    for twins in asked.twins:
        for variant in (twins.leaky, twins.clean):
            found |= {code for ask in variant.features for code in ask.codes}
            found |= {code for change in variant.change for code in change.codes}
    return sorted(found)


def _answer(source: str, twins: Twins, base: Base) -> Answer:
    leaky = [item for item in _examined(twins.leaky, base) if item.answer == "refused"]
    clean = [item for item in _examined(twins.clean, base) if item.answer == "refused"]
    named = [item for item in leaky if item.gate == twins.gate]
    return Answer(
        source=source,
        name=twins.name,
        mechanism=twins.mechanism,
        gate=twins.gate,
        caught=bool(named),
        refused=tuple(sorted({item.gate for item in leaky})),
        false=tuple(sorted(f"{item.gate} {item.feature}: {item.reason}" for item in clean)),
        figure=named[0].figure if named else None,
    )


def _examined(variant: Variant, base: Base) -> tuple[GateFinding, ...]:
    specs = _specs(variant, base.specs)
    _, first = build_cohort(specs.cohort, Held(base.events), as_of=from_micros(base.as_of))
    gap = int(_GAP.total_seconds()) * 1_000_000
    people = ground(first, cut=_cut(first), gap=gap, load=base.load)
    engine = Held(planted(base.events, variant, people))
    _, table = build_features(specs.features, first, engine)
    return examine(specs, Tables(first, table, engine, base.declared))


def _cut(cohort: pa.Table) -> int:
    times: Ints = np.sort(micros(cohort["prediction_time"], null=0))
    return int(times[int(len(times) * _CUT)]) if len(times) else 0


def _specs(variant: Variant, base: Specs) -> Specs:
    added = tuple(ask.feature() for ask in variant.features)
    features = base.features.model_copy(update={"features": (*base.features.features, *added)})
    label = base.cohort.label.model_copy(
        update={"proxies": variant.proxies, "actions": variant.actions}
    )
    cohort = base.cohort.model_copy(
        update={"label": label, "index": variant.index or base.cohort.index}
    )
    model = base.model.model_copy(update={"split": variant.split or base.model.split})
    return replace(
        base,
        contract=_declared(variant, base.contract),
        cohort=cohort,
        features=features,
        model=model,
    )


def _declared(variant: Variant, contract: ContractSpec) -> ContractSpec:
    whole = {**contract.availability, **variant.availability}
    terms = tuple(
        item.model_copy(update={"value": whole})
        if item.property == "attending.availability"
        else item
        for item in contract.custom_properties
    )
    return contract.model_copy(update={"custom_properties": terms})
