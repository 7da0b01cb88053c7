"""Whole trees: copying one is a few INSERT … SELECT that share contents.

The copy gets consecutive node ids: the n-th node of the source, in the order of the walk, becomes `first + n`. Source
and target may be in different drives of one database.
"""

from typing import NamedTuple

from davdrive.metadata.drives import Drive
from davdrive.metadata.session import Session
from davdrive.metadata.statement import Statement
from davdrive.metadata.transaction import Transaction

_SUBTREE = """
    WITH RECURSIVE tree(node) AS (
        SELECT CAST(:node AS BIGINT)
        UNION ALL
        SELECT e.node FROM tree JOIN entries e ON e.drive = :source AND e.parent = tree.node AND e.until IS NULL
    )"""
_MEASURE = Statement(f"""
    {_SUBTREE} SELECT count(*), COALESCE(sum(v.size), 0) FROM tree
    LEFT JOIN versions v ON v.drive = :source AND v.node = tree.node AND v.until IS NULL""")
_MAKE_MAP = Statement("""
    CREATE TEMPORARY TABLE IF NOT EXISTS copying (old BIGINT PRIMARY KEY, new BIGINT NOT NULL) {TRANSIENT}""")
_EMPTY_MAP = Statement("DELETE FROM copying")
_FILL_MAP = Statement(f"""
    INSERT INTO copying (old, new)
    {_SUBTREE} SELECT node, :first + row_number() OVER () - 1 FROM tree""")
_TOP = Statement("SELECT new FROM copying WHERE old = :node")
_COPY_NODES = Statement("""
    INSERT INTO nodes (drive, id, kind, created_ms, modified_ms)
    SELECT :target, c.new, n.kind, :now_ms, CASE n.kind WHEN 0 THEN :now_ms ELSE n.modified_ms END
    FROM copying c JOIN nodes n ON n.drive = :source AND n.id = c.old""")
_COPY_ENTRIES = Statement("""
    INSERT INTO entries (drive, parent, name, name_key, node, since)
    SELECT :target, p.new, e.name, e.name_key, c.new, :revision
    FROM copying c JOIN entries e ON e.drive = :source AND e.node = c.old AND e.until IS NULL
    JOIN copying p ON p.old = e.parent
    WHERE c.old <> :node""")
_COPY_VERSIONS = Statement("""
    INSERT INTO versions (drive, node, content, size, etag, media_type, modified_ms, author, since)
    SELECT :target, c.new, v.content, v.size, v.etag, v.media_type, v.modified_ms, :author, :revision
    FROM copying c JOIN versions v ON v.drive = :source AND v.node = c.old AND v.until IS NULL""")
_COPY_PROPERTIES = Statement("""
    INSERT INTO properties (drive, node, namespace, name, value)
    SELECT :target, c.new, p.namespace, p.name, p.value
    FROM copying c JOIN properties p ON p.drive = :source AND p.node = c.old""")


class TreeSize(NamedTuple):
    """How many nodes a tree has, its top included, and the bytes of their current versions."""

    nodes: int
    bytes: int


def measure_tree(session: Session, drive: Drive, node: int) -> TreeSize:
    """Count the live tree at `node`."""
    nodes, size = session.row(_MEASURE, source=drive.id, node=node) or (0, 0)
    return TreeSize(nodes, int(size))


def copy_tree(transaction: Transaction, source: Drive, node: int, target: Drive, size: TreeSize) -> int:
    """Copy the live tree at `node` into `target`: nodes, names below the top, current versions and properties.

    `size` is what `measure_tree` found in this transaction. The copy's top has no name yet; its id is returned.
    """
    first = transaction.new_node(target, size.nodes)
    session, where = transaction.session, {"source": source.id, "target": target.id}
    _map_nodes(session, source, node, first)
    session.do_long(_COPY_NODES, **where, now_ms=transaction.now_ms)
    session.do_long(_COPY_ENTRIES, **where, node=node, revision=target.revision)
    session.do_long(_COPY_VERSIONS, **where, author=transaction.caller.name, revision=target.revision)
    session.do_long(_COPY_PROPERTIES, **where)
    top: int = first if size.nodes == 1 else session.value(_TOP, node=node)
    if session.dialect == "sqlite":
        session.do(_EMPTY_MAP)  # PostgreSQL does it at the commit
    transaction.charge(target, size.bytes)
    return top


def _map_nodes(session: Session, source: Drive, node: int, first: int) -> None:
    session.do(_MAKE_MAP)
    session.do(_EMPTY_MAP)  # of what an earlier change left that shares the commit
    session.do_long(_FILL_MAP, source=source.id, node=node, first=first)
