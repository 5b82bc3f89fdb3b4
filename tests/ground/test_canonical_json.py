"""Canonical JSON by the C encoder: the bytes of RFC 8785, or the library is asked."""

import unicodedata

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from attending import digests
from attending.digests import canonical, canonical_with

#: Texts that look like what stands for a small number on the way are texts all the same.
_LIKE_OURS = ("\x001e-7\x00", '"\x001e-7\x00"', "\\u00001e-7\\u0000", "\x00\x00", "\x001e-7")
_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(_LIKE_OURS)
_NUMBERS = (
    st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.floats(1e-9, 1e-3)
    | st.floats(-1e-3, -1e-9)
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
    small = [1e-5, -1.5e-7, 5e-324, 9.999999999999999e-05, {"p": 3.2e-11, "of": [1e-6, "0"]}]
    assert digests._quickly(small) == rfc8785.dumps(small)
    for text in _LIKE_OURS:
        assert digests._quickly(text) == rfc8785.dumps(text)
        assert canonical([text, 1e-7]) == rfc8785.dumps([text, 1e-7])
    assert digests._quickly([_LIKE_OURS[0], 1e-7]) is None  # which of the two is ours is not clear
    for other in (1e300, 2**53, {"\U0001f600": 1, "\ufb01": 2}, {1: 2}, b"x", "\ud800"):
        assert digests._quickly(other) is None


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 2**53, {1: 2}, "\ud800", {3}])
def test_what_has_no_canonical_form_is_refused_as_before(bad):
    with pytest.raises(rfc8785.CanonicalizationError):
        canonical([bad])
