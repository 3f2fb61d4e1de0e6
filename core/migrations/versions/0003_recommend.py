"""Tables of recommend."""

from __future__ import annotations

revision = "0003_recommend"
down_revision = "0002_messages"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
