"""Pick from FHIR resources the few fields that events need, each as text or nothing."""

from __future__ import annotations

from typing import Any

from attending.ingest.fhir_links import link_words

#: Columns that each resource always has; an Observation has `code1`, `number1`, ... for more parts.
COLUMNS: dict[str, tuple[str, ...]] = {
    "Patient": (
        "id", "born", "died", "sex", "race", "language", "updated", "links", "active", "test",
    ),
    "Encounter": (
        "id", "status", "patient", "class", "start", "end", "site", "unit", "disposition", "kind",
        "updated",
    ),
    "Observation": (
        "id", "status", "patient", "encounter", "time", "known", "updated", "site", "code0",
        "number0", "text0", "unit0",
    ),
    "Condition": ("id", "status", "patient", "encounter", "time", "known", "code"),
}  # fmt: skip
_VOCABULARIES = {
    "http://loinc.org": "LOINC",
    "http://snomed.info/sct": "SNOMED",
    "http://hl7.org/fhir/sid/icd-10-cm": "ICD10CM",
    "http://hl7.org/fhir/sid/icd-9-cm": "ICD9CM",
    "http://hl7.org/fhir/sid/icd-10": "ICD10",
    "http://www.cms.gov/Medicare/Coding/ICD10": "ICD10PCS",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "RXNORM",
    "http://hl7.org/fhir/sid/ndc": "NDC",
    "http://hl7.org/fhir/sid/cvx": "CVX",
    "http://www.ama-assn.org/go/cpt": "CPT",
    "http://www.whocc.no/atc": "ATC",
    "http://dicom.nema.org/resources/ontology/DCM": "DCM",
    "http://terminology.hl7.org/CodeSystem/v2-0074": "V2-0074",
}
_LANGUAGES = {"en": "ENGLISH", "es": "SPANISH"}
_RACE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"
#: HL7's label of records that were made to try a system out.
_TEST_LABEL = "HTEST"
#: How dates of four, seven and ten characters are filled up to their first and last day.
_MONTHS_END = ("31", "28", "31", "30", "31", "30", "31", "31", "30", "31", "30", "31")


def patient(item: Any) -> dict[str, str | None]:  # noqa: ANN401 - JSON
    """Return who a patient is, as far as events say it; no name, no address."""
    spoken = _first(item.get("communication"))
    return {
        "id": identifier(item.get("id")),
        "born": first_day(item.get("birthDate")),
        "died": last_day(item.get("deceasedDateTime")),
        "sex": _text(item.get("gender")),
        "race": _race(item),
        "language": _language(spoken.get("language") or {}),
        "updated": last_day(_updated(item)),
        "links": link_words([_link(one) for one in item.get("link") or []]),
        "active": "false" if item.get("active") is False else None,
        "test": "true" if _is_test(item) else None,
    }


def encounter(item: Any) -> dict[str, str | None]:  # noqa: ANN401 - JSON
    """Return a stay: whose, what class, from when to when, where to."""
    period = item.get("period") or {}
    outcome = (item.get("hospitalization") or {}).get("dischargeDisposition") or {}
    place = (_first(item.get("location")).get("location")) or {}
    urgency = _text(_word(item.get("priority") or {}))
    return {
        "id": identifier(item.get("id")),
        "status": _text(item.get("status")),
        "patient": _reference(item.get("subject")),
        "class": _text((item.get("class") or {}).get("code")),
        "start": first_day(period.get("start")),
        "end": last_day(period.get("end")),
        "site": _named(item.get("serviceProvider")),
        "unit": _text(place.get("display")),
        "disposition": _text(_first(outcome.get("coding")).get("code")) or _text(_word(outcome)),
        "kind": urgency or coded(_first(item.get("type"))),
        "updated": last_day(_updated(item)),
    }


def observation(item: Any) -> dict[str, str | None]:  # noqa: ANN401 - JSON
    """Return a measurement: whose, when, when issued, and the code and value of each part."""
    happened = item.get("effectiveDateTime") or item.get("effectiveInstant")
    happened = happened or (item.get("effectivePeriod") or {}).get("start")
    found = {
        "id": identifier(item.get("id")),
        "status": _text(item.get("status")),
        "patient": _reference(item.get("subject")),
        "encounter": _reference(item.get("encounter")),
        "time": first_day(happened),
        "known": last_day(item.get("issued") or _updated(item)),
        "updated": last_day(_updated(item)),
        "site": _named(_first(item.get("performer"))),
    }
    parts = [item] if _has_value(item) or not item.get("component") else []
    for place, part in enumerate([*parts, *item.get("component", [])]):
        quantity = part.get("valueQuantity") or {}
        comparator = _text(quantity.get("comparator"))
        amount = _text(quantity.get("value", part.get("valueInteger")))
        found[f"code{place}"] = coded(part.get("code"))
        # '<0.01' is censored: it stays text, as it is neither that number nor nothing.
        found[f"number{place}"] = None if comparator else amount
        found[f"text{place}"] = f"{comparator}{amount}" if comparator else _worded(part)
        found[f"unit{place}"] = _text(quantity.get("code") or quantity.get("unit"))
    return found


