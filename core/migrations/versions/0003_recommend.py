"""Tables of recommend."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003_recommend"
down_revision = "0002_messages"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create what recommend/store.py declares."""
    op.create_table(
        "recommend_served",
        sa.Column("workspace", sa.String(length=64), nullable=False),
        sa.Column("request", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("person", sa.Integer(), nullable=False),
        sa.Column("use_case", sa.String(length=64), nullable=False),
        sa.Column("arm", sa.String(length=64), nullable=False),
        sa.Column("corpus", sa.String(length=16), nullable=False),
        sa.Column("items", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "request"),
    )
    op.create_index("ix_recommend_served_at", "recommend_served", ["at"], unique=False)
    op.create_table(
        "recommend_dismissals",
        sa.Column("workspace", sa.String(length=64), nullable=False),
        sa.Column("person", sa.Integer(), nullable=False),
        sa.Column("corpus", sa.String(length=16), nullable=False),
        sa.Column("item", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "person", "corpus", "item"),
    )
    op.create_table(
        "recommend_optouts",
        sa.Column("workspace", sa.String(length=64), nullable=False),
        sa.Column("person", sa.Integer(), nullable=False),
        sa.Column("other", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "person", "other"),
    )
