"""What all MIMIC-IV tables need: whose row it is, when the stay ended, how late it was stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.ingest.cells import INSTANT, NO_TIME, Column, is_true, micros, shifted
from attending.records.snapshot import Availability
from attending.times import DAY, HOUR

if TYPE_CHECKING:
    from attending.ingest.pseudonyms import Pseudonyms
    from attending.ingest.rows import Rows

SYSTEM = "mimic-iv"
SITE = "BIDMC"
#: For items of which no row was ever stored.
NEVER_STORED_LAG = 24 * HOUR
#: From discharge until diagnoses and DRGs are coded.
CODING_LAG = 3 * DAY


@dataclass(frozen=True)
class Stays:
    """Who and which stays the folder has, and when each stay ended."""

    keys: Pseudonyms
    people: pa.Array
    ids: pa.Array
    ended: Column

    @staticmethod
    def of(people: Rows, admissions: Rows, *, keys: Pseudonyms) -> Stays:
        """Return the stays of the admissions table."""
        return Stays(
            keys=keys,
            people=pc.unique(people.text("subject_id")),
            ids=admissions.text("hadm_id").combine_chunks(),
            ended=admissions.instant("dischtime"),
        )

    def check(self, rows: Rows) -> None:
        """Quarantine rows of a patient or a stay that the folder does not have."""
        found = pc.is_in(rows.text("subject_id"), value_set=self.people)
        rows.quarantine(~is_true(found), "unknown_patient")
        if rows.has("hadm_id"):
            stay = rows.text("hadm_id")
            known = pc.or_(stay.is_null(), pc.is_in(stay, value_set=self.ids))
            rows.quarantine(~is_true(known), "unknown_encounter")

    def whose(self, rows: Rows) -> dict[str, Any]:
        """Return the columns that say whose row it is."""
        found: dict[str, Any] = {
            "subject_id": self.keys.subject(rows.text("subject_id")),
            "site": SITE,
        }
        if rows.has("hadm_id"):
            found["encounter_id"] = self.keys.encounter(rows.text("hadm_id"))
        return found

    def end(self, rows: Rows) -> Column:
        """Return when each row's stay ended."""
        return self.ended.take(pc.index_in(rows.text("hadm_id"), value_set=self.ids))


def stored(time: Column, store: Column, item: Column) -> tuple[Column, int, int]:
    """Return when each row was known, and how many rows got their item's lag and the lag of none.

    Where no storing was recorded, the median lag of the item stands in; for an item that never
    was stored, 24 h.
    """
    happened, kept = micros(time), micros(store)
    coded = item.combine_chunks().dictionary_encode()
    coded = coded.combine_chunks() if isinstance(coded, pa.ChunkedArray) else coded
    group = np.asarray(pc.fill_null(coded.indices, len(coded.dictionary)), dtype=np.int64)
    both = (happened != NO_TIME) & (kept != NO_TIME)
    lag = np.maximum(kept - happened, 0, where=both, out=np.zeros_like(kept))
    medians = pa.table({"item": group[both], "lag": lag[both]}).group_by("item")
    found = _medians(medians.aggregate([("lag", "list")]), len(coded.dictionary) + 1)
    absent = (kept == NO_TIME) & (happened != NO_TIME)
    never = absent & (found[group] < 0)
    assumed = np.where(never, NEVER_STORED_LAG, found[group])
    known = np.where(absent, happened + np.where(absent, assumed, 0), kept)
    column = pa.chunked_array([pa.array(known, mask=known == NO_TIME).cast(INSTANT)])
    return column, int((absent & ~never).sum()), int(never.sum())


def _medians(lags: pa.Table, count: int) -> Any:  # noqa: ANN401 - int64, -1 where an item has none
    found = np.full(count, -1, dtype=np.int64)
    for item, values in zip(lags["item"].to_pylist(), lags["lag_list"], strict=True):
        found[item] = int(np.median(np.asarray(values.values)))
    return found


def recorded(rows: Rows, *, by_item: int = 0, never: int = 0) -> list[Availability]:
    """Return the availability of a table that says when it was stored, and what was assumed."""
    told = rows.left - by_item - never
    found = [Availability(table=rows.name, rule="recorded", assumed=False, rows=told)]
    for rule, count in (("lag:item_median", by_item), ("lag:24h", never)):
        if count:
            found.append(Availability(table=rows.name, rule=rule, assumed=True, rows=count))
    return found


def declared(rows: Rows, rule: str, *, assumed: bool = True) -> list[Availability]:
    """Return the availability of a table that has one rule."""
    return [Availability(table=rows.name, rule=rule, assumed=assumed, rows=rows.left)]


def coded_after(end: Column) -> Column:
    """Return when a stay's codes are known."""
    return shifted(end, CODING_LAG)
