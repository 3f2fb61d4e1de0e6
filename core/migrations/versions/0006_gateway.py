"""Tables of gateway."""

from __future__ import annotations

revision = "0006_gateway"
down_revision = "0005_evals"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
