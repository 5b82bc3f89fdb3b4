"""Every code that the outcome, and what ends the looking for it, are read from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.cohort.facts import COLUMNS

if TYPE_CHECKING:
    from attending.specs.cohort import CohortSpec


def columns_read(spec: CohortSpec) -> tuple[str, ...]:
    """Return the columns that the cohort reads: values and units only where an outcome asks."""
    label = spec.label
    planned = label.readmission.planned if label.readmission is not None else None
    by_tables = planned is not None and planned.tables is not None
    unread = set() if label.threshold is not None else {"unit"}
    asked = (label.code_value, label.threshold, label.sepsis3)
    if not by_tables and all(one is None for one in asked):
        unread.add("numeric_value")
    return tuple(name for name in COLUMNS if name not in unread)


def outcome_codes(spec: CohortSpec) -> tuple[str, ...]:
    """Return the codes and prefixes, sorted, each once."""
    label = spec.label
    found = [*spec.censoring.follow_up_ends]
    found += label.competing.codes if label.competing is not None else ()
    found += [label.code_value.code] if label.code_value is not None else []
    found += [*label.recorded.event, *label.recorded.none] if label.recorded is not None else []
    found += label.codes.any_of if label.codes is not None else ()
    found += label.threshold.codes if label.threshold is not None else ()
    found += label.unit_count.codes if label.unit_count is not None else ()
    if label.sepsis3 is not None:
        asked = label.sepsis3
        found += [*asked.antibiotics, *asked.cultures]
        organs = type(asked.sofa).model_fields
        found += [code for name in organs for code in getattr(asked.sofa, name)]
    planned = label.readmission.planned if label.readmission is not None else None
    if planned is not None and planned.tables is not None:
        tables = planned.tables
        found += [*tables.always_procedures, *tables.always_diagnoses]
        found += [*tables.potential_procedures, *tables.acute_diagnoses]
    return tuple(sorted(set(found)))
