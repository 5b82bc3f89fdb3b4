"""One canonical form: what means the same has one digest; what is stored is never made again."""

from __future__ import annotations

import json
import unicodedata
from datetime import UTC, datetime, timedelta, timezone

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from attending.digests import canonical, digest_bytes, digest_of
from attending.govern import standalone_verifier
from attending.records.base import Record, When
from attending.records.ledger import GENESIS, Subject
from attending.stores import merkle
from attending.stores.chain import Act, Chain
from attending.times import format_instant
from tests.stores.homes import AT, act, filled_home


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


#: Letters that Unicode writes in two ways, among others that it writes in one.
WORDS = st.text(alphabet="aé\u0308e\u0301öÅ\u212b가ﬁ\u0338<Ω", max_size=8)
PLAIN = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**53) + 1, 2**53 - 1), WORDS, st.text(max_size=8),
    st.floats(allow_nan=False, allow_infinity=False),
)  # fmt: skip
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(WORDS.map(_nfc), inner, max_size=4)
    ),
    max_leaves=12,
)


def _said_otherwise(value, draw):
    """Return what means the same: keys in another order, other Unicode forms, 1.0 for 1."""
    if isinstance(value, str):
        return unicodedata.normalize(draw(st.sampled_from(["NFC", "NFD"])), value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int) and abs(value) < 2**53:
        return draw(st.sampled_from([value, float(value)]))
    if isinstance(value, list):
        return [_said_otherwise(item, draw) for item in value]
    if isinstance(value, dict):
        names = draw(st.permutations(sorted(value)))
        return {_said_otherwise(name, draw): _said_otherwise(value[name], draw) for name in names}
    return value


@pytest.mark.fault("G07")
@settings(max_examples=200, deadline=None)
@given(value=VALUES, data=st.data())
def test_g07_what_means_the_same_has_one_digest(value, data):
    other = _said_otherwise(value, data.draw)
    assert digest_of(other) == digest_of(value)
    # And back: what was written is read, each number as JSON's one kind of number, and written.
    assert canonical(json.loads(canonical(value), parse_int=float)) == canonical(value)


@pytest.mark.fault("G07")
def test_g07_control_plain_json_and_rfc_8785_alone_tell_equal_things_apart():
    one, other = {"a": 1, "b": "\u00e9"}, {"b": "e\u0301", "a": 1.0}
    assert json.dumps(one) != json.dumps(other)
    assert rfc8785.dumps(one) != rfc8785.dumps(other)
    assert canonical(one) == canonical(other) == b'{"a":1,"b":"\xc3\xa9"}'


@settings(max_examples=200, deadline=None)
@given(value=VALUES)
def test_of_composed_text_the_form_is_that_of_rfc_8785(value):
    said = json.loads(_nfc(json.dumps(value, ensure_ascii=False)), parse_int=float)
    assert canonical(said) == rfc8785.dumps(said)


def test_keys_that_are_one_key_are_refused():
    with pytest.raises(rfc8785.CanonicalizationError, match="one in Unicode"):
        canonical({"\u00e9": 1, "e\u0301": 2})


class Seen(Record):
    at: When
    note: str = ""


@pytest.mark.fault("G07")
@given(
    at=st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - the bounds are naive by hypothesis' rule
    hours=st.integers(-14, 14),
)
def test_g07_an_instant_has_one_text_whatever_its_offset_and_precision(at, hours):
    elsewhere = at.astimezone(timezone(timedelta(hours=hours)))
    texts = {at.isoformat(), elsewhere.isoformat(), elsewhere.isoformat(timespec="microseconds")}
    digests = {Seen.model_validate({"at": text}).digest for text in texts}
    assert digests == {Seen(at=at).digest}
    assert {format_instant(datetime.fromisoformat(text)) for text in texts} == {format_instant(at)}


@pytest.mark.fault("G07")
@given(
    words=st.dictionaries(
        st.from_regex(r"[a-z]{1,5}", fullmatch=True).filter(lambda name: name != "rows"),
        st.one_of(WORDS, st.integers(-9, 9), st.booleans(), st.lists(WORDS, max_size=2)),
        max_size=4,
    ),
    data=st.data(),
)
def test_g07_an_entry_is_written_in_the_one_form_whatever_was_given(words, data):
    subject = Subject(kind="model", digest="readmission")
    leaves = set()
    for said in (words, _said_otherwise(words, data.draw)):
        chain = Chain("ward", GENESIS, merkle.CompactRange())
        entry, leaf = chain.add(Act(at=AT, actor="ann", action="run.fit", subject=subject), said)
        assert leaf == entry.as_bytes() == canonical(entry.content())
        leaves.add(leaf)
    assert len(leaves) == 1
    line = {"seq": 0, "previous": GENESIS, "ledger": "ward", "row": None}
    assert standalone_verifier.check_line(leaves.pop(), **line) == ""


@pytest.mark.fault("G07")
def test_g07_stored_bytes_are_hashed_as_they_are_and_never_made_again(tmp_path):
    home = filled_home(tmp_path / "home", entries=3)
    with home.database.transaction() as unit:
        unit.append(act(), {"whole": 1.0, "name": "e\u0301"})
    *_, leaf = home.ledger.leaves()
    assert b'"name":"\xc3\xa9"' in leaf
    assert b'"whole":1}' in leaf
    record = Seen(at=AT, note="e\u0301")
    assert record.digest == Seen(at=AT, note="\u00e9").digest == digest_bytes(record.as_bytes())
    assert home.ledger.verify().ok
