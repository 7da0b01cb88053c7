"""A database knows the mark of the object store that belongs to it."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "pairing",
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("earlier", sa.Text(), nullable=False),
        sa.Column("seen", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("part"),
    )
