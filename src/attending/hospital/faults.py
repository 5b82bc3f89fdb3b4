"""Faults on demand: the same hospital, with one thing wrong that real sources get wrong.

A fault is named by its id in the catalogue, with a word after a dot where it has more than one
form. Nothing in the files says that a fault was planted: a guard must find what is wrong itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput
from attending.hospital import faults_feeds as feeds
from attending.hospital import faults_files as files
from attending.hospital import faults_leaks as leaks
from attending.hospital import faults_times as times
from attending.hospital import faults_values as amounts
from attending.hospital.delivery import Delivery
from attending.hospital.extract import write_tables
from attending.hospital.sites import SITES
from attending.hospital.visible import TABLES, check_until, visible
from attending.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from attending.hospital.generate import Hospital
    from attending.types import Instant

#: The smallest site: a fault there is the hardest to see in a pooled figure.
SMALLEST = SITES[-1].name


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong, and how it is planted."""

    name: str
    plant: Callable[[Delivery], Delivery]

    @property
    def title(self) -> str:
        """Return what it does, in a sentence."""
        return (self.plant.__doc__ or "").strip().splitlines()[0]


@dataclass(frozen=True)
class Planted:
    """What was written: rows by table, and how many rows the fault touched."""

    fault: str
    rows: dict[str, int]
    planted: int


FAULTS: Registry[Fault] = Registry("fault")
for _name, _plant in {
    "D01": leaks.action,
    "D02": leaks.proxy,
    "D03": leaks.filed_late,
    "D04": leaks.seen_twice,
    "D05": leaks.told_by_note,
    "D06": amounts.unit_switch,
    "D07": amounts.mixed_units,
    "D08": amounts.unit_unknown,
    "D08.letters": amounts.unit_spelling,
    "D09": amounts.code_switch,
    "D10": amounts.code_spelling,
    "D11": amounts.dead_feed,
    "D12": feeds.go_live,
    "D13": amounts.new_analyser,
    "D14": times.repeated_hour,
    "D15": times.wrong_zone,
    "D15.gap": times.missing_hour,
    "D16": times.impossible,
    "D17": feeds.merged,
    "D17.told": feeds.merged_and_told,
    "D18": feeds.overlaid,
    "D18.told": feeds.overlaid_and_undone,
    "D19": feeds.said_again,
    "D20": times.arrived_late,
    "D20.backfill": times.backfill,
    "D21": feeds.corrected,
    "D22": feeds.statuses,
    "D23": files.cut_short,
    "D23.page": files.last_page,
    "D24": feeds.unroutable,
    "D25": amounts.sentinels,
    "D26": amounts.thinned,
    "D29": files.renamed,
    "D29.reordered": files.reordered,
    "D29.word": files.new_word,
    "D29.number": files.other_number,
    "D29.column": files.extra_column,
    "D29.letters": files.other_letters,
    "D29.mark": files.byte_order_mark,
    "D29.nul": files.nul_bytes,
}.items():
    FAULTS.add(_name, Fault(_name, _plant))


def write_faulty(
    hospital: Hospital,
    folder: Path,
    *,
    fault: str,
    until: Instant,
    since: Instant | None = None,
    site: str = SMALLEST,
) -> Planted:
    """Return what was written: an extract with one fault in it, the same bytes each time.

    Args:
        hospital: as generated.
        folder: made when it is not there.
        fault: its name in `FAULTS`.
        until: only what was recorded by then is written.
        since: from when on a fault acts that begins on a day; the middle of the plan when absent.
        site: where a fault of one site acts.

    Returns:
        Rows by table, and how many of them the fault touched.

    Raises:
        BadInput: no such fault or site, an instant outside the plan, or nothing to plant it in.
    """
    asked = FAULTS.get(fault, where="fault")
    _check_site(site)
    check_until(hospital, until)
    plan = hospital.plan
    begins = since or plan.start + (plan.end - plan.start) / 2
    check_until(hospital, begins)
    sound = Delivery(
        tables={name: visible(hospital, name, until=until) for name in TABLES},
        since=begins.replace(microsecond=0),
        until=until,
        site=site,
        rng=np.random.default_rng([plan.seed, *fault.encode()]),
    )
    made = asked.plant(sound)
    if not made.planted:
        raise BadInput(
            f"there is nothing here that {fault} could go wrong with",
            code="hospital.nothing_planted",
            hint="Ask for more patients, another site, or an earlier beginning.",
            where="fault",
        )
    rows = write_tables(hospital, folder, tables=dict(made.tables), until=until, told=made.manifest)
    for damage in made.damage:
        damage(folder)
    return Planted(fault, rows, made.planted)


def _check_site(site: str) -> None:
    names = [one.name for one in SITES]
    if site not in names:
        raise BadInput(
            f"got site '{site}', which the hospital does not have",
            code="hospital.site",
            hint=f"One of {', '.join(names)}.",
            where="site",
        )
