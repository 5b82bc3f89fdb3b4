"""Groups of rows: by attribute, by quarter, and by where a baseline has a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from attending.types import Ints, Mask

#: Rows without a value form a group of their own, so that nobody drops out of sight.
MISSING = "missing"


@dataclass(frozen=True)
class Coded:
    """A column of group names as sorted labels and, for each row, which of them."""

    labels: tuple[str, ...]
    codes: Ints

    def mask(self, label: str) -> Mask:
        """Return which rows are of a label; none when there is no such label."""
        if label not in self.labels:
            return np.zeros(self.codes.size, dtype=np.bool_)
        return np.asarray(self.codes == self.labels.index(label), dtype=np.bool_)


def coded(values: Sequence[str | None]) -> Coded:
    """Return group names as labels and codes.

    >>> coded(["b", None, "a"]).labels
    ('a', 'b', 'missing')
    """
    found = pa.array(values, pa.string()).fill_null(MISSING).dictionary_encode()
    names = found.dictionary.to_pylist()
    order = sorted(range(len(names)), key=lambda at: names[at])
    place = np.empty(len(names), np.int64)
    place[order] = np.arange(len(names))
    codes = place[found.indices.to_numpy(zero_copy_only=False)]
    return Coded(tuple(names[at] for at in order), codes)


def quarters(prediction_time: npt.NDArray[np.datetime64]) -> Coded:
    """Return the quarter of each prediction in UTC, such as `2026-Q1`.

    >>> quarters(np.array(["2026-03-31", "2026-04-01"], "datetime64[us]")).labels
    ('2026-Q1', '2026-Q2')
    """
    months = prediction_time.astype("datetime64[M]").astype(np.int64)
    found, codes = np.unique(months // 3, return_inverse=True)
    labels = tuple(f"{1970 + int(q) // 4:04d}-Q{int(q) % 4 + 1}" for q in found)
    return Coded(labels, codes.astype(np.int64))
