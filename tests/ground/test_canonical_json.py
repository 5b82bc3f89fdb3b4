"""Canonical JSON by the C encoder: the bytes of RFC 8785, or the library is asked."""

import unicodedata

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from attending import digests
from attending.digests import canonical, canonical_with

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_NUMBERS = (
    st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.floats(1e-7, 1e-3)
    | st.floats(1e14, 1e22)
    | st.integers(-1000, 1000).map(float)
)
_VALUES = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(_VALUES)
def test_the_quick_way_writes_what_the_library_writes(value):
    plain = rfc8785.dumps(value)
    quick = digests._quickly(value)
    assert quick in {None, plain}
    if unicodedata.is_normalized("NFC", plain.decode()):
        assert canonical(value) == plain


@given(st.dictionaries(st.text("abcé", max_size=3), _VALUES, max_size=5), _VALUES)
def test_an_object_is_written_around_a_field_that_was_written_before(others, own):
    others.pop("b", None)
    whole = canonical({**others, "b": own})
    assert canonical_with(others, "b", canonical(own)) == whole


def test_what_both_write_alike_takes_the_quick_way():
    record = {"score": 0.5002068915488669, "at": -0.0, "n": 3.0, "words": ["10³/µL", None, True]}
    assert digests._quickly(record) == rfc8785.dumps(record)
    for other in (1e-5, 1e300, 2**53, {"\U0001f600": 1, "\ufb01": 2}, {1: 2}, b"x", "\ud800"):
        assert digests._quickly(other) is None


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 2**53, {1: 2}, "\ud800", {3}])
def test_what_has_no_canonical_form_is_refused_as_before(bad):
    with pytest.raises(rfc8785.CanonicalizationError):
        canonical([bad])
