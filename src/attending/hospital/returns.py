"""Who comes back: the outcome that the demo predicts, as the extract's own tables tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.hospital.delivery import same, seconds

if TYPE_CHECKING:
    import pyarrow as pa

    from attending.types import Ints, Mask

_WITHIN = 30 * 86_400
_LARGE = np.int64(1) << 36


def stays_of(encounters: pa.Table) -> Mask:
    """Return which encounters are stays that ended with a live discharge."""
    bed = same(encounters["class"], "INPATIENT", "OBSERVATION")
    left = np.asarray(encounters["discharged_at"].is_valid())
    return np.asarray(bed & left & ~same(encounters["disposition"], "DIED"), dtype=np.bool_)


def returns(encounters: pa.Table) -> Mask:
    """Return which stays are followed by an unplanned stay within 30 days of their discharge."""
    bed = same(encounters["class"], "INPATIENT", "OBSERVATION")
    unplanned = bed & ~same(encounters["admission_type"], "ELECTIVE")
    who = _numbers(encounters["patient_id"])
    keys = np.sort((who * _LARGE + seconds(encounters["admitted_at"]))[unplanned])
    left = who * _LARGE + seconds(encounters["discharged_at"])
    first = np.searchsorted(keys, left, side="right")
    last = np.searchsorted(keys, left + _WITHIN, side="right")
    return np.asarray(stays_of(encounters) & (last > first), dtype=np.bool_)


def _numbers(ids: pa.ChunkedArray) -> Ints:
    """Return ids such as P00012 as numbers."""
    return np.asarray([int(one[1:]) for one in ids.to_pylist()], dtype=np.int64)
