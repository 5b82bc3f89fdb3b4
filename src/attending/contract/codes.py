"""Which rows a list of codes means; a code that ends in `*` is a prefix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Sequence


def matching(codes: pa.ChunkedArray, wanted: Sequence[str]) -> pa.ChunkedArray:
    """Return where a column of codes is one of those wanted.

    >>> matching(pa.chunked_array([["LOINC//1", "ICD10CM//A"]]), ["LOINC//*"]).to_pylist()
    [True, False]
    """
    known = pc.unique(codes)
    meant = [code for code in known.to_pylist() if code is not None and means(wanted, code)]
    return pc.is_in(codes, value_set=pa.array(meant, type=codes.type))


def means(wanted: Sequence[str], code: str) -> bool:
    """Return whether a code is one of those wanted.

    >>> means(["LOINC//*"], "LOINC//2160-0"), means(["LOINC//2"], "LOINC//2160-0")
    (True, False)
    """
    return any(code.startswith(one[:-1]) if one.endswith("*") else code == one for one in wanted)
