"""What counts once, shared by every process that serves a home, and forgotten when it ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table `used_once`; the ledger does not bind it."""
    op.create_table(
        "used_once",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("ends", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
    )
    op.create_index("ix_used_once_ends", "used_once", ["ends"])
