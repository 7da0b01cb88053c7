"""Drafts stay in the history for readers that began earlier, and are not shown as versions."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("versions", sa.Column("draft", sa.SmallInteger(), nullable=False, server_default="0"))
