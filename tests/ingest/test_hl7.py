"""HL7 v2 messages as events: statuses, cancellations, corrections and merges, each row counted."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from attending.errors import Refused
from attending.ingest.current import current_events
from attending.ingest.hl7 import check_feed, hear_hl7
from attending.ingest.hl7_message import NotHl7, acknowledged, as_instant, read_message
from attending.ingest.merges import MERGES
from attending.ingest.pseudonyms import Pseudonyms
from attending.records.events import EVENTS
from attending.specs.intake import Feed
from attending.times import from_micros, parse_instant, to_micros

KEY = b"k" * 32
FEED = Feed.model_validate({"name": "lab", "kind": "hl7v2", "codes": {"GLU": "LOINC//2345-7"}})
PID = "PID|1||{id}^^^HOSP^MR||DOE^JANE||19500517|F"


def message(kind, *segments, at="20260302060000", control="1", mode="P"):
    head = f"MSH|^~\\&|LAB|NORTH|ATT|N|{at}||{kind}|{control}|{mode}|2.5.1"
    return "\r".join([head, *segments]).encode() + b"\r"


def adt(event, *, visit="v1", pv1="", at="20260302060000", evn="", patient="p1", **more):
    """A stay's event; `pv1` is what stands behind the class, as fields 3 to 45."""
    fields = ["PV1", "1", "I", "4W", *[""] * 42]
    fields[19], fields[44] = visit, "20260301120000"
    for number, value in (part.split("=") for part in pv1.split(";") if part):
        fields[int(number)] = value
    return message(
        f"ADT^{event}", f"EVN|{event}|{at}||||{evn}", PID.format(id=patient), "|".join(fields),
        at=at, **more,
    )  # fmt: skip


def oru(*obx, at="20260302060000", patient="p1", **more):
    order = "OBR|1|o1|f1|24323-8^CMP^LN|||20260302050000|||||||||||||||20260302055500"
    return message("ORU^R01", PID.format(id=patient), order, *obx, at=at, **more)


def obx(value, *, code="2160-0^Creatinine^LN", kind="NM", unit="mg/dL", status="F", place="1"):
    return f"OBX|{place}|{kind}|{code}|{place}|{value}|{unit}|||||{status}"


def told(data, feed=FEED):
    parsed = read_message(data, time_zone=feed.time_zone)
    check_feed(parsed, feed)
    return hear_hl7(parsed, feed, key=KEY)


def subject(name="p1"):
    return Pseudonyms(KEY).subject(pa.array([name]))[0].as_py()


def current(*data, of="p1"):
    """Return the current events of a patient from some messages, in the order they came."""
    rows, merges = [], []
    for one in data:
        found = told(one)
        for version in (*found.versions, *found.withdrawn):
            more = {"record": version.record, "version": version.version, "received_at": 0}
            rows += [{**row, **more} for row in version.rows]
        merges += [{**said, "received_at": 0} for said in found.merges]
    return current_events(_table(rows, EVENTS), _table(merges, MERGES), subject_id=subject(of))


def _table(rows, schema):
    more = [("record", pa.string()), ("version", pa.int64()), ("received_at", pa.timestamp("us"))]
    whole = pa.schema([*schema, *(pa.field(*one) for one in more)])
    columns = []
    for item in whole:
        values = [row.get(item.name) for row in rows]
        ints = pa.types.is_timestamp(item.type)
        made = pa.array(values, pa.int64() if ints else item.type)
        columns.append(made.cast(item.type) if ints else made)
    return pa.Table.from_arrays(columns, schema=whole)


def visible(table, at):
    """Return code and value of what was visible at an instant."""
    p = parse_instant(at).replace(tzinfo=None)
    return {
        row["code"]: row["text_value"] or row["numeric_value"]
        for row in table.to_pylist()
        if row["known_at"] <= p and (row["superseded_at"] is None or p < row["superseded_at"])
    }


def balanced(found):
    """Return whether every row of a message is accounted for."""
    records = {one.record for one in (*found.versions, *found.withdrawn)}
    return found.rows_in >= len(records) + found.quarantined + found.rejected + found.duplicate


