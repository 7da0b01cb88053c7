"""The tables of DESIGN §3. History is the data model: `since` and `until` are revisions, `until` null means now."""

import sqlalchemy as sa

metadata = sa.MetaData()

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# Keys are compared byte by byte on every database, so that a prefix is a range.
Key = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

ROOT = 1
"""The node id of every drive's root collection."""

COLLECTION, FILE = 0, 1
"""The kinds of node."""

VIEWER, EDITOR, OWNER = 1, 2, 3
"""The roles on a drive, each able to do all that the one before it can."""


def _drive() -> sa.Column[int]:
    return sa.Column("drive", Id, sa.ForeignKey("drives.id"), nullable=False)


def _node_key(column: str = "node", ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["drive", column], ["nodes.drive", "nodes.id"], ondelete=ondelete)


drives = sa.Table(
    "drives",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("name_key", Key, nullable=False, unique=True),
    sa.Column("case_insensitive", sa.SmallInteger, nullable=False, default=0),
    sa.Column("quota_bytes", sa.BigInteger),
    sa.Column("used_bytes", sa.BigInteger, nullable=False, default=0),
    sa.Column("retention_s", sa.BigInteger),
    sa.Column("revision", sa.BigInteger, nullable=False, default=0),
    sa.Column("next_node", sa.BigInteger, nullable=False, default=ROOT + 1),
    sa.Column("time_ms", sa.BigInteger, nullable=False, default=0),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sqlite_autoincrement=True,
)

commits = sa.Table(
    "commits",
    metadata,
    _drive(),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column("time_ms", sa.BigInteger, nullable=False),
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("operation", sa.Text, nullable=False),
    sa.Column("path", sa.Text),
    sa.Column("target", sa.Text),
    sa.Column("operation_id", sa.Text, nullable=False),
    sa.PrimaryKeyConstraint("drive", "revision"),
    sqlite_with_rowid=False,
)

