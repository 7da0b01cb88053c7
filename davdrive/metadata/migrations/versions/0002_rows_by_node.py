"""Indexes by node that hold live and ended rows alike, and the marks of upkeep.

History asks what a node was called, and the foreign keys to nodes ask whether anything still names one: without a
whole index each deleted node would cost a scan of the table.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_index("entries_node", "entries", ["drive", "node", "since"])
    op.drop_index("entries_ended", "entries")
    op.create_index("entries_parent", "entries", ["drive", "parent", "until"])
    op.drop_index("versions_ended", "versions")
    op.create_index("versions_node", "versions", ["drive", "node", "until"])
    op.create_table(
        "chores",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("done_ms", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
