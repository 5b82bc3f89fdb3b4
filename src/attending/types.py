"""Names for plain values, so that a signature says what it takes."""

from __future__ import annotations

from datetime import datetime
from typing import NewType, TypeAlias

import numpy as np
from numpy.typing import NDArray

#: SHA-256 in lower-case hexadecimal, 64 characters.
Digest = NewType("Digest", str)
#: A UTC-aware moment.
Instant: TypeAlias = datetime
#: Microseconds since 1970-01-01T00:00:00Z.
Micros = NewType("Micros", int)
#: Pseudonym of a patient: a keyed hash cut to 53 bits, never 0.
SubjectId = NewType("SubjectId", int)

#: Shape (n,), float64.
Floats: TypeAlias = NDArray[np.float64]
#: Shape (n,), float64, each from 0 to 1.
Risks: TypeAlias = NDArray[np.float64]
#: Shape (n,), int8, 0 or 1.
Outcomes: TypeAlias = NDArray[np.int8]
#: Shape (n,), int64.
Ints: TypeAlias = NDArray[np.int64]
#: Shape (n,), bool.
Mask: TypeAlias = NDArray[np.bool_]