nodes = sa.Table(
    "nodes",
    metadata,
    _drive(),
    sa.Column("id", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.SmallInteger, nullable=False),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("modified_ms", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("drive", "id"),
    sqlite_with_rowid=False,
)

entries = sa.Table(
    "entries",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    _drive(),
    sa.Column("parent", sa.BigInteger, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("name_key", Key, nullable=False),
    sa.Column("node", sa.BigInteger, nullable=False),
    sa.Column("since", sa.BigInteger, nullable=False),
    sa.Column("until", sa.BigInteger),
    _node_key("parent"),
    _node_key("node"),
)
_live_entry, _ended_entry = entries.c.until.is_(None), entries.c.until.is_not(None)
sa.Index(
    "entries_live_name",
    entries.c.drive,
    entries.c.parent,
    entries.c.name_key,
    unique=True,
    sqlite_where=_live_entry,
    postgresql_where=_live_entry,
)
sa.Index(
    "entries_live_node",
    entries.c.drive,
    entries.c.node,
    unique=True,
    sqlite_where=_live_entry,
    postgresql_where=_live_entry,
)
# Not partial: they also serve the foreign keys to nodes, which upkeep deletes.
sa.Index("entries_parent", entries.c.drive, entries.c.parent, entries.c.name_key, entries.c.until)
sa.Index("entries_node", entries.c.drive, entries.c.node, entries.c.until, entries.c.since)
sa.Index(
    "entries_purge",
    entries.c.drive,
    entries.c.until,
    sqlite_where=_ended_entry,
    postgresql_where=_ended_entry,
)

contents = sa.Table(
    "contents",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.LargeBinary),
    sa.Column("digests", sa.Text),
    sa.Column("inline", sa.LargeBinary),
    sqlite_autoincrement=True,
)
_unhashed = contents.c.sha256.is_(None)
sa.Index("contents_unhashed", contents.c.id, sqlite_where=_unhashed, postgresql_where=_unhashed)

segments = sa.Table(
    "segments",
    metadata,
    sa.Column("content", Id, sa.ForeignKey("contents.id", ondelete="CASCADE"), nullable=False),
    sa.Column("start", sa.BigInteger, nullable=False),
    sa.Column("object_key", Key, nullable=False, index=True),
    sa.Column("offset", sa.BigInteger, nullable=False),
    sa.Column("length", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("content", "start"),
    sqlite_with_rowid=False,
)

versions = sa.Table(
    "versions",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    _drive(),
    sa.Column("node", sa.BigInteger, nullable=False),
    sa.Column("content", Id, sa.ForeignKey("contents.id"), nullable=False, index=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("etag", sa.Text, nullable=False),
    sa.Column("media_type", sa.Text),
    sa.Column("modified_ms", sa.BigInteger, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("since", sa.BigInteger, nullable=False),
    sa.Column("until", sa.BigInteger),
    sa.Column("draft", sa.SmallInteger, nullable=False, server_default="0"),
    _node_key("node"),
)
_live_version, _ended_version = versions.c.until.is_(None), versions.c.until.is_not(None)
sa.Index(
    "versions_live",
    versions.c.drive,
    versions.c.node,
    unique=True,
    sqlite_where=_live_version,
    postgresql_where=_live_version,
)
sa.Index("versions_node", versions.c.drive, versions.c.node, versions.c.until)
sa.Index(
    "versions_purge",
    versions.c.drive,
    versions.c.until,
    sqlite_where=_ended_version,
    postgresql_where=_ended_version,
)

properties = sa.Table(
    "properties",
    metadata,
    _drive(),
    sa.Column("node", sa.BigInteger, nullable=False),
    sa.Column("namespace", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("value", sa.Text, nullable=False),
    sa.PrimaryKeyConstraint("drive", "node", "namespace", "name"),
    _node_key("node", ondelete="CASCADE"),
    sqlite_with_rowid=False,
)

locks = sa.Table(
    "locks",
    metadata,
    sa.Column("token", Key, primary_key=True),
    _drive(),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("path_key", Key, nullable=False),
    sa.Column("node", sa.BigInteger, nullable=False),
    sa.Column("exclusive", sa.SmallInteger, nullable=False),
    sa.Column("infinite", sa.SmallInteger, nullable=False),
    sa.Column("owner_xml", sa.Text),
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("timeout_s", sa.BigInteger, nullable=False),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("expires_ms", sa.BigInteger, nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False, server_default="0"),
)
sa.Index("locks_path", locks.c.drive, locks.c.path_key)

doomed = sa.Table(
    "doomed",
    metadata,
    sa.Column("object_key", Key, primary_key=True),
    sa.Column("after_ms", sa.BigInteger, nullable=False, index=True),
)

chores = sa.Table(
    "chores",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("done_ms", sa.BigInteger, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
)
"""What upkeep did last, and where a long round goes on."""

PENDING, COMPLETE, ABORTED = 0, 1, 2
"""The states of an upload (`davdrive.drive.uploads.state` says how one follows another)."""

uploads = sa.Table(
    "uploads",
    metadata,
    sa.Column("id", Key, primary_key=True),
    _drive(),
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("name", Key),
    sa.Column("path", sa.Text),
    sa.Column("total", sa.BigInteger),
    sa.Column("details", sa.Text),
    sa.Column("received", sa.BigInteger, nullable=False, default=0),
    sa.Column("parts", sa.BigInteger, nullable=False, default=0),
    sa.Column("changes", sa.BigInteger, nullable=False, default=0),
    sa.Column("state", sa.SmallInteger, nullable=False, default=PENDING),
    sa.Column("result", sa.Text),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("active_ms", sa.BigInteger, nullable=False),
)
_pending = uploads.c.state == PENDING
sa.Index(
    "uploads_pending_name",
    uploads.c.drive,
    uploads.c.principal,
    uploads.c.name,
    unique=True,
    sqlite_where=_pending,
    postgresql_where=_pending,
)
sa.Index("uploads_named", uploads.c.drive, uploads.c.principal, uploads.c.name)
sa.Index("uploads_owner", uploads.c.principal, uploads.c.state)
sa.Index("uploads_idle", uploads.c.active_ms)

# A part of several segments has a row for each: what belongs to the part alone (name, size, sha256) is in all of them.
# No ON DELETE CASCADE: whoever forgets parts has to doom their objects first.
parts = sa.Table(
    "parts",
    metadata,
    sa.Column("upload", Key, sa.ForeignKey("uploads.id"), nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("piece", sa.Integer, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.LargeBinary, nullable=False),
    sa.Column("object_key", Key, nullable=False, index=True),
    sa.Column("offset", sa.BigInteger, nullable=False),
    sa.Column("length", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("upload", "number", "piece"),
    sqlite_with_rowid=False,
)

users = sa.Table(
    "users",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("name_key", Key, nullable=False, unique=True),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("digest_ha1", sa.Text),
    sa.Column("administrator", sa.SmallInteger, nullable=False, default=0),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sqlite_autoincrement=True,
)

app_passwords = sa.Table(
    "app_passwords",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("user", Id, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("expires_ms", sa.BigInteger),
    sqlite_autoincrement=True,
)

members = sa.Table(
    "members",
    metadata,
    _drive(),
    sa.Column("user", Id, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("role", sa.SmallInteger, nullable=False),
    sa.PrimaryKeyConstraint("drive", "user"),
    sqlite_with_rowid=False,
)

secrets = sa.Table(
    "secrets",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.LargeBinary, nullable=False),
)
"""Server secrets that every node shares, such as the key that signs Digest nonces."""

pairing = sa.Table(
    "pairing",
    metadata,
    sa.Column("part", sa.Text, primary_key=True),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("earlier", sa.Text, nullable=False),
    sa.Column("seen", sa.SmallInteger, nullable=False),
)
"""What the object store is marked with that belongs to this database; one row. `earlier`: what it was marked with when
the metadata was moved from or to here. `seen`: the store was seen to have the mark. The row stays where it is: no
backup has it, and no copy to another database."""

failures = sa.Table(
    "failures",
    metadata,
    sa.Column("key", Key, primary_key=True),
    sa.Column("count", sa.BigInteger, nullable=False),
    sa.Column("last_ms", sa.BigInteger, nullable=False),
)
"""Failed password attempts, by user and by address."""
