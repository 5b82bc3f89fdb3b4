"""What differs between the release plan that was signed and the one that is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from attending.specs.release import ReleaseSpec


@dataclass(frozen=True)
class Difference:
    """One thing that was changed: its code, and what it says."""

    code: str
    says: str


def differences(signed: ReleaseSpec, asked: ReleaseSpec) -> tuple[Difference, ...]:
    """Return what was changed since the signature, what matters most first; empty when nothing.

    Args:
        signed: the plan as it was signed.
        asked: the plan as it stands in the project.
    """
    if signed.digest == asked.digest:
        return ()
    return tuple(_found(signed, asked)) or (
        Difference("release.plan_changed", "another part of the plan"),
    )


def _found(signed: ReleaseSpec, asked: ReleaseSpec) -> Iterator[Difference]:
    if signed.threshold != asked.threshold:
        was, now = signed.threshold.value, asked.threshold.value
        yield Difference("release.threshold_changed", f"threshold {was}, now {now}")
    if signed.fallback.threshold != asked.fallback.threshold:
        yield Difference("release.threshold_changed", "the fallback's threshold")
    if (signed.scope.sites, signed.scope.units) != (asked.scope.sites, asked.scope.units):
        yield Difference("release.sites_changed", "sites or units of the scope")
    for before, after in zip(signed.stages, asked.stages, strict=True):
        if (before.sites, before.units) != (after.sites, after.units):
            yield Difference("release.sites_changed", f"sites or units of {before.stage}")
        if before.share != after.share:
            says = f"share of {before.stage} {before.share}, now {after.share}"
            yield Difference("release.share_changed", says)
