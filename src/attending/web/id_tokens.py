"""What the hospital's provider says of who signed in: an ID token, for us, now, asked by us."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from attending.keys import same
from attending.web.signed_tokens import BadToken, check_signature, check_times

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attending.specs.provider import ProviderSpec
    from attending.web.signed_tokens import IssuerKey, Parts

SKEW_SECONDS, _LONGEST_SECONDS = 60, 24 * 3600
_MOST_SUBJECT = 255


@dataclass(frozen=True)
class Expected:
    """What we asked for, which an ID token must answer.

    Attributes:
        nonce: that we sent.
        since: seconds since 1970 since which the person must have signed in anew; None where any
            sign-in at the provider will do.
    """

    nonce: str
    since: float | None = None


def checked(
    parts: Parts, key: IssuerKey | None, spec: ProviderSpec, *, expected: Expected, now: float
) -> str:
    """Return the subject of an ID token (OpenID Connect Core 1.0, 3.1.3.7).

    Args:
        parts: the token, from `signed_tokens.taken_apart`.
        key: of the provider, that the token names.
        spec: who the provider is, and who we are to it.
        expected: what we asked for.
        now: seconds since 1970.

    Raises:
        BadToken: another issuer, audience, key, type, time, nonce or sign-in than was asked for.
    """
    if key is None:
        raise BadToken("signature")
    check_signature(parts, key, types=("JWT", None))
    claims = parts.claims
    if claims.get("iss") != spec.issuer:
        raise BadToken("issuer")
    _check_audience(claims, spec.client_id)
    check_times(claims, now=now, skew_seconds=SKEW_SECONDS, longest_seconds=_LONGEST_SECONDS)
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not same(nonce, expected.nonce):
        raise BadToken("nonce")
    _check_signed_in(claims, expected, now=now)
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _MOST_SUBJECT:
        raise BadToken("subject")
    return subject


def _check_audience(claims: Mapping[str, Any], client_id: str) -> None:
    """Refuse a token that is also, or only, for somebody else."""
    said = claims.get("aud")
    alone = said in (client_id, [client_id])
    if not alone or claims.get("azp", client_id) != client_id:
        raise BadToken("audience")


def _check_signed_in(claims: Mapping[str, Any], expected: Expected, *, now: float) -> None:
    """Refuse a sign-in that is older than what was asked for, or does not say when it was."""
    if expected.since is None:
        return
    said = claims.get("auth_time")
    if isinstance(said, bool) or not isinstance(said, (int, float)):
        raise BadToken("sign_in")
    if not expected.since - SKEW_SECONDS <= said <= now + SKEW_SECONDS:
        raise BadToken("sign_in")
