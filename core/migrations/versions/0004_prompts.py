"""Tables of prompts."""

from __future__ import annotations

revision = "0004_prompts"
down_revision = "0003_recommend"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
