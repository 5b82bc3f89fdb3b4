"""What comorbidipy says of every admission of the MIMIC-IV demo, frozen for the tests.

Run by `make figures`, in the environment of the oracles. What is written holds counts and one
digest over all admissions, never a patient. Two things of comorbidipy 0.5.0 are put right here and
said in the file: AIDS has 2 points in Quan's weights where the paper gives 4, and a code in two
lists (437.3, an aneurysm of the brain's vessels) shows one condition alone. So each condition is
asked for by itself, by comorbidipy's own lists, and weighed by its own weights and hierarchy.
"""

from __future__ import annotations

import hashlib
import json
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import pandas.core.common

#: comorbidipy asks for a name that pandas has moved; it only silences a warning with it.
pandas.core.common.SettingWithCopyWarning = UserWarning
from comorbidipy import calculator, comorbidity  # noqa: E402 - after the name is there

#: Our word -> theirs.
CONDITIONS = {
    "mi": "ami",
    "chf": "chf",
    "pvd": "pvd",
    "cevd": "cevd",
    "dementia": "dementia",
    "cpd": "copd",
    "rheumd": "rheumd",
    "pud": "pud",
    "mld": "mld",
    "diab": "diab",
    "diabwc": "diabwc",
    "hp": "hp",
    "rend": "rend",
    "canc": "canc",
    "msld": "msld",
    "metacanc": "metacanc",
    "aids": "aids",
}
AIDS_SHORT = 2


def scored(codes: pd.DataFrame, *, icd: str, weighting: str) -> pd.DataFrame:
    """Return conditions and total of every admission that has codes of one version, as shipped."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return comorbidity(
            codes.copy(), id="id", code="code", age=None, icd=icd, variant="quan",
            weighting=weighting,
        ).set_index("id")  # fmt: skip


def each_alone(codes: pd.DataFrame, *, icd: str) -> pd.DataFrame:
    """Return the conditions of every admission, each asked for by itself."""
    key, whole = f"charlson_{icd}_quan", calculator.mapping
    shown = {}
    try:
        for name in CONDITIONS.values():
            calculator.mapping = {key: {name: whole[key][name]}}
            shown[name] = scored(codes, icd=icd, weighting="charlson")[name]
    finally:
        calculator.mapping = whole
    return pd.DataFrame(shown)


def weighed(shown: pd.DataFrame, *, icd: str, weighting: str) -> pd.Series:
    """Return totals by comorbidipy's weights and hierarchy."""
    return calculator._calculate_weighted_score(  # noqa: SLF001 - its weights, on all conditions
        shown.copy(), param_score=f"charlson_{icd}_quan", assign0=True, weighting=weighting
    )["comorbidity_score"]


def figures(folder: Path) -> dict[str, object]:
    """Return what is frozen of the admissions in a folder of the demo."""
    read = pd.read_csv(folder / "hosp" / "diagnoses_icd.csv.gz", dtype=str)
    read["code"] = read["icd_code"].str.strip()
    read = read.rename(columns={"hadm_id": "id"})
    both = read.groupby("id")["icd_version"].nunique()
    if (both > 1).any():
        raise SystemExit("an admission has codes of both versions, which comorbidipy cannot take")
    lines, counts, sums = [], dict.fromkeys(CONDITIONS, 0), {"1987": 0, "2011": 0}
    otherwise = 0
    for number, icd in (("9", "icd9"), ("10", "icd10")):
        codes = read[read["icd_version"] == number][["id", "code"]]
        found = each_alone(codes, icd=icd)
        old = weighed(found, icd=icd, weighting="charlson")
        new = weighed(found, icd=icd, weighting="quan")
        shipped = scored(codes, icd=icd, weighting="charlson")
        for admission in found.index:
            shown = [ours for ours, theirs in CONDITIONS.items() if found.at[admission, theirs]]
            quan = int(new[admission]) + (AIDS_SHORT if "aids" in shown else 0)
            charlson = int(old[admission])
            otherwise += charlson != int(shipped.at[admission, "comorbidity_score"])
            lines.append(f"{admission},{'+'.join(sorted(shown))},{charlson},{quan}")
            sums["1987"] += charlson
            sums["2011"] += quan
            for name in shown:
                counts[name] += 1
    return {
        "made_by": f"comorbidipy {version('comorbidipy')}, each condition asked for by itself, "
        "AIDS put at 4 in Quan's weights",
        "admissions_that_differ_as_shipped": otherwise,
        "admissions": len(lines),
        "conditions": counts,
        "sum_of_totals": sums,
        "sha256": hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest(),
    }


if __name__ == "__main__":
    made = figures(Path(sys.argv[1]))
    Path(sys.argv[2]).write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")
