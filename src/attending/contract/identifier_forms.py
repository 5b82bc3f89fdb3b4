"""The kinds of identifier that Safe Harbor names and that have a form by which they can be seen.

Biometric marks and photographs have none, and a name without a word before it looks like any word:
a scan that finds nothing shows that nothing of these forms is there, and no more.

References:
    45 CFR 164.514(b)(2)(i), items A to R.
"""

from __future__ import annotations

from typing import NamedTuple


class Form(NamedTuple):
    """One kind of identifier: its item in the rule, and a pattern (RE2) that finds it.

    >>> FORMS["email"].item
    'F'
    """

    item: str
    pattern: str


_MONTH = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
_NUMBER = r"\W{0,3}(no|nr|number|id|#)?\W{0,4}"
_BYTE = r"(25[0-5]|2[0-4]\d|1?\d?\d)"
_STREET = (
    r"(street|avenue|road|drive|lane|boulevard|court|place|square|st\.|ave\.|rd\.|dr\.|blvd\.?)"
)

FORMS: dict[str, Form] = {
    "name": Form(
        "A",
        r"\b(Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Herr|Frau)\b\.? ?[A-Z]\p{Ll}+"
        r"|(?i:\b(patient|name|mother|father|wife|husband|spouse|daughter|son|brother|sister|carer"
        r"|guardian|next of kin)( name)?) ?[:=] ?\p{Lu}\p{Ll}+",
    ),
    "address": Form("B", rf"(?i)\b\d{{1,5}}[a-z]? (\p{{L}}[\p{{L}}'.-]* ){{1,4}}{_STREET}(\W|$)"),
    "postcode": Form(
        "B",
        r"\b[A-Z]{2},? \d{5}(-\d{4})?\b|(?i:\b(zip|postcode|postal code)( code)?"
        r"\W{0,3}[a-z0-9]{2,4}[ -]?[a-z0-9]{1,4}\b)",
    ),
    "date": Form(
        "C",
        r"\b\d{4}-\d{1,2}-\d{1,2}\b|\b\d{1,2}([/.])\d{1,2}[/.](19|20)?\d{2}\b"
        rf"|(?i:\b\d{{1,2}}(st|nd|rd|th|\.)?[ -]{_MONTH}[ ,-]{{1,2}}\d{{2,4}}\b)"
        rf"|(?i:\b{_MONTH} \d{{1,2}}(st|nd|rd|th)?,? \d{{4}}\b)",
    ),
    "age_over_89": Form(
        "C",
        r"(?i)\b(9\d|1[0-3]\d)[ -]?(y/?o|years?|yrs?)([ -]old|[ -]of[ -]age)?\b"
        r"|\bage[ds]?\W{0,3}(9\d|1[0-3]\d)\b",
    ),
    "fax": Form("E", r"(?i)\bfax\W{0,5}[+(]?\d[\d ()./-]{5,}"),
    "telephone": Form(
        "D",
        r"(^|[^\w.-])((\+\d{1,3}[ .-]?)?\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}"
        r"|\+\d{1,3}[ .-]?\d[\d .-]{6,}\d)"
        r"($|[^\w-])|(?i:\b(tel|telephone|phone|cell|mobile|pager|call)\b\W{0,4}(at |no |number )?"
        r"[+(]?\d[\d ()./-]{5,})",
    ),
    "email": Form("F", r"(?i)[a-z0-9._%+-]+@[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}"),
    "social_security": Form("G", r"\b\d{3}-\d{2}-\d{4}\b|(?i:\bssn\b\W{0,4}\d{3,})"),
    "record_number": Form(
        "H",
        rf"(?i)\b(mrn|medical record|chart|hospital number|nhs number|patient id){_NUMBER}\d{{4,}}",
    ),
    "account": Form(
        "I, J, K",
        r"(?i)\b(account|acct|policy|member|beneficiary|insurance|medicare|medicaid|licen[cs]e"
        rf"|certificate|passport){_NUMBER}[a-z]{{0,3}}-?\d{{4,}}",
    ),
    "vehicle": Form(
        "L", r"(?i)\bvin\W{0,4}[a-hj-npr-z0-9]{11,17}\b|\b(licen[cs]e|number) plate\W{0,4}[a-z0-9]"
    ),
    "device": Form(
        "M", rf"(?i)\b(serial|s/n|udi|implant|device|lot){_NUMBER}[a-z]{{0,4}}-?\d[\w-]{{4,}}"
    ),
    "url": Form("N", r"(?i)\b(https?|ftp)://\S|\bwww\.[a-z0-9]"),
    "ip_address": Form(
        "O",
        rf"(^|[^\d.])({_BYTE}\.){{3}}{_BYTE}($|[^\d.])|(?i:\b([0-9a-f]{{1,4}}:){{7}}[0-9a-f]{{1,4}}\b)",
    ),
    "other_number": Form(
        "R", r"(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"
    ),
}
