"""Tables of messages."""

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
