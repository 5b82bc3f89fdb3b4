"""Words that all sources share: classes of stay and dispositions."""

from __future__ import annotations

#: Classes of stay that `ENCOUNTER//ADMISSION//` and `ENCOUNTER//DISCHARGE//` may name.
CLASSES = ("INPATIENT", "OBSERVATION", "ED", "OUTPATIENT", "ICU")
DIED = "DIED"
IN_HOSPITAL = "IN_HOSPITAL"
#: A source's words for where a patient went -> ours; what is not here keeps its own words.
DISPOSITIONS = {
    "SKILLED NURSING FACILITY": "SNF",
    "AGAINST ADVICE": "AMA",
    "ACUTE HOSPITAL": "TRANSFER",
    "EXPIRED": DIED,
    # FHIR's discharge-disposition codes, then the numbers of the uniform bill.
    "EXP": DIED,
    "HOSP": "HOSPICE",
    "AADVICE": "AMA",
    "OTHER-HCF": "TRANSFER",
    "01": "HOME",
    "02": "TRANSFER",
    "03": "SNF",
    "07": "AMA",
    "20": DIED,
    "50": "HOSPICE",
    "51": "HOSPICE",
}


def disposition(word: str) -> str:
    """Return where a patient went, in our words where we have one.

    >>> disposition("Skilled nursing facility"), disposition("home"), disposition("Rehab")
    ('SNF', 'HOME', 'REHAB')
    """
    upper = word.strip().upper()
    return DISPOSITIONS.get(upper, upper)
