"""The spec that a signed document says, made of it once in a process."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from attending.specs.base import Spec
from attending.stores.kept import KEPT

if TYPE_CHECKING:
    from attending.records.decisions import SpecDocument
    from attending.records.governance import AdoptedPolicy

S = TypeVar("S", bound=Spec)
#: About as many bytes as a spec has.
_SPEC_BYTES = 8192


def spec_said(document: SpecDocument | AdoptedPolicy, kind: type[S]) -> S:
    """Return the spec that a document says; the same document is the same spec.

    Args:
        document: as the store gave it, held against its name.
        kind: of the spec that it says.
    """
    return KEPT.made(
        document.digest, kind, lambda: kind.model_validate(document.says), size=_SPEC_BYTES
    )
