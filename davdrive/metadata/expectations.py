"""What PostgreSQL should expect of tables that are still empty.

Its planner goes by statistics that it gathers about a minute after the first rows. Until then it guesses that half a
percent of the entries are live, and takes an index that finds a whole drive for one that finds a name. So a new
database is shown a small drive once: its rows are gone before anybody sees them, what was learnt of them stays until
there is something better.
"""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

_DRIVES, _NODES = 4, 2000
"""Of the example: so many drives, so many nodes in all, a tenth of them collections, every fifth name and version
ended, one content in ten in two segments, one node in ten with a property."""

_EXAMPLE = (
    """INSERT INTO drives (id, name, name_key, case_insensitive, used_bytes, revision, next_node, time_ms, created_ms)
       SELECT d, 'd' || d, 'd' || d, 0, 0, :nodes, :nodes, 0, 0 FROM generate_series(1, :drives) d""",
    """INSERT INTO users (id, name, name_key, password_hash, administrator, created_ms)
       SELECT d, 'd' || d, 'd' || d, '', 0, 0 FROM generate_series(1, :drives) d""",
    'INSERT INTO members (drive, "user", role) SELECT d, d, 3 FROM generate_series(1, :drives) d',
    """INSERT INTO commits (drive, revision, time_ms, principal, operation, path, operation_id)
       SELECT 1 + n % :drives, n, n, 'd', 'put', '/' || n, md5(n::text) FROM generate_series(1, :nodes) n""",
    """INSERT INTO nodes (drive, id, kind, created_ms, modified_ms)
       SELECT d, n, least(1, n % 10), n, n
       FROM generate_series(1, :drives) d, generate_series(1, :nodes / :drives) n""",
    """INSERT INTO entries (id, drive, parent, name, name_key, node, since, until)
       SELECT n.id * :drives + n.drive, n.drive, n.id / 100 * 10 + 10, 'n' || n.id, 'n' || n.id, n.id, n.id,
           CASE n.id % 5 WHEN 4 THEN n.id + 1 END
       FROM nodes n WHERE n.id < :nodes / :drives - 100""",
    """INSERT INTO contents (id, size, sha256, inline)
       SELECT n, n, decode(md5(n::text), 'hex'), CASE WHEN n % 10 > 0 THEN ''::bytea END
       FROM generate_series(1, :nodes) n""",
    """INSERT INTO segments (content, start, object_key, "offset", length)
       SELECT c.id, s, md5(c.id || '/' || s), 0, 1 FROM contents c, generate_series(0, 1) s WHERE c.inline IS NULL""",
    """INSERT INTO versions (id, drive, node, content, size, etag, modified_ms, author, since, until)
       SELECT n.id * :drives + n.drive, n.drive, n.id, n.id * :drives, n.id, md5(n.id::text), n.id, 'd', n.id,
           CASE n.id % 5 WHEN 4 THEN n.id + 1 END
       FROM nodes n WHERE n.kind = 1""",
    """INSERT INTO properties (drive, node, namespace, name, value)
       SELECT n.drive, n.id, 'DAV:', 'name', '' FROM nodes n WHERE n.id % 10 = 1""",
    """INSERT INTO locks (token, drive, path, path_key, node, exclusive, infinite, principal, timeout_s, created_ms,
           expires_ms)
       SELECT md5(n.id::text || n.drive), n.drive, '/n' || n.id, '/n' || n.id, n.id, 1, 0, 'd', 600, n.id, n.id
       FROM nodes n WHERE n.id % 10 = 1""",
    """INSERT INTO uploads (id, drive, principal, name, received, parts, changes, state, created_ms, active_ms)
       SELECT md5(n::text), 1 + n % :drives, 'd' || n % :drives, n, 0, 0, 0, n % 3, n, n
       FROM generate_series(1, :nodes / 10) n""",
    """INSERT INTO parts (upload, number, piece, name, size, sha256, object_key, "offset", length)
       SELECT u.id, k, 0, k, 1, ''::bytea, md5(u.id || k), 0, 1 FROM uploads u, generate_series(1, 10) k""",
    "INSERT INTO doomed (object_key, after_ms) SELECT md5(n::text), n FROM generate_series(1, :nodes / 10) n",
)


def show_an_example(connection: Connection) -> None:
    """Leave statistics in a database whose tables are empty; nothing in one that holds anything, or in SQLite."""
    if connection.dialect.name == "sqlite" or connection.execute(sa.text("SELECT 1 FROM drives LIMIT 1")).first():
        return
    for statement in _EXAMPLE:
        connection.execute(sa.text(statement), {"drives": _DRIVES, "nodes": _NODES})
    connection.execute(sa.text("ANALYZE"))
    connection.execute(sa.text("TRUNCATE drives, users, contents, doomed, uploads CASCADE"))
