"""What the kernel takes: plain arrays, in tuples whose places have names here."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from attending.types import Floats, Ints, Mask

Indices: TypeAlias = NDArray[np.int32]
#: time, known_at, superseded_at, code index, value, unit index.
Rows: TypeAlias = tuple[Ints, Ints, Ints, Indices, Floats, Indices]
#: subject, instants (clock, prediction), start of the stay. The first instant of a prediction is
#: its time; the others are those of a clock, such as the last 06:00.
Due: TypeAlias = tuple[Ints, Ints, Ints]
#: CSR from code index to groups, and the unit that each group asks for.
Groups: TypeAlias = tuple[Indices, Indices, Indices]
#: group, lowest and highest plausible value, 1 for the event clock, how a window starts, whether
#: moments are needed, whether values are kept, how many of the newest values are used, the group
#: since whose newest row a window starts or -1, as of which instant, CSR to spans.
Tracks: TypeAlias = tuple[Ints, Floats, Floats, Ints, Ints, Mask, Mask, Ints, Ints, Ints, Ints]
#: window in microseconds, ascending within a track; CSR to features.
Spans: TypeAlias = tuple[Ints, Ints]
#: aggregate, freshness limit in microseconds (0 for none), output column, half-life in seconds,
#: lowest and highest normal value, 1 where a stale value is missing.
Features: TypeAlias = tuple[Ints, Ints, Ints, Ints, Floats, Floats, Ints]
#: time, known_at, superseded_at, value, whether the unit fits, code index.
Scratch: TypeAlias = tuple[Ints, Ints, Ints, Floats, Mask, Indices]
#: Values and ages of one window, newest first, and codes of its rows.
Kept: TypeAlias = tuple[Floats, Ints, Indices]
