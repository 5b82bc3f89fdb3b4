"""Chronic conditions: who has them, what they weigh, how they are coded.

Weights are those that LACE gives to the Charlson groups; a condition without weight is there so
that code lists meet codes they must ignore. Prevalences are rough figures for people in contact
with a hospital, at age 60; they rise with age, frailty and hardship. A condition never begins
or ends during the simulated years.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Condition:
    """One chronic condition.

    Args:
        name: our word for it.
        codes: ICD-10-CM codes; each patient has one of them throughout.
        weight: LACE points.
        at_60: part of 60-year-olds who have it, 0 to 1.
        per_decade: change of the log odds for ten years of age.
        frailty, hardship: change of the log odds for one standard deviation.
    """

    name: str
    codes: tuple[str, ...]
    weight: int
    at_60: float
    per_decade: float
    frailty: float
    hardship: float = 0.0


CONDITIONS = (
    Condition("infarction", ("I25.2",), 1, 0.07, 0.45, 0.5),
    Condition("heart_failure", ("I50.9", "I50.22", "I50.32"), 2, 0.08, 0.6, 0.8, 0.1),
    Condition("vascular", ("I73.9", "I70.219"), 1, 0.05, 0.5, 0.5, 0.1),
    Condition("cerebrovascular", ("I69.354", "I67.9"), 1, 0.05, 0.55, 0.5),
    Condition("dementia", ("F03.90", "G30.9"), 3, 0.012, 1.1, 0.6),
    Condition("pulmonary", ("J44.9", "J43.9"), 2, 0.10, 0.35, 0.6, 0.3),
    Condition("connective", ("M06.9", "M32.9"), 3, 0.025, 0.1, 0.2),
    Condition("liver", ("K74.60", "K70.30"), 2, 0.03, 0.0, 0.5, 0.4),
    Condition("liver_severe", ("K72.90", "I85.00"), 4, 0.012, 0.0, 0.7, 0.4),
    Condition("diabetes", ("E11.9",), 1, 0.14, 0.25, 0.3, 0.2),
    Condition("diabetes_damage", ("E11.22", "E11.40"), 2, 0.06, 0.3, 0.6, 0.2),
    Condition("renal", ("N18.30", "N18.4", "N18.6"), 4, 0.07, 0.5, 0.8, 0.1),
    Condition("cancer", ("C34.90", "C50.919", "C18.9", "C61"), 2, 0.07, 0.35, 0.3),
    Condition("metastatic", ("C78.7", "C79.51"), 6, 0.20, 0.1, 0.6),
    Condition("aids", ("B20",), 4, 0.006, -0.3, 0.2, 0.6),
    Condition("hypertension", ("I10",), 0, 0.42, 0.45, 0.2, 0.1),
    Condition("lipids", ("E78.5",), 0, 0.34, 0.3, 0.1),
    Condition("depression", ("F32.9", "F33.1"), 0, 0.14, -0.05, 0.3, 0.3),
    Condition("alcohol", ("F10.20",), 0, 0.05, -0.2, 0.3, 0.5),
    Condition("arthritis", ("M19.90",), 0, 0.18, 0.4, 0.2),
)
INDEX = {condition.name: at for at, condition in enumerate(CONDITIONS)}


@dataclass(frozen=True)
class Cause:
    """A reason for an unplanned stay.

    Args:
        code: ICD-10-CM code of the principal diagnosis.
        weight: how common, relative to the others.
        per_decade: change of the log weight for ten years of age above 60.
        needs: a chronic condition without which it does not happen, or empty.
        child: happens to children; the others happen to adults.
    """

    code: str
    weight: float
    per_decade: float = 0.0
    needs: str = ""
    child: bool = False


CAUSES = (
    Cause("A41.9", 1.0, 0.2),
    Cause("J18.9", 1.0, 0.15),
    Cause("I50.23", 3.5, 0.1, needs="heart_failure"),
    Cause("J44.1", 2.5, needs="pulmonary"),
    Cause("N39.0", 0.6, 0.2),
    Cause("N17.9", 0.6, 0.1),
    Cause("K92.2", 0.5, 0.1),
    Cause("I63.9", 0.5, 0.3),
    Cause("I21.4", 0.6, 0.2),
    Cause("L03.115", 0.6),
    Cause("R07.9", 0.7, -0.1),
    Cause("E86.0", 0.4),
    Cause("K85.90", 0.4, -0.2),
    Cause("S72.001A", 0.35, 0.7),
    Cause("J21.9", 1.0, child=True),
    Cause("J45.901", 0.8, child=True),
    Cause("A08.4", 0.7, child=True),
    Cause("R56.00", 0.4, child=True),
)

#: Principal diagnoses of planned stays: chemotherapy, worn knee, worn hip.
FOR_CHEMOTHERAPY = "Z51.11"
KNEE, HIP = "M17.11", "M16.11"
#: Reasons of visits that end at home or in the clinic.
MINOR = ("R51.9", "S93.401A", "J06.9", "R10.9", "M54.50", "N39.0", "R07.9", "Z00.00", "I10")
#: Principal diagnoses: the causes of unplanned stays, then the planned ones, then the minor ones.
PRINCIPAL = (*(c.code for c in CAUSES), FOR_CHEMOTHERAPY, KNEE, HIP, *MINOR)
FIRST_MINOR = len(PRINCIPAL) - len(MINOR)
