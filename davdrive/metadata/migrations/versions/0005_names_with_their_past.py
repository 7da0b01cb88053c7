"""Whole indexes that find a live entry as exactly as the partial ones do: PostgreSQL may take either.

The one by name also finds a name's past without reading all that the collection ever held.
"""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.drop_index("entries_parent", "entries")
    op.create_index("entries_parent", "entries", ["drive", "parent", "name_key", "until"])
    op.drop_index("entries_node", "entries")
    op.create_index("entries_node", "entries", ["drive", "node", "until", "since"])
