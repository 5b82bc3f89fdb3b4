"""The hospital's own sign-in that a home names: `policy/provider.yaml`, and the client's secret."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from attending.errors import BadInput
from attending.specs.provider import ProviderSpec
from attending.specs.read_yaml import read_spec
from attending.stores.private import check_private

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class ProviderPolicy:
    """What is said of the provider, our secret there, and whose certificates count."""

    spec: ProviderSpec
    secret: str = field(repr=False)
    certificates: Path | None = None


def provider_policy(root: Path) -> ProviderPolicy | None:
    """Return the provider that a home names, None when it names none.

    Raises:
        BadInput: the file is not what it must be, others can read the secret, or there is none.
    """
    path = root / "policy" / "provider.yaml"
    if not path.is_file():
        return None
    spec = read_spec(path, ProviderSpec)
    certificates = root / "policy" / spec.certificates if spec.certificates else None
    return ProviderPolicy(spec, _secret(root, spec), certificates)


def _secret(root: Path, spec: ProviderSpec) -> str:
    if spec.secret_file is not None:
        path = root / "keys" / spec.secret_file
        check_private(path)
        found = path.read_text(encoding="utf-8").strip()
    else:
        found = os.environ.get(spec.secret_variable or "", "").strip()
    if not found:
        raise BadInput(
            "the client's secret at the provider is empty",
            code="provider.secret",
            hint="Put it into keys/ with mode 600, or set the variable that provider.yaml names.",
            where=spec.secret_file or spec.secret_variable or "",
        )
    return found
