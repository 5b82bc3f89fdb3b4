"""Current events, merges and the messages that brought them; what became of each alert."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_DIGEST = sa.String(64)


def upgrade() -> None:
    """Make the four tables."""
    _events()
    _merges()
    _intake()
    _deliveries()


def _place(name: str) -> tuple[sa.Column[int], sa.Column[int], sa.UniqueConstraint]:
    """Return what binds a row to its ledger entry."""
    return (
        sa.Column("seq", _WHOLE, nullable=False),
        sa.Column("nth", _WHOLE, nullable=False),
        sa.UniqueConstraint("seq", "nth", name=f"{name}_place"),
    )


def _sent() -> tuple[sa.Column[str], sa.Column[str], sa.Column[int]]:
    """Return what says who sent a row, in which message, and when it came."""
    return (
        sa.Column("feed", sa.String(60), nullable=False),
        sa.Column("message", _DIGEST, nullable=False),
        sa.Column("received_at", _WHOLE, nullable=False),
    )


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("record", _DIGEST, primary_key=True),
        sa.Column("version", _WHOLE, primary_key=True, autoincrement=False),
        sa.Column("item", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("subject_id", _WHOLE, nullable=False),
        sa.Column("time", _WHOLE),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("numeric_value", sa.Float(53)),
        sa.Column("text_value", sa.Text),
        sa.Column("unit", sa.String(200)),
        sa.Column("known_at", _WHOLE, nullable=False),
        sa.Column("superseded_at", _WHOLE),
        sa.Column("encounter_id", _WHOLE),
        sa.Column("source", sa.String(200), nullable=False),
        sa.Column("source_row", sa.Text),
        sa.Column("site", sa.Text),
        sa.Column("content", _DIGEST, nullable=False),
        *_sent(),
        *_place("events"),
    )
    for name in ("encounter_id", "subject_id"):
        op.create_index(f"ix_events_{name}", "events", [name])


def _merges() -> None:
    op.create_table(
        "merges",
        sa.Column("gone", _WHOLE, primary_key=True, autoincrement=False),
        sa.Column("at", _WHOLE, primary_key=True, autoincrement=False),
        sa.Column("undone", sa.Boolean, primary_key=True),
        sa.Column("kept", _WHOLE),
        *_sent(),
        *_place("merges"),
    )
    op.create_index("ix_merges_kept", "merges", ["kept"])


def _intake() -> None:
    counts = ("rows_in", "accepted", "quarantined", "rejected", "duplicate")
    op.create_table(
        "intake",
        sa.Column("feed", sa.String(60), primary_key=True),
        sa.Column("message", _DIGEST, primary_key=True),
        sa.Column("attempt", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("body", _DIGEST, nullable=False),
        sa.Column("received_at", _WHOLE, nullable=False),
        *(sa.Column(name, sa.Integer, nullable=False) for name in counts),
        sa.Column("newest", _WHOLE),
        sa.Column("content", sa.LargeBinary, nullable=False),
        *_place("intake"),
    )
    op.create_index("ix_intake_received_at", "intake", ["received_at"])


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("request_id", sa.String(100), primary_key=True),
        sa.Column("channel", sa.String(40), primary_key=True),
        sa.Column("step", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("at", _WHOLE, nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
        sa.Column("until", _WHOLE),
        sa.Column("content", sa.LargeBinary, nullable=False),
        *_place("deliveries"),
    )