def test_a_stay_is_admission_bed_and_discharge_and_cancellations_take_them_back():
    begin = adt("A01", at="20260301120500")
    moved = adt("A02", pv1="3=ICU", evn="20260302030000", at="20260302031000", control="2")
    ended = adt("A03", pv1="36=01;45=20260304100000", at="20260304100500", control="3")
    table = current(begin, moved, ended)
    assert visible(table, "2026-03-01T12:04:00Z") == {}
    assert {"ENCOUNTER//ADMISSION//INPATIENT", "TRANSFER_TO//4W", "GENDER//F"} <= visible(
        table, "2026-03-01T12:06:00Z"
    ).keys()
    assert "TRANSFER_TO//ICU" not in visible(table, "2026-03-02T03:05:00Z")  # not yet told
    assert "TRANSFER_TO//ICU" in visible(table, "2026-03-02T03:10:00Z")
    assert visible(table, "2026-03-05T00:00:00Z")["ENCOUNTER//DISCHARGE//INPATIENT"] == "HOME"
    back = adt("A13", at="20260304110000", control="4")
    again = current(begin, moved, ended, back)
    assert "ENCOUNTER//DISCHARGE//INPATIENT" in visible(again, "2026-03-04T10:30:00Z")
    assert "ENCOUNTER//DISCHARGE//INPATIENT" not in visible(again, "2026-03-04T11:00:00Z")
    # In whatever order they come, the same holds.
    assert current(back, ended, begin, moved).equals(again)
    never = adt("A11", at="20260301130000", control="5")
    assert visible(current(never, begin), "2026-03-05T00:00:00Z").keys() == {
        "MEDS_BIRTH",
        "GENDER//F",
    }
    unmoved = adt("A12", evn="20260302030000", at="20260302040000", control="6")
    assert "TRANSFER_TO//ICU" not in visible(current(moved, unmoved), "2026-03-03T00:00:00Z")


def test_a_result_has_both_clocks_and_a_correction_ends_what_it_corrects():
    first = oru(obx("1.4"))
    table = current(first)
    assert visible(table, "2026-03-02T05:54:00Z") == {}
    seen = visible(table, "2026-03-02T05:55:00Z")
    assert seen["LOINC//2160-0"] == pytest.approx(1.4)
    fixed = oru(obx("2.4", status="C"), at="20260302080000", control="2")
    both = current(first, fixed)
    assert visible(both, "2026-03-02T07:59:00Z") == seen
    assert visible(both, "2026-03-02T08:00:00Z")["LOINC//2160-0"] == pytest.approx(2.4)
    wrong = oru(obx("", status="D"), at="20260302090000", control="3")
    assert "LOINC//2160-0" not in visible(current(first, wrong), "2026-03-02T09:00:00Z")
    assert current(wrong, first).equals(current(first, wrong))


@pytest.mark.parametrize(
    ("segment", "why", "as_"),
    [
        (obx("abc"), "not_a_number", "quarantined"),
        (obx("1.4", unit="furlong"), "unknown_unit", "quarantined"),
        (obx("1.4", code=""), "no_code", "quarantined"),
        (obx("1.4", status="Z"), "unknown_status", "quarantined"),
        (obx("", status="X"), "cancelled", "rejected"),
        (obx("", status="I"), "no_value_yet", "rejected"),
        (obx("aGk=", kind="ED"), "type_not_read", "rejected"),
    ],
)
def test_what_is_not_taken_is_named_with_its_place_and_the_rest_is_taken(segment, why, as_):
    found = told(oru(obx("1.1"), segment.replace("|1|", "|2|", 1)))
    assert [(one["why"], one["as"]) for one in found.letters] == [(why, as_)]
    assert (found.rows_in, found.quarantined + found.rejected) == (2, 1)
    if as_ == "quarantined" and why != "no_code":
        assert found.letters[0]["at"].endswith(":OBX")


def test_words_limits_and_local_codes_are_read_as_they_are_meant():
    found = told(
        oru(
            obx("<^0.01", kind="SN", code="6598-7^Troponin^LN"),
            obx("POS^Positive^L", kind="CWE", code="5778-6^Colour^LN", place="2"),
            obx("5.5", code="GLU^Glucose^L", unit="mmol/L", place="3"),
            obx("5.5", code="XYZ^Odd^L", unit="mmol/L", place="4"),
            obx("a \\T\\ b", kind="ST", code="8251-1^Comment^LN", unit="", place="5"),
        )
    )
    rows = {row["code"]: row for one in found.versions for row in one.rows}
    assert (rows["LOINC//6598-7"]["text_value"], rows["LOINC//6598-7"]["numeric_value"]) == (
        "<0.01",
        None,
    )
    assert rows["LOINC//5778-6"]["text_value"] == "Positive"
    assert {"LOINC//2345-7", "L//XYZ"} <= rows.keys()
    assert rows["LOINC//8251-1"]["text_value"] == "a & b"
    assert balanced(found)