def condition(item: Any) -> dict[str, str | None]:  # noqa: ANN401 - JSON
    """Return a diagnosis: whose, since when, and when it was written down."""
    onset = item.get("onsetDateTime") or (item.get("onsetPeriod") or {}).get("start")
    verified = _first((item.get("verificationStatus") or {}).get("coding"))
    return {
        "id": identifier(item.get("id")),
        "status": _text(verified.get("code")),
        "patient": _reference(item.get("subject")),
        "encounter": _reference(item.get("encounter")),
        "time": first_day(onset or item.get("recordedDate")),
        "known": last_day(item.get("recordedDate") or _updated(item)),
        "code": coded(item.get("code")),
    }


def identifier(value: object) -> str | None:
    """Return the id within a reference or an id, without its kind or prefix.

    >>> identifier("Patient/12"), identifier("urn:uuid:a-b"), identifier("")
    ('12', 'a-b', None)
    """
    text = _text(value) or ""
    return text.removeprefix("urn:uuid:").rpartition("/")[2] or None


def coded(concept: Any) -> str | None:  # noqa: ANN401 - JSON
    """Return `VOCABULARY//code` of a concept's first coding in a vocabulary that we know.

    >>> coded({"coding": [{"system": "http://loinc.org", "code": "2160-0"}]})
    'LOINC//2160-0'
    """
    codings = (concept or {}).get("coding") or []
    for coding in codings:
        vocabulary = _VOCABULARIES.get(coding.get("system", ""))
        if vocabulary and coding.get("code"):
            code = str(coding["code"])
            plain = code.upper().replace(".", "") if vocabulary.startswith("ICD") else code
            return f"{vocabulary}//{plain}"
    return None


def first_day(text: object) -> str | None:
    """Return a date or instant, a partial date filled up to the first moment of its period.

    >>> first_day("2020-02"), first_day("2020"), first_day("2020-02-03T04:05:06+01:00")
    ('2020-02-01T00:00:00Z', '2020-01-01T00:00:00Z', '2020-02-03T04:05:06+01:00')
    """
    return _filled(text, month="01", last=False)


def last_day(text: object) -> str | None:
    """Return a date or instant, a partial date filled up to the last moment of its period.

    >>> last_day("2020-02"), last_day("2020-02-03")
    ('2020-02-29T23:59:59.999999Z', '2020-02-03T23:59:59.999999Z')
    """
    return _filled(text, month="12", last=True)


def _filled(value: object, *, month: str, last: bool) -> str | None:
    text = _text(value)
    if text is None or "T" in text:
        return text
    clock = "T23:59:59.999999Z" if last else "T00:00:00Z"
    if len(text) == len("2020"):
        text = f"{text}-{month}"
    if len(text) == len("2020-02"):
        text = f"{text}-{_month_end(text) if last else '01'}"
    return text + clock


def _month_end(year_month: str) -> str:
    year, _, month = year_month.partition("-")
    if not (year.isdigit() and month.isdigit() and 1 <= int(month) <= len(_MONTHS_END)):
        return "01"
    leap = int(year) % 4 == 0 and (int(year) % 100 != 0 or int(year) % 400 == 0)
    return "29" if leap and int(month) == 2 else _MONTHS_END[int(month) - 1]


def _text(value: object) -> str | None:
    return None if value is None or value == "" else str(value)


def _first(items: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return items[0] if items else {}


def _word(concept: Any) -> object:  # noqa: ANN401 - JSON
    coding = _first(concept.get("coding"))
    return coding.get("display") or concept.get("text") or coding.get("code")


def _language(concept: Any) -> str | None:  # noqa: ANN401 - JSON
    word = _text(_word(concept))
    return _LANGUAGES.get((word or "").partition("-")[0], word)


def _named(reference: Any) -> str | None:  # noqa: ANN401 - JSON
    return _text((reference or {}).get("display")) or _reference(reference)


def _reference(value: Any) -> str | None:  # noqa: ANN401 - JSON
    return identifier((value or {}).get("reference"))


def _updated(item: Any) -> object:  # noqa: ANN401 - JSON
    return (item.get("meta") or {}).get("lastUpdated")


def _has_value(item: Any) -> bool:  # noqa: ANN401 - JSON
    return any(key.startswith("value") for key in item)


def _worded(part: Any) -> str | None:  # noqa: ANN401 - JSON
    if part.get("valueString") is not None:
        return _text(part["valueString"])
    return _text(_word(part.get("valueCodeableConcept") or {}))


def _link(one: Any) -> tuple[str | None, str | None]:  # noqa: ANN401 - JSON
    return _text(one.get("type")), _reference(one.get("other"))


def _is_test(item: Any) -> bool:  # noqa: ANN401 - JSON
    """Return whether a record carries HL7's security label for test data."""
    labels = (item.get("meta") or {}).get("security") or []
    return any(one.get("code") == _TEST_LABEL for one in labels)


def _race(item: Any) -> str | None:  # noqa: ANN401 - JSON
    own = [one for one in item.get("extension") or [] if one.get("url") == _RACE]
    parts = [part for one in own for part in one.get("extension") or []]
    words = [part.get("valueString") for part in parts if part.get("url") == "text"]
    return _text(words[0]) if words else None
