"""One HL7 v2 message: its fields by name and number, its instants, and the answer to it.

The parser is python-hl7: it knows separators, escapes, repetitions and HL7's rules for parts that
are not there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import hl7

from attending.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Characters of one message; a longer one is a document, not a result.
LONGEST = 1 << 20
_INSTANT = re.compile(
    r"(?P<day>\d{8})(?P<clock>\d{2}(?:\d{2}(?:\d{2})?)?)?(?P<part>\.\d{1,6})?\d*"
    r"(?P<offset>[+-]\d{4})?"
)
#: The segment that says which characters part the rest.
_BEGINS = re.compile(rb"MSH[^A-Za-z0-9\s][^A-Za-z0-9\s]{3,5}")
_ENCODINGS = {"": "utf-8", "UNICODE UTF-8": "utf-8", "ASCII": "ascii", "8859/1": "latin-1"}


class NotHl7(BadInput):
    """The bytes are no HL7 v2 message (HTTP 422)."""

    default_code = "intake.not_hl7"


@dataclass(frozen=True)
class Hl7Message:
    """A message that was parsed.

    Attributes:
        zone: in which its clock times without an offset stand.
    """

    parsed: Any
    zone: ZoneInfo

    @property
    def kind(self) -> str:
        """Return its type and event, such as `ADT^A01`."""
        return f"{self.text('MSH', 9)}^{self.text('MSH', 9, 2)}".removesuffix("^")

    @property
    def control_id(self) -> str:
        """Return the id under which its sender knows it."""
        return self.text("MSH", 10)

    @property
    def names(self) -> list[str]:
        """Return the names of its segments, in order."""
        return [str(segment[0]) for segment in self.parsed]

    def segments(self, name: str) -> list[Any]:
        """Return the segments of one name."""
        return [segment for segment in self.parsed if str(segment[0]) == name]

    def text(self, name: str, field: int, component: int = 1) -> str:
        """Return a part of the first segment of a name; empty where it is not there."""
        found = self.segments(name)
        return part(found[0], field, component) if found else ""

    def instant(self, name: str, field: int) -> str | None:
        """Return an instant of the first segment of a name as RFC 3339, None where it is none."""
        return as_instant(self.text(name, field), self.zone)


def read_message(data: bytes, *, time_zone: str) -> Hl7Message:
    r"""Return the message that some bytes are.

    Args:
        data: one message; segments end in a carriage return, as HL7 has it, or a line feed.
        time_zone: IANA name of the sender's clock.

    Raises:
        NotHl7: no message, more than one, too long, or not in the character set that it names.

    >>> lines = b"MSH|^~\\&|LAB|N|||20260302060000||ORU^R01|7|P|2.5"
    >>> found = read_message(lines, time_zone="UTC")
    >>> found.kind, found.control_id, found.instant("MSH", 7)
    ('ORU^R01', '7', '2026-03-02T06:00:00Z')
    """
    if len(data) > LONGEST or _BEGINS.match(data) is None:
        raise NotHl7("got a body that is no HL7 v2 message, expected it to begin with MSH")
    text = _decoded(data).replace("\r\n", "\r").replace("\n", "\r").strip("\r \x1c\x0b")
    if "\rMSH" in text:
        raise NotHl7("got more than one message", hint="Send one message a request.")
    try:
        parsed = hl7.parse(text)
        found = Hl7Message(parsed, ZoneInfo(time_zone))
        whole = bool(found.control_id) and "^" in found.kind
    except (hl7.exceptions.HL7Exception, LookupError, ValueError, TypeError):
        whole = False
    if not whole:
        raise NotHl7("got a message without a type (MSH-9) or an id (MSH-10)")
    return found


def _decoded(data: bytes) -> str:
    first = data.split(b"\r", 1)[0].split(b"\n", 1)[0]
    fields = first.split(data[3:4])
    named = fields[17].decode("ascii", "replace").strip() if len(fields) > 17 else ""
    try:
        return data.decode(_ENCODINGS[named])
    except (KeyError, UnicodeDecodeError):
        raise NotHl7("got a message that is not in a character set that is read here") from None


def part(segment: Any, field: int, component: int = 1, *, repeat: int = 1) -> str:  # noqa: ANN401 - hl7 has no types
    """Return a part of a segment; empty where it is not there."""
    try:
        return str(segment.extract_field(1, field, repeat, component)).strip()
    except LookupError:
        return ""


def repeats(segment: Any, field: int) -> int:  # noqa: ANN401 - hl7 has no types
    """Return how often a field is repeated."""
    return len(segment(field)) if field < len(segment) else 0


def as_instant(text: str, zone: ZoneInfo) -> str | None:
    """Return an HL7 time as RFC 3339 in UTC, None where it is none.

    >>> as_instant("20260302060000+0100", ZoneInfo("UTC"))
    '2026-03-02T05:00:00Z'
    >>> as_instant("202607020600", ZoneInfo("Europe/Oslo"))
    '2026-07-02T04:00:00Z'
    >>> as_instant("soon", ZoneInfo("UTC")), as_instant("2026", ZoneInfo("UTC"))
    (None, None)
    """
    found = _INSTANT.fullmatch(text)
    if found is None:
        return None
    clock = (found["clock"] or "").ljust(6, "0")
    micros = (found["part"] or ".0")[1:].ljust(6, "0")
    offset = found["offset"] or "+0000"
    try:
        at = datetime.strptime(f"{found['day']}{clock}{micros}{offset}", "%Y%m%d%H%M%S%f%z")
    except ValueError:
        return None
    if found["offset"] is None:
        at = at.replace(tzinfo=zone)
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def as_day(text: str) -> str | None:
    """Return the first moment of an HL7 date, which has no zone; None where it is none.

    >>> as_day("19500517"), as_day("195005"), as_day("May")
    ('1950-05-17T00:00:00Z', '1950-05-01T00:00:00Z', None)
    """
    day = text[:8] if text[:8].isdigit() and len(text) >= 4 else ""
    filled = day + "00000101"[len(day) :]
    return as_instant(filled, ZoneInfo("UTC")) if day else None


def acknowledged(
    message: Hl7Message | None, code: str, *, at: datetime, problems: Sequence[str] = ()
) -> str:
    """Return the answer to a message: AA (taken), AE (try again or mend) or AR (refused).

    Args:
        message: that is answered; None where it could not be read.
        code: of HL7's table 0008.
        at: when.
        problems: words for ERR segments, without a value of the message.
    """
    stamp = at.strftime("%Y%m%d%H%M%S+0000")
    msh = [message.text("MSH", number) if message else "" for number in (5, 6, 3, 4)]
    event = message.text("MSH", 9, 2) if message else ""
    control = message.control_id if message else ""
    mode = (message.text("MSH", 11) if message else "") or "P"
    version = (message.text("MSH", 12) if message else "") or "2.5"
    lines = [
        "|".join(
            ["MSH", r"^~\&", *map(_escaped, msh), stamp, "", f"ACK^{_escaped(event)}^ACK",
             f"A{_escaped(control)}", _escaped(mode), _escaped(version)]
        ),
        f"MSA|{code}|{_escaped(control)}",
        *(f"ERR||||E|||{_escaped(words)}" for words in problems),
    ]  # fmt: skip
    return "\r".join(lines) + "\r"


def _escaped(text: str) -> str:
    """Return text in which no separator stands, so that an answer cannot be forged from it."""
    marks = dict(zip("\\|^&~", ("\\E\\", "\\F\\", "\\S\\", "\\T\\", "\\R\\"), strict=True))
    plain = "".join(one for one in text if one.isprintable())
    return "".join(marks.get(one, one) for one in plain)[:300]
