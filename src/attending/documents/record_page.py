"""Any record as a stand-alone page: all that it says, so that nothing is signed unseen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attending.documents.pages import document
from attending.records.decisions import SpecDocument

if TYPE_CHECKING:
    from collections.abc import Mapping


def record_page(content: Mapping[str, Any], *, digest: str, synthetic: bool) -> bytes:
    """Return a page of all that a record says, the same bytes for the same record.

    >>> page = record_page({"kind": "run", "seed": 7}, digest="ab" * 32, synthetic=False)
    >>> b"<dt>seed</dt> <dd>7</dd>" in page
    True
    """
    # Only of a kept spec is `spec` its name; elsewhere it is the digest of the plan it obeys.
    named = content["spec"] if content["kind"] == SpecDocument.kind else content["kind"]
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
