"""Search over everything: models, features, persons, incidents, and what was signed and read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from attending.errors import BadInput, NotFound
from attending.lifecycle import catalogue, overview
from attending.lifecycle.catalogued import catalogued
from attending.lifecycle.desk import in_view
from attending.lifecycle.people import people
from attending.lifecycle.search_index import index_of
from attending.lifecycle.searching import KINDS
from attending.records.incident import Incident, IncidentReview, IncidentStep
from attending.stores.search import Text, matching

if TYPE_CHECKING:
    from collections.abc import Iterator

    from attending.lifecycle.desk import Desk
    from attending.stores.search import Hit

_DIGEST = re.compile(r"[0-9a-f]{8,64}")
_OF_AN_INCIDENT = frozenset({IncidentStep.kind, IncidentReview.kind})


@dataclass(frozen=True)
class Found:
    """One thing that was found.

    Attributes:
        kind: `model`, `feature`, `code list`, `contract`, `cohort`, `person`, `document`, or of a
            record.
        name: of the thing; the digest of a document or record, and of its incident's for a step.
        around: a few words around the first.
    """

    kind: str
    name: str
    title: str
    around: str


def everything(desk: Desk, words: str, *, persons: bool, limit: int = 50) -> tuple[Found, ...]:
    """Return what all words stand in, the best first; a digest by its start.

    Args:
        desk: where.
        words: words; `"two words"` together, `calib*` by its start; or the start of a digest.
        persons: whether persons are found too.
        limit: how many at most.

    Raises:
        BadInput: there is no word.
        IntegrityBroken: a record or a document is not what its name says.
    """
    named = tuple(_by_digest(desk, words.strip()))
    if named:
        return named
    matching(words)  # no word is refused before anything is read
    desk = in_view(desk)
    things = tuple(_things(desk, persons=persons))
    hits = index_of(desk).search(words, limit=limit, beside=things)
    return tuple(_shown(desk, one) for one in hits)


def _shown(desk: Desk, hit: Hit) -> Found:
    """Return what was found as it is shown; a record or a document is read and checked again."""
    if hit.kind in KINDS:
        desk.home.catalog.data(hit.digest)
    elif hit.kind == "document":
        desk.home.artifacts.read(hit.digest)
    return _found(desk, hit.kind, hit.digest, hit.title, hit.around)


def _by_digest(desk: Desk, word: str) -> Iterator[Found]:
    """Yield the record that a digest names by its start."""
    if not _DIGEST.fullmatch(word):
        return
    try:
        digest = desk.home.catalog.find(word)
    except (NotFound, BadInput):
        return
    kind = desk.home.catalog.content(digest)["kind"]
    if kind in KINDS:
        yield _found(desk, kind, digest, kind.replace("_", " "), f"record {digest}")


def _found(desk: Desk, kind: str, digest: str, title: str, around: str) -> Found:  # noqa: PLR0917
    name = digest.partition(":")[2] or digest
    if kind == Incident.kind:
        title = desk.home.catalog.content(digest)["title"]
    if kind in _OF_AN_INCIDENT:
        return Found(Incident.kind, desk.home.catalog.content(digest)["incident"], title, around)
    return Found(kind.replace("_", " "), name, title, around)


def _things(desk: Desk, *, persons: bool) -> Iterator[Text]:
    """Yield what has a name: models, features, code lists, contracts, cohorts, persons."""
    for one in overview.standings(desk):
        stands = one.deployment
        body = f"{one.purpose} {stands.version} {stands.stage} {one.answer}"
        yield Text(f"model:{one.model}", "model", one.model, _spoken(one.model, body))
    held = catalogued(desk)
    for line in held.features:
        body = f"{line.label} {line.purpose} owner {line.owner} {line.status}"
        yield Text(f"feature:{line.name}", "feature", line.label, _spoken(line.name, body))
    for codes in held.code_lists:
        body = f"{codes.title} {codes.version} owner {codes.owner}"
        yield Text(f"code_list:{codes.name}", "code list", codes.title, _spoken(codes.name, body))
    for contract in held.contracts:
        body = f"{contract.version} {contract.owner} {contract.status} {' '.join(contract.sources)}"
        yield Text(f"contract:{contract.name}", "contract", contract.name, body)
    for cohort in held.cohorts:
        body = _spoken(cohort.record.name, f"{cohort.record.version} {cohort.model}")
        yield Text(f"cohort:{cohort.model}", "cohort", cohort.record.name, body)
    for person in people(desk) if persons else ():
        body = f"{person.person_id} {' '.join(person.roles)}"
        yield Text(f"person:{person.person_id}", "person", person.printed_name, body)


def _spoken(name: str, body: str) -> str:
    """Return a name with its parts apart, so that each is found, before what is said of it.

    >>> _spoken("sodium_last", "Sodium")
    'sodium_last sodium last Sodium'
    """
    return f"{name} {' '.join(re.split(r'[_-]', name))} {body}"


def shared(desk: Desk, name: str) -> bool:
    """Return whether a feature is in the catalogue."""
    return name in catalogue.names(desk)
