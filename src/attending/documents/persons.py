"""Persons in papers: by the name that stands beside a signature, not by their login."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def by_name(text: str, names: Mapping[str, str]) -> str:
    """Return logins between commas as printed names; whatever else stands there stays.

    >>> known = {"omar": "Omar Haddad", "clara": "Dr Clara Moss"}
    >>> by_name("omar (operation), clara (clinical)", known)
    'Omar Haddad (operation), Dr Clara Moss (clinical)'
    >>> by_name("clinical owner, clara", known), by_name("clara calls the wards", known)
    ('clinical owner, Dr Clara Moss', 'clara calls the wards')
    """
    return ", ".join(_named(part, names) for part in text.split(", "))


def _named(part: str, names: Mapping[str, str]) -> str:
    login, bracket, rest = part.partition(" (")
    return names.get(login, login) + bracket + rest
