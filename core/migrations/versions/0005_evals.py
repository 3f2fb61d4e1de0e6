"""Tables of evals."""

from __future__ import annotations

revision = "0005_evals"
down_revision = "0004_prompts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
