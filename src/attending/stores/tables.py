"""The tables of the store. All but the ledger's own are append-only and bound to a ledger entry.

`seq` is the ledger entry that binds a row and `nth` is the row's place among the rows of that
entry, so (seq, nth) is the order in which rows were written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

if TYPE_CHECKING:
    from sqlalchemy import Dialect
    from sqlalchemy.schema import SchemaItem

#: Raised by one with every change of the tables below; each has a file in `migrations/versions/`.
#: A bound table gets no further column, for its rows are hashed with all of theirs: add a table.
SCHEMA_VERSION = 6

METADATA = MetaData()


class Stored(TypeDecorator[bytes]):
    """Bytes, also where someone has put text in their place: its hash then tells."""

    impl = LargeBinary
    cache_ok = True

    def process_result_value(self, value: object, dialect: Dialect) -> bytes:  # noqa: ARG002
        """Return the stored bytes."""
        return as_bytes(value)


def as_bytes(value: object) -> bytes:
    """Return stored bytes, also of text that stands in their place.

    >>> as_bytes("a")
    b'a'
    """
    return value if isinstance(value, bytes) else str(value).encode()


_WHOLE = BigInteger().with_variant(Integer, "sqlite")
_DIGEST = String(64)


def _bound(name: str, *columns: SchemaItem) -> Table:
    place = (Column("seq", _WHOLE, nullable=False), Column("nth", _WHOLE, nullable=False))
    unique = UniqueConstraint("seq", "nth", name=f"{name}_place")
    return Table(name, METADATA, *columns, *place, unique)


META = Table(
    "meta",
    METADATA,
    Column("key", String(40), primary_key=True),
    Column("value", String(200), nullable=False),
)
#: Alembic's own table: the revision that the tables are of.
REVISION = Table("schema_revision", METADATA, Column("version_num", String(32), primary_key=True))
LEDGER = Table(
    "ledger",
    METADATA,
    Column("seq", _WHOLE, primary_key=True, autoincrement=False),
    Column("at", String(40), nullable=False),
    Column("actor", String(200), nullable=False, index=True),
    Column("action", String(80), nullable=False, index=True),
    Column("subject_kind", String(200), nullable=False),
    Column("subject", String(200), nullable=False, index=True),
    Column("content", Stored, nullable=False),
)
LEDGER_STATE = Table(
    "ledger_state",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("size", _WHOLE, nullable=False),
    Column("head", _DIGEST, nullable=False),
    Column("peaks", Stored, nullable=False),
)
RECORDS = _bound(
    "records",
    Column("digest", _DIGEST, primary_key=True),
    Column("kind", String(60), nullable=False, index=True),
    Column("content", Stored, nullable=False),
    Column("made_at", String(40), nullable=False),
    Column("made_by", String(200), nullable=False),
)
#: A record that was left once more: same bytes, another act, perhaps by another person.
RECORDS_AGAIN = _bound(
    "records_again",
    Column("digest", _DIGEST, nullable=False, index=True),
    Column("made_at", String(40), nullable=False),
    Column("made_by", String(200), nullable=False),
)
RECORD_KEYS = _bound(
    "record_keys",
    Column("digest", _DIGEST, primary_key=True),
    Column("key", String(60), primary_key=True),
    Column("value", String(200), primary_key=True),
)
Index("record_keys_lookup", RECORD_KEYS.c.key, RECORD_KEYS.c.value)
PREDICTIONS = _bound(
    "predictions",
    Column("request_id", String(100), primary_key=True),
    Column("model", String(100), nullable=False),
    Column("version", String(20), nullable=False),
    Column("stage", String(20), nullable=False),
    Column("subject_id", _WHOLE, nullable=False, index=True),
    Column("encounter_id", _WHOLE),
    Column("prediction_time", _WHOLE, nullable=False),
    Column("score", Float(53)),
    Column("content", Stored, nullable=False),
)
Index(
    "predictions_lookup", PREDICTIONS.c.model, PREDICTIONS.c.version, PREDICTIONS.c.prediction_time
)
OUTCOMES = _bound(
    "outcomes",
    Column("model", String(100), primary_key=True),
    Column("version", String(20), primary_key=True),
    Column("subject_id", _WHOLE, primary_key=True),
    Column("prediction_time", _WHOLE, primary_key=True),
    Column("snapshot", _DIGEST, primary_key=True),
    Column("encounter_id", _WHOLE),
    Column("label", Integer),
    Column("status", String(20), nullable=False),
    Column("label_time", _WHOLE),
    Column("matured_at", _WHOLE),
)
FEEDBACK = _bound(
    "feedback",
    Column("feedback_id", _DIGEST, primary_key=True),
    Column("request_id", String(100), nullable=False, index=True),
    Column("person_id", String(64), nullable=False),
    Column("given_at", _WHOLE, nullable=False),
    Column("answer", String(40), nullable=False),
    Column("content", Stored, nullable=False),
)
PERSONS = _bound(
    "persons",
    Column("person_id", String(64), primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("printed_name", String(4000), nullable=False),
    Column("roles", String(400), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("service", Boolean, nullable=False),
    Column("passphrase_hash", String(400), nullable=False),
)
ACCOUNTS = _bound(
    "accounts",
    Column("login", String(100), primary_key=True),
    Column("person_id", String(64), nullable=False, index=True),
)
VERSIONS = _bound(
    "versions",
    Column("model", String(100), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("run", _DIGEST, nullable=False),
    UniqueConstraint("model", "run", name="versions_run"),
)
DEPLOYMENTS = _bound(
    "deployments",
    Column("digest", _DIGEST, primary_key=True),
    Column("model", String(100), nullable=False, index=True),
    Column("version", String(20), nullable=False),
    Column("stage", String(20), nullable=False),
)
#: Which version answers at a site, term after term; the last term of a site counts. Two who put
#: different versions there at once write the same term, and the key refuses one of them.
ANSWERING = _bound(
    "answering",
    Column("model", String(100), primary_key=True),
    Column("site", String(200), primary_key=True),
    Column("term", Integer, primary_key=True, autoincrement=False),
    Column("version", String(20), nullable=False),
)
#: What counts once, such as a token of a record system, until it would have ended anyway. The
#: ledger does not bind these rows, for they are forgotten again.
USED_ONCE = Table(
    "used_once",
    METADATA,
    Column("digest", _DIGEST, primary_key=True),
    Column("ends", _WHOLE, nullable=False, index=True),
)

#: Current events: every version of every record that a feed has sent, one row an event of it. A
#: version that says nothing (its record was withdrawn) is one row without a code.
EVENTS = _bound(
    "events",
    Column("record", _DIGEST, primary_key=True),
    Column("version", _WHOLE, primary_key=True, autoincrement=False),
    Column("item", Integer, primary_key=True, autoincrement=False),
    Column("subject_id", _WHOLE, nullable=False, index=True),
    Column("time", _WHOLE),
    Column("code", Text, nullable=False),
    Column("numeric_value", Float(53)),
    Column("text_value", Text),
    Column("unit", String(200)),
    Column("known_at", _WHOLE, nullable=False),
    Column("superseded_at", _WHOLE),
    Column("encounter_id", _WHOLE, index=True),
    Column("source", String(200), nullable=False),
    Column("source_row", Text),
    Column("site", Text),
    Column("content", _DIGEST, nullable=False),
    Column("feed", String(60), nullable=False),
    Column("message", _DIGEST, nullable=False),
    Column("received_at", _WHOLE, nullable=False, index=True),
)
#: What feeds said of two records of one person. Without `kept` it takes back whatever there is.
MERGES = _bound(
    "merges",
    Column("gone", _WHOLE, primary_key=True, autoincrement=False),
    Column("at", _WHOLE, primary_key=True, autoincrement=False),
    Column("undone", Boolean, primary_key=True),
    Column("kept", _WHOLE, index=True),
    Column("feed", String(60), nullable=False),
    Column("message", _DIGEST, nullable=False),
    Column("received_at", _WHOLE, nullable=False),
)
#: Every message that a feed has sent, with its account: in = accepted + quarantined + rejected +
#: duplicate. A message is tried again only while something of it was quarantined.
INTAKE = _bound(
    "intake",
    Column("feed", String(60), primary_key=True),
    Column("message", _DIGEST, primary_key=True),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("body", _DIGEST, nullable=False),
    Column("received_at", _WHOLE, nullable=False, index=True),
    Column("rows_in", Integer, nullable=False),
    Column("accepted", Integer, nullable=False),
    Column("quarantined", Integer, nullable=False),
    Column("rejected", Integer, nullable=False),
    Column("duplicate", Integer, nullable=False),
    Column("newest", _WHOLE),
    Column("content", Stored, nullable=False),
)
#: What became of the alert of a prediction in each channel, of a message to an owner and of the job
#: of a day, step by step.
DELIVERIES = _bound(
    "deliveries",
    Column("request_id", String(100), primary_key=True),
    Column("channel", String(40), primary_key=True),
    Column("step", Integer, primary_key=True, autoincrement=False),
    Column("state", String(20), nullable=False),
    Column("at", _WHOLE, nullable=False),
    Column("by", String(200), nullable=False),
    Column("until", _WHOLE),
    Column("content", Stored, nullable=False),
)

#: Tables whose rows the ledger binds, by name.
BOUND: dict[str, Table] = {
    name: table for name, table in METADATA.tables.items() if "nth" in table.columns
}


def revision_of(version: int) -> str:
    """Return the name of the revision that makes the tables of a version.

    >>> revision_of(4)
    '0004'
    """
    return f"{version:04d}"
