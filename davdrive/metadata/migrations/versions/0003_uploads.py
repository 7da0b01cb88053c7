"""Uploads that arrive in parts, and contents whose SHA-256 is computed later."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    _uploads()
    _parts()
    unhashed = sa.text("sha256 IS NULL")
    op.create_index("contents_unhashed", "contents", ["id"], sqlite_where=unhashed, postgresql_where=unhashed)


def _uploads() -> None:
    op.create_table(
        "uploads",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("drive", _ID, nullable=False),
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("name", _KEY, nullable=True),
        sa.Column("path", sa.Text(), nullable=True),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("details", sa.Text(), nullable=True),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("parts", sa.BigInteger(), nullable=False),
        sa.Column("changes", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("active_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["drive"], ["drives.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    owner_and_name, pending = ["drive", "principal", "name"], sa.text("state = 0")
    op.create_index(
        "uploads_pending_name", "uploads", owner_and_name, unique=True, sqlite_where=pending, postgresql_where=pending
    )
    op.create_index("uploads_named", "uploads", owner_and_name)
    op.create_index("uploads_owner", "uploads", ["principal", "state"])
    op.create_index("uploads_idle", "uploads", ["active_ms"])


def _parts() -> None:
    op.create_table(
        "parts",
        sa.Column("upload", _KEY, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("piece", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("object_key", _KEY, nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["upload"], ["uploads.id"]),
        sa.PrimaryKeyConstraint("upload", "number", "piece"),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_parts_object_key"), "parts", ["object_key"])
