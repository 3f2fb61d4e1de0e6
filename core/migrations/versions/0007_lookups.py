"""Indexes for what a request looks up: a person's memberships, and a person by handle."""

from __future__ import annotations

from alembic import op

revision = "0007_lookups"
down_revision = "0006_gateway"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Index both within a workspace; the index on person alone was not used, for the workspace is given too."""
    op.drop_index("ix_memberships_person", table_name="memberships")
    op.create_index("ix_memberships_person", "memberships", ["workspace", "person", "channel"], unique=False)
    op.create_index("ix_people_handle", "people", ["workspace", "handle"], unique=False)
