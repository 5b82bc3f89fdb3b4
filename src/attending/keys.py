"""Keys and secrets as values: pseudonyms, signatures and passphrases. Nothing here reads a file."""

from __future__ import annotations

import hashlib
import hmac
import os

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_SEALED = b"attending sealed 1\n"
_SALT_BYTES, _NONCE_BYTES = 16, 12
_MASK_53_BITS = (1 << 53) - 1
KEY_BYTES = 32
#: The farthest that a date shift moves a patient's instants into the past, in weeks.
MOST_WEEKS_EARLIER = 104


def pseudonym(key: bytes, space: str, source_id: str) -> int:
    """Return the keyed hash of a source's id, cut to 53 bits, never 0.

    Args:
        key: 32 bytes that never leave the site.
        space: `subject` or `encounter`, so that equal ids of two kinds do not meet.
        source_id: the id as the source writes it.

    >>> pseudonym(b"k" * 32, "subject", "10001") == pseudonym(b"k" * 32, "subject", "10001")
    True
    >>> pseudonym(b"k" * 32, "subject", "10001") == pseudonym(b"k" * 32, "encounter", "10001")
    False
    """
    data = f"{space}\0{source_id}".encode()
    mac = hmac.new(key, data, hashlib.sha256).digest()
    return (int.from_bytes(mac[:8], "big") & _MASK_53_BITS) or 1


def weeks_earlier(key: bytes, subject_id: int) -> int:
    """Return by how many whole weeks a patient's instants move into the past, 1 to 104.

    >>> weeks_earlier(b"k" * 32, 7) == weeks_earlier(b"k" * 32, 7)
    True
    >>> 1 <= weeks_earlier(b"k" * 32, 8) <= MOST_WEEKS_EARLIER
    True
    """
    mac = hmac.new(key, f"subject\0{subject_id}".encode(), hashlib.sha256).digest()
    return int.from_bytes(mac[:8], "big") % MOST_WEEKS_EARLIER + 1


def derive(seed: bytes, purpose: str) -> bytes:
    """Return 32 bytes for one purpose, derived from a seed (HMAC-SHA-256).

    >>> len(derive(b"seed", "signing"))
    32
    """
    return hmac.new(seed, purpose.encode(), hashlib.sha256).digest()


def public_key(private: bytes) -> bytes:
    """Return the raw 32-byte Ed25519 public key of a raw 32-byte private key."""
    key = Ed25519PrivateKey.from_private_bytes(private)
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def sign(private: bytes, message: bytes) -> bytes:
    """Return the 64-byte Ed25519 signature of `message` (RFC 8032; deterministic).

    >>> verify(public_key(b"p" * 32), b"yes", sign(b"p" * 32, b"yes"))
    True
    >>> verify(public_key(b"p" * 32), b"no", sign(b"p" * 32, b"yes"))
    False
    """
    return Ed25519PrivateKey.from_private_bytes(private).sign(message)


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Return whether `signature` is that key's signature of `message`."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def same(said: str, wanted: str) -> bool:
    """Return whether two texts are equal; how long it takes does not tell where they differ.

    >>> same("a", "a"), same("a", "b")
    (True, False)
    """
    return hmac.compare_digest(said.encode("utf-8", "replace"), wanted.encode("utf-8", "replace"))


def hash_passphrase(passphrase: str, *, salt: bytes | None = None) -> str:
    """Return the argon2id hash of a passphrase, in its standard text form.

    Args:
        passphrase: what the person types.
        salt: 16 bytes or more; random when absent. Only a simulated home passes one.
    """
    return _HASHER.hash(passphrase, salt=salt)


def check_passphrase(hashed: str, passphrase: str) -> bool:
    """Return whether the passphrase is the one that was hashed.

    >>> check_passphrase(hash_passphrase("correct horse"), "correct horse")
    True
    >>> check_passphrase(hash_passphrase("correct horse"), "battery staple")
    False
    """
    try:
        return _HASHER.verify(hashed, passphrase)
    except (VerificationError, InvalidHashError):
        return False


def seal(passphrase: str, secret: bytes) -> bytes:
    """Return a secret encrypted by a passphrase (scrypt, AES-256-GCM).

    >>> unseal("correct horse", seal("correct horse", b"a key"))
    b'a key'
    >>> unseal("battery staple", seal("correct horse", b"a key")) is None
    True
    """
    salt, nonce = os.urandom(_SALT_BYTES), os.urandom(_NONCE_BYTES)
    return _SEALED + salt + nonce + _cipher(passphrase, salt).encrypt(nonce, secret, _SEALED)


def unseal(passphrase: str, sealed: bytes) -> bytes | None:
    """Return what was sealed; None for another passphrase, changed bytes, or no seal at all."""
    head, start = len(_SEALED), len(_SEALED) + _SALT_BYTES
    salt, nonce = sealed[head:start], sealed[start : start + _NONCE_BYTES]
    if not sealed.startswith(_SEALED) or len(nonce) < _NONCE_BYTES:
        return None
    try:
        return _cipher(passphrase, salt).decrypt(nonce, sealed[start + _NONCE_BYTES :], _SEALED)
    except InvalidTag:
        return None


def _cipher(passphrase: str, salt: bytes) -> AESGCM:
    return AESGCM(Scrypt(salt=salt, length=32, n=2**15, r=8, p=1).derive(passphrase.encode()))
