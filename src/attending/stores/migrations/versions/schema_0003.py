"""Which version answers at a site, by terms, so that two can never answer at one site."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table `answering`; its first terms are filled in by the migration's own entry."""
    op.create_table(
        "answering",
        sa.Column("model", sa.String(100), primary_key=True),
        sa.Column("site", sa.String(200), primary_key=True),
        sa.Column("term", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("version", sa.String(20), nullable=False),
        sa.Column("seq", _WHOLE, nullable=False),
        sa.Column("nth", _WHOLE, nullable=False),
        sa.UniqueConstraint("seq", "nth", name="answering_place"),
    )
