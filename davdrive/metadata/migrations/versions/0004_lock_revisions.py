"""A lock knows the revision at which it was granted or last renewed."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("locks", sa.Column("revision", sa.BigInteger(), nullable=False, server_default="0"))
