"""Dead properties: XML that clients keep with a resource (RFC 4918 §4)."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from davdrive.metadata.drives import Drive
from davdrive.metadata.resources import PathKeys, ask_lengths
from davdrive.metadata.session import Question, Row, Session
from davdrive.metadata.statement import Statement

_GET = Statement("SELECT node, namespace, name, value FROM properties WHERE drive = :drive AND node = :node")
_SET = Statement("""
    INSERT INTO properties (drive, node, namespace, name, value) VALUES (:drive, :node, :namespace, :name, :value)
    ON CONFLICT (drive, node, namespace, name) DO UPDATE SET value = excluded.value""")
_REMOVE = Statement("""
    DELETE FROM properties WHERE drive = :drive AND node = :node AND namespace = :namespace AND name = :name""")
_COPY = Statement("""
    INSERT INTO properties (drive, node, namespace, name, value)
    SELECT :target, :copy, namespace, name, value FROM properties WHERE drive = :source AND node = :node""")
_LENGTHS = Statement("""
    SELECT namespace, name, length(value) FROM properties WHERE drive = :drive AND node = :node""")


class PropertyName(NamedTuple):
    """The name of a property: its namespace (may be empty) and local name."""

    namespace: str
    name: str


Properties = Mapping[PropertyName, str]


def ask_properties(drive: int, node: int) -> Question:
    """Asks for a node's: rows for `by_node`."""
    return _GET, {"drive": drive, "node": node}


def by_node(rows: Iterable[Row]) -> dict[int, dict[PropertyName, str]]:
    """Rows of node, namespace, name, value as properties by node; nodes without any are left out."""
    found: dict[int, dict[PropertyName, str]] = {}
    for node, namespace, name, value in rows:
        found.setdefault(node, {})[PropertyName(namespace, name)] = value
    return found


def set_property(session: Session, drive: int, node: int, name: PropertyName, value: str) -> None:
    """Store or replace one."""
    session.do(_SET, drive=drive, node=node, namespace=name.namespace, name=name.name, value=value)


def remove_property(session: Session, drive: int, node: int, name: PropertyName) -> None:
    """Remove one; removing what is not there is no error (RFC 4918 §9.2)."""
    session.do(_REMOVE, drive=drive, node=node, namespace=name.namespace, name=name.name)


def property_lengths(session: Session, drive: Drive, path: PathKeys, node: int) -> dict[PropertyName, int]:
    """The characters of each property of the node at a path: over a network by the path, which is known beforehand."""
    if not drive.has_properties:
        return {}
    where: Question = (_LENGTHS, {"drive": drive.id, "node": node})
    statement, parameters = where if session.dialect == "sqlite" else ask_lengths(path)
    return {PropertyName(ns, name): length for ns, name, length in session.rows(statement, **parameters)}


def copy_properties(session: Session, source: int, node: int, target: int, copy: int) -> None:
    """Give the node `copy` of the drive `target` all that `node` of the drive `source` has."""
    session.do(_COPY, source=source, node=node, target=target, copy=copy)
