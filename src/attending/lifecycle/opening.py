"""Opening a document: the bytes are shown, who saw them is kept, and a number comes with them."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from attending.digests import digest_of
from attending.errors import Denied
from attending.keys import same
from attending.lifecycle.desk import keep
from attending.lifecycle.papers import rendered
from attending.records.decisions import SpecDocument
from attending.records.governance import Approval
from attending.records.people import Opening

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk


def open_document(desk: Desk, name: str, *, person: str) -> tuple[Opening, bytes]:
    """Return the opening of a document by a person, kept, and exactly the bytes that are shown.

    Args:
        desk: where and when.
        name: the start of the record's digest.
        person: who reads it, by id.

    Raises:
        NotFound: no such record or person.
        Denied: the person is not active.
        IntegrityBroken: the record or its page has other bytes than its name says.
    """
    digest = desk.home.catalog.find(name)
    if not desk.home.users.get(person).active:
        raise Denied("this person is not active", code="act.person")
    shown = rendered(desk, digest)
    opening = Opening(
        document=digest,
        rendered=shown,
        person_id=person,
        nonce=new_nonce(desk, digest, person),
        purpose=purpose_of(desk, digest),
        opened_at=desk.at,
    )
    keep(
        desk,
        opening,
        action="document.open",
        keys={"document": digest, "person": person, "nonce": opening.nonce},
        details={"document": digest, "rendered": shown},
    )
    return opening, desk.home.artifacts.read(shown)


def newest_opening(desk: Desk, document: str, person: str, *, nonce: str) -> Opening | None:
    """Return the opening that a signature rests on: the newest unused one, or that of a number.

    Raises:
        Denied: the number was not given to this person, for this document, in this home.
    """
    found = desk.home.catalog.all(Opening, document=document, person=person)
    if nonce:
        named = [one for one in found if same(one.nonce, nonce)]
        if not named:
            raise Denied(
                "this number was not given to this person for this document here",
                code="approval.nonce",
                hint="Open the document again and sign what you read.",
            )
        return named[-1]
    used = {one.nonce for one in desk.home.catalog.all(Approval, signer=person)}
    free = [one for one in found if one.nonce not in used]
    return free[-1] if free else None


def new_nonce(desk: Desk, document: str, person: str) -> str:
    """Return a number for one signature: random, and from the ledger's end in a simulated home."""
    if desk.home.synthetic:
        said = {"document": document, "person": person, "end": desk.home.ledger.size}
        return digest_of(said)
    return secrets.token_hex(32)


def purpose_of(desk: Desk, digest: str) -> str:
    """Return what a signature on a document is for: its kind and its model.

    It is part of what is signed, so a number given for one cannot sign another.
    """
    content = desk.home.catalog.content(digest)
    about = desk.home.catalog.keys(digest).get("model") or content.get("model") or "no model"
    kind = content["kind"]
    return f"{content['spec'] if kind == SpecDocument.kind else kind} of {about}"
