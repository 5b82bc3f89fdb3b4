"""The ground: digests, instants, lengths, pseudonyms and signatures."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attending import keys, times, units
from attending.digests import canonical, digest_file, digest_of
from attending.errors import BadInput


@given(st.dictionaries(st.text(max_size=5), st.integers(-1000, 1000), max_size=6))
def test_the_order_of_fields_never_changes_a_digest(fields):
    assert digest_of(fields) == digest_of(dict(reversed(fields.items())))


def test_a_number_that_json_cannot_hold_is_refused():
    for value in (float("nan"), 2**53):
        with pytest.raises(Exception, match=r".+"):
            canonical({"x": value})


def test_a_file_and_its_bytes_have_one_digest(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"a" * 3_000_000)
    assert digest_file(path) == __import__("hashlib").sha256(b"a" * 3_000_000).hexdigest()


@given(st.integers(-(2**52), 2**52))
def test_micros_go_there_and_back(micros):
    micros %= times.DAY * 365 * 3000
    assert times.to_micros(times.from_micros(micros)) == micros


@pytest.mark.parametrize("text", ["2026-01-01", "2026-01-01T00:00:00", "yesterday", ""])
def test_an_instant_without_a_zone_is_refused(text):
    with pytest.raises(BadInput):
        times.parse_instant(text)


def test_instants_are_read_to_utc():
    assert times.parse_instant("2026-01-01T00:00:00+02:00") == datetime(
        2025, 12, 31, 22, tzinfo=UTC
    )


@pytest.mark.parametrize("text", ["48", "h", "-3h", "3 fortnights", "1e3h"])
def test_a_length_that_is_not_one_is_refused(text):
    with pytest.raises(BadInput):
        times.parse_length(text)


def test_pseudonyms_need_the_key_and_never_are_zero_or_wide():
    ids = {keys.pseudonym(b"k" * 32, "subject", str(n)) for n in range(2000)}
    other = {keys.pseudonym(b"q" * 32, "subject", str(n)) for n in range(2000)}
    assert len(ids) == 2000
    assert not ids & other
    assert all(0 < number < 2**53 for number in ids)


def test_a_signature_holds_for_its_bytes_and_key_only():
    private = keys.derive(b"seed", "signing")
    signature = keys.sign(private, b"document")
    assert keys.verify(keys.public_key(private), b"document", signature)
    assert not keys.verify(keys.public_key(private), b"documenu", signature)
    assert not keys.verify(keys.public_key(keys.derive(b"other", "x")), b"document", signature)
    assert not keys.verify(b"short", b"document", signature)


def test_a_passphrase_hash_that_is_not_one_never_matches():
    assert not keys.check_passphrase("not a hash", "x")


def test_units_are_spelled_or_unknown_never_guessed():
    assert units.to_ucum("mmHg") == "mm[Hg]"
    assert units.to_ucum("MG/DLL") is None
    with pytest.raises(BadInput):
        units.check_unit("furlong")
