"""Pseudonyms are keyed, told apart by kind, and never shared by two ids."""

from __future__ import annotations

import pyarrow as pa
import pytest

from attending.errors import BadInput, Refused
from attending.ingest import pseudonyms
from attending.ingest.pseudonyms import Pseudonyms
from attending.keys import pseudonym


def test_the_columns_agree_with_the_one_by_one_function():
    names = Pseudonyms(b"k" * 32)
    made = names.subject(pa.chunked_array([["a", "b"], ["a", None]])).to_pylist()
    one = pseudonym(b"k" * 32, "subject", "a")
    assert made == [one, pseudonym(b"k" * 32, "subject", "b"), one, None]
    assert names.encounter(pa.array(["a"])).to_pylist() != [one]


def test_a_collision_is_refused(monkeypatch):
    monkeypatch.setattr(pseudonyms, "pseudonym", lambda *_: 7)
    names = Pseudonyms(b"k" * 32)
    assert names.subject(pa.array(["a", "a"])).to_pylist() == [7, 7]
    with pytest.raises(Refused, match="same pseudonym") as refusal:
        names.subject(pa.array(["b"]))
    assert refusal.value.code == "ingest.collision"
    assert "b'" not in str(refusal.value)


def test_a_short_key_is_refused():
    with pytest.raises(BadInput, match="32"):
        Pseudonyms(b"short")
