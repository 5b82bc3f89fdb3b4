"""Current events are found by when they came, so that a day's work reads a day's events."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the index of `events` by arrival."""
    op.create_index("ix_events_received_at", "events", ["received_at"])