@pytest.mark.parametrize("event", ["A18", "A40"])
def test_merged_records_are_one_person_from_then_on_and_an_unmerge_takes_it_back(event):
    results = [oru(obx("1.4"), patient="p2"), oru(obx("0.9"), patient="p1", control="2")]
    merge = message(
        f"ADT^{event}", f"EVN|{event}|20260303000000", PID.format(id="p1"), "MRG|p2^^^HOSP^MR",
        at="20260303000000", control="3",
    )  # fmt: skip
    kept = current(*results, merge)
    values = [row["numeric_value"] for row in kept.to_pylist() if row["code"] == "LOINC//2160-0"]
    assert sorted(values) == pytest.approx([0.9, 1.4])
    gone = visible(current(*results, merge, of="p2"), "2026-03-04T00:00:00Z")
    assert gone == {}
    assert "LOINC//2160-0" in visible(current(*results, merge, of="p2"), "2026-03-02T12:00:00Z")
    apart = message(
        "ADT^A37", "EVN|A37|20260305000000", PID.format(id="p1"), PID.format(id="p2"),
        at="20260305000000", control="4",
    )  # fmt: skip
    again = current(*results, merge, apart, of="p2")
    assert "LOINC//2160-0" in visible(again, "2026-03-06T00:00:00Z")


def test_an_event_and_a_segment_that_are_not_read_are_counted():
    found = told(adt("A05") + b"DG1|1||I10^Hypertension^I10\r")
    assert {one["why"] for one in found.letters} == {"event_not_read:A05", "segment_not_read:DG1"}
    assert (found.rows_in, found.rejected, found.versions) == (2, 2, [])
    other = told(message("SIU^S12"))
    assert (other.rows_in, other.rejected) == (1, 1)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"hello", b"PID|1", b"MSH", b"MSH|^~\\&|A", b"\xff\xfe" + b"MSH|",
        message("ORU^R01", control=""), message(""), message("ADT^A01") * 2,
        message("ADT^A01") + b"\xff", b"MSH|^~\\&|" + b"x" * (1 << 20),
    ],
)  # fmt: skip
def test_what_is_no_message_is_refused_by_name(data):
    with pytest.raises(NotHl7):
        read_message(data, time_zone="UTC")


def test_a_message_of_another_sender_or_of_a_test_is_refused():
    for data, change, code in (
        (oru(mode="T"), {}, "intake.processing"),
        (oru(), {"applications": ("PACS",)}, "intake.sender"),
        (oru(at=""), {}, "intake.no_instant"),
    ):
        with pytest.raises(Refused) as refused:
            told(data, FEED.model_copy(update=change))
        assert refused.value.code == code


def test_an_answer_names_the_message_and_nothing_in_it_can_forge_another_segment():
    at = datetime(2026, 3, 2, 6, tzinfo=UTC)
    parsed = read_message(oru(control="7\\X0D\\MSA"), time_zone="UTC")
    answer = acknowledged(parsed, "AE", at=at, problems=["3:OBX a|b^c"])
    lines = answer.rstrip("\r").split("\r")
    assert [line[:3] for line in lines] == ["MSH", "MSA", "ERR"]
    again = read_message(answer.encode(), time_zone="UTC")
    assert (again.kind, again.text("MSH", 3), again.text("MSH", 5)) == ("ACK^R01", "ATT", "LAB")
    assert again.text("MSA", 1) == "AE"
    assert again.text("ERR", 7) == "3:OBX a|b^c"


def test_clock_times_stand_in_the_zone_of_the_feed():
    zone = ZoneInfo("Europe/Oslo")
    assert as_instant("20260329013000", zone) == "2026-03-29T00:30:00Z"
    assert as_instant("20260702060000.1234", zone) == "2026-07-02T04:00:00.123400Z"
    assert as_instant("20261301", zone) is None
    found = told(oru(obx("1.4")), FEED.model_copy(update={"time_zone": "Europe/Oslo"}))
    at = from_micros(found.versions[0].rows[0]["time"])
    assert to_micros(at) == to_micros(parse_instant("2026-03-02T04:00:00Z"))
