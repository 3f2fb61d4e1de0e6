"""Tables of messages and summaries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002_messages"
down_revision = "0001_core"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "messages",
        sa.Column("workspace", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("author", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("root", sa.String(length=128), nullable=True),
        sa.Column("broadcast", sa.Boolean(), nullable=False),
        sa.Column("edited_at", sa.BigInteger(), nullable=True),
        sa.Column("extra", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "id"),
    )
    op.create_index("ix_messages_channel_at", "messages", ["workspace", "channel", "at"], unique=False)
    op.create_index("ix_messages_root", "messages", ["workspace", "root"], unique=False)
    op.create_table(
        "summaries",
        sa.Column("workspace", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("reader", sa.String(length=64), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("thread", sa.String(length=128), nullable=True),
        sa.Column("detail", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("stale", sa.Boolean(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "id"),
    )
    op.create_index("ix_summaries_channel", "summaries", ["workspace", "channel", "created_at"], unique=False)
    op.create_table(
        "summary_messages",
        sa.Column("workspace", sa.String(length=64), nullable=False),
        sa.Column("message", sa.String(length=128), nullable=False),
        sa.Column("summary", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "message", "summary"),
    )
