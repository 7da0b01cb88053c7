"""The whole index of a collection's entries by name.

It finds a name's past without reading all that the collection ever held. And PostgreSQL may take it for the live name
as well, which costs nothing: of the old one, without the name, it had to read the whole collection.
"""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.drop_index("entries_parent", "entries")
    op.create_index("entries_parent", "entries", ["drive", "parent", "name_key", "until"])
