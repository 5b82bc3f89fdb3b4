"""The record systems that a home lets ask: `policy/ehr.yaml` and the keys beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from attending.errors import BadInput
from attending.specs.ehr import EhrSpec
from attending.specs.read_yaml import read_spec

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class EhrPolicy:
    """What is said of the record systems, and the public keys of each issuer, as JWK sets."""

    spec: EhrSpec
    keys: tuple[tuple[str, Mapping[str, Any]], ...]


def ehr_policy(root: Path) -> EhrPolicy | None:
    """Return the record systems that a home names, None when it names none.

    Raises:
        BadInput: the file is not what it must be, or an issuer's keys cannot be read.
    """
    path = root / "policy" / "ehr.yaml"
    if not path.is_file():
        return None
    spec = read_spec(path, EhrSpec)
    return EhrPolicy(
        spec, tuple((one.iss, _keys(root / "policy" / one.keys)) for one in spec.issuers)
    )


def _keys(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = None
    if not isinstance(found, dict):
        raise BadInput(
            "the keys of an issuer cannot be read",
            code="ehr.keys",
            hint="Put its public JWK set beside ehr.yaml.",
            where=path.name,
        )
    return found
