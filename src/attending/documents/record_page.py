"""Any record as a stand-alone page: all that it says, so that nothing is signed unseen."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from attending.documents.pages import document

if TYPE_CHECKING:
    from collections.abc import Mapping

_DIGEST = re.compile(r"[0-9a-f]{64}")


def record_page(content: Mapping[str, Any], *, digest: str, synthetic: bool) -> bytes:
    """Return a page of all that a record says, the same bytes for the same record.

    >>> page = record_page({"kind": "run", "seed": 7}, digest="ab" * 32, synthetic=False)
    >>> b"<dt>seed</dt> <dd>7</dd>" in page
    True
    """
    spec = str(content.get("spec", ""))
    # A spec as a document says which it is; of other records `spec` is the digest of theirs.
    named = content["kind"] if not spec or _DIGEST.fullmatch(spec) else spec
    kind = str(named).replace("_", " ")
    says = {name: value for name, value in content.items() if name != "kind"}
    return document(
        "record.html.j2",
        synthetic=synthetic,
        kind=kind[:1].upper() + kind[1:],
        title=f"{kind[:1].upper()}{kind[1:]} {digest[:12]}",
        says=says,
        digest=digest,
    )
