"""How sources spell units that the shared list does not know; a number is never rescaled here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from attending.ingest.cells import is_true
from attending.units import to_ucum

if TYPE_CHECKING:
    from attending.ingest.cells import Column
    from attending.types import Mask

#: Texts in a unit column that say there is none.
_NO_UNIT = frozenset({"", "N/A", "None", "Date", "Date and Time"})
#: Spelling -> UCUM. Curly braces hold words that UCUM leaves to the writer.
_SPELLINGS = {
    "sec": "s", "hrs": "h", "hour": "h", "day": "d", "mm": "mm",
    "units": "{unit}", "U": "U", "UNIT": "{unit}", "dose": "{dose}", "#/hpf": "/[HPF]",
    "/hpf": "/[HPF]", "#/lpf": "/[LPF]", "#/uL": "/uL", "Ratio": "{ratio}", "ng/dL": "ng/dL",
    "ng/dl": "ng/dL", "mg/g": "mg/g", "mm/hr": "mm/h", "mIU/mL": "m[IU]/mL", "+/-": "{presence}",
    "mg/mg": "mg/mg", "IU/mL": "[IU]/mL", "log10 IU/mL": "{log10}[IU]/mL",
    "ng/mL FEU": "ng/mL{FEU}", "U/mL": "U/mL", "log10 copies/mL": "{log10}{copies}/mL",
    "log10 cop/mL": "{log10}{copies}/mL", "mg/24hr": "mg/(24.h)", "mL/min": "mL/min",
    "GPL": "[GPL'U]", "MPL": "[MPL'U]", "U/g/Hb": "U/g{Hb}",
    "grams": "g", "gm": "g", "mEq": "meq", "mEq.": "meq", "mmol": "mmol", "Kcal": "kcal",
    "kJ": "kJ", "mL/hour": "mL/h", "mcg/kg/min": "ug/kg/min", "units/hour": "{unit}/h",
    "mcg/hour": "ug/h", "mcg/kg/hour": "ug/kg/h", "mg/hour": "mg/h", "mEq./hour": "meq/h",
    "mg/min": "mg/min", "grams/hour": "g/h", "grams/min": "g/min",
    "mL/min/{1.73_m2}": "mL/min/{1.73_m2}", "kU/L": "kU/L", "(score)": "{score}",
    "{nominal}": "{nominal}", "{T-score}": "{T-score}", "pH": "[pH]", "M/uL": "10*6/uL",
    # Doses counted in pieces.
    "Units": "{unit}", "unit": "{unit}", "TAB": "{tablet}", "tab": "{tablet}",
    "CAP": "{capsule}", "Appl": "{application}", "NEB": "{nebule}", "DROP": "[drp]",
    "PUFF": "{puff}", "PTCH": "{patch}", "SPRY": "{spray}", "INH": "{inhalation}",
    "PKT": "{packet}", "LOZ": "{lozenge}", "WAF": "{wafer}", "SUPP": "{suppository}",
    "Enema": "{enema}", "mg/day": "mg/d",
}  # fmt: skip


def ucum(spelled: str) -> str | None:
    """Return the UCUM code of a source's spelling, None when there is no unit or it is not known.

    >>> ucum("sec"), ucum("K/uL"), ucum("N/A"), ucum("furlong")
    ('s', '10*3/uL', None, None)
    """
    text = spelled.strip()
    return None if text in _NO_UNIT else to_ucum(text) or _SPELLINGS.get(text)


def unit_column(column: Column) -> tuple[Column, Mask]:
    """Return UCUM codes, and where the source wrote a unit that nobody here knows.

    >>> codes, unknown = unit_column(pa.chunked_array([["mg/dl", "", "furlong"]]))
    >>> codes.to_pylist(), unknown.tolist()
    (['mg/dL', None, None], [False, False, True])
    """
    spelled = pc.unique(column).drop_null()
    codes = [ucum(text) for text in spelled.to_pylist()]
    strange = [text for text in spelled.to_pylist() if _strange(text)]
    places = pc.index_in(column, value_set=spelled)
    made = pa.chunked_array([pa.array(codes, type=pa.string())]).take(places)
    unknown = pc.is_in(column, value_set=pa.array(strange, type=pa.string()))
    return made, is_true(unknown)


def _strange(spelled: str) -> bool:
    return spelled.strip() not in _NO_UNIT and ucum(spelled) is None
