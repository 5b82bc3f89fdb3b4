"""The tables as they were before migrations were written down."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = None

_WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_DIGEST = sa.String(64)


def upgrade() -> None:
    """Make all tables."""
    _ledger()
    _records()
    _predictions()
    _people()
    _releases()


def _place(name: str) -> tuple[sa.Column[int], sa.Column[int], sa.UniqueConstraint]:
    """Return what binds a row to its ledger entry."""
    return (
        sa.Column("seq", _WHOLE, nullable=False),
        sa.Column("nth", _WHOLE, nullable=False),
        sa.UniqueConstraint("seq", "nth", name=f"{name}_place"),
    )


def _ledger() -> None:
    """Make the tables of the ledger and what the store says of itself."""
    op.create_table(
        "ledger",
        sa.Column("seq", _WHOLE, autoincrement=False, nullable=False),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("action", sa.String(80), nullable=False),
        sa.Column("subject_kind", sa.String(200), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("ix_ledger_action", "ledger", ["action"])
    op.create_index("ix_ledger_actor", "ledger", ["actor"])
    op.create_index("ix_ledger_subject", "ledger", ["subject"])
    op.create_table(
        "ledger_state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", _WHOLE, nullable=False),
        sa.Column("head", _DIGEST, nullable=False),
        sa.Column("peaks", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "meta",
        sa.Column("key", sa.String(40), nullable=False),
        sa.Column("value", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )


def _records() -> None:
    """Make the tables of records and the words they are found by."""
    op.create_table(
        "record_keys",
        sa.Column("digest", _DIGEST, nullable=False),
        sa.Column("key", sa.String(60), nullable=False),
        sa.Column("value", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("digest", "key", "value"),
        *_place("record_keys"),
    )
    op.create_index("record_keys_lookup", "record_keys", ["key", "value"])
    op.create_table(
        "records",
        sa.Column("digest", _DIGEST, nullable=False),
        sa.Column("kind", sa.String(60), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.String(40), nullable=False),
        sa.Column("made_by", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
        *_place("records"),
    )
    op.create_index("ix_records_kind", "records", ["kind"])
    op.create_table(
        "records_again",
        sa.Column("digest", _DIGEST, nullable=False),
        sa.Column("made_at", sa.String(40), nullable=False),
        sa.Column("made_by", sa.String(200), nullable=False),
        *_place("records_again"),
    )
    op.create_index("ix_records_again_digest", "records_again", ["digest"])


def _predictions() -> None:
    """Make the tables of predictions, their outcomes and what readers said."""
    op.create_table(
        "feedback",
        sa.Column("feedback_id", _DIGEST, nullable=False),
        sa.Column("request_id", sa.String(100), nullable=False),
        sa.Column("person_id", _DIGEST, nullable=False),
        sa.Column("given_at", _WHOLE, nullable=False),
        sa.Column("answer", sa.String(40), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("feedback_id"),
        *_place("feedback"),
    )
    op.create_index("ix_feedback_request_id", "feedback", ["request_id"])
    op.create_table(
        "outcomes",
        sa.Column("model", sa.String(100), nullable=False),
        sa.Column("version", sa.String(20), nullable=False),
        sa.Column("subject_id", _WHOLE, nullable=False),
        sa.Column("prediction_time", _WHOLE, nullable=False),
        sa.Column("snapshot", _DIGEST, nullable=False),
        sa.Column("encounter_id", _WHOLE, nullable=True),
        sa.Column("label", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("label_time", _WHOLE, nullable=True),
        sa.Column("matured_at", _WHOLE, nullable=True),
        sa.PrimaryKeyConstraint("model", "version", "subject_id", "prediction_time", "snapshot"),
        *_place("outcomes"),
    )
    op.create_table(
        "predictions",
        sa.Column("request_id", sa.String(100), nullable=False),
        sa.Column("model", sa.String(100), nullable=False),
        sa.Column("version", sa.String(20), nullable=False),
        sa.Column("stage", sa.String(20), nullable=False),
        sa.Column("subject_id", _WHOLE, nullable=False),
        sa.Column("encounter_id", _WHOLE, nullable=True),
        sa.Column("prediction_time", _WHOLE, nullable=False),
        sa.Column("score", sa.Float(precision=53), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("request_id"),
        *_place("predictions"),
    )
    op.create_index("ix_predictions_subject_id", "predictions", ["subject_id"])
    op.create_index("predictions_lookup", "predictions", ["model", "version", "prediction_time"])


def _people() -> None:
    """Make the tables of persons and their logins."""
    op.create_table(
        "accounts",
        sa.Column("login", sa.String(100), nullable=False),
        sa.Column("person_id", _DIGEST, nullable=False),
        sa.PrimaryKeyConstraint("login"),
        *_place("accounts"),
    )
    op.create_index("ix_accounts_person_id", "accounts", ["person_id"])
    op.create_table(
        "persons",
        sa.Column("person_id", _DIGEST, nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("printed_name", sa.String(4000), nullable=False),
        sa.Column("roles", sa.String(400), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("service", sa.Boolean(), nullable=False),
        sa.Column("passphrase_hash", sa.String(400), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "revision"),
        *_place("persons"),
    )


def _releases() -> None:
    """Make the tables of versions and where they stand."""
    op.create_table(
        "deployments",
        sa.Column("digest", _DIGEST, nullable=False),
        sa.Column("model", sa.String(100), nullable=False),
        sa.Column("version", sa.String(20), nullable=False),
        sa.Column("stage", sa.String(20), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
        *_place("deployments"),
    )
    op.create_index("ix_deployments_model", "deployments", ["model"])
    op.create_table(
        "versions",
        sa.Column("model", sa.String(100), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("run", _DIGEST, nullable=False),
        sa.PrimaryKeyConstraint("model", "number"),
        sa.UniqueConstraint("model", "run", name="versions_run"),
        *_place("versions"),
    )
