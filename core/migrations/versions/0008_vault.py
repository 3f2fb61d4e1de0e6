"""Data keys, finished segments, and which key sealed a summary's text."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008_vault"
down_revision = "0007_lookups"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables; summaries kept so far are marked as not sealed, generation 0."""
    op.create_table(
        "data_keys",
        sa.Column("workspace", sa.String(length=64), nullable=False),
        sa.Column("generation", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("master", sa.String(length=16), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("replaced_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("workspace", "generation"),
    )
    op.create_table(
        "segment_cache",
        sa.Column("workspace", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "key"),
    )
    op.create_index("ix_segment_cache_made_at", "segment_cache", ["workspace", "made_at"], unique=False)
    op.create_index("ix_segment_cache_generation", "segment_cache", ["workspace", "generation"], unique=False)
    op.create_table(
        "segment_messages",
        sa.Column("workspace", sa.String(length=64), nullable=False),
        sa.Column("segment", sa.String(length=64), nullable=False),
        sa.Column("message", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "segment", "message"),
    )
    op.create_index("ix_segment_messages_message", "segment_messages", ["workspace", "message"], unique=False)
    op.add_column("summaries", sa.Column("generation", sa.Integer(), server_default="0", nullable=False))
    op.create_index("ix_summaries_generation", "summaries", ["workspace", "generation"], unique=False)
