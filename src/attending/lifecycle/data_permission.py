"""Whether the permission to use the data is signed by one who minds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.govern.gates import Fact
from attending.lifecycle.signing import spec_document
from attending.lifecycle.standing import standing_on

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.records.run import Run

_DATA_GUARDS = frozenset({"compliance_officer", "privacy_officer"})


def access_reviewed(desk: Desk, project: Project, _run: Run) -> Fact:
    """Return whether who minds the data has signed the permission of the contract as it stands."""
    digest = spec_document(desk, project, "data_access")
    permission = project.contract.permission
    if permission is None:
        return Fact("failed", note="the contract names no permission")
    if permission.expires is not None and permission.expires < desk.at.date():
        return Fact("failed", note="the permission has expired")
    signed = standing_on(desk, digest) if digest else ()
    if not any(item.role in _DATA_GUARDS for item in signed):
        return Fact(
            "missing",
            note="the permission is not signed: `attending release propose`, then sign the digest "
            "that it prints as data_access",
        )
    return Fact("met", digest)
