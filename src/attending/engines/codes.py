"""Which codes are meant by a code that is asked for."""

from __future__ import annotations


def matches(code: str, wanted: str) -> bool:
    """Return whether a code is the wanted one, or starts as the wanted prefix does.

    >>> matches("ICD10CM//I509", "ICD10CM//I50*"), matches("LOINC//1", "LOINC//12")
    (True, False)
    """
    return code.startswith(wanted[:-1]) if wanted.endswith("*") else code == wanted
