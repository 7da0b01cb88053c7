"""The members of a collection as they were at one revision, page by page.

A listing may be long and its reader slow. No transaction stays open for it: every page asks for the rows as of the
revision at which the listing began, and history answers.
"""

from collections.abc import Iterator
from functools import partial

from davdrive.metadata.database import Database
from davdrive.metadata.resources import FIELDS, Resource
from davdrive.metadata.session import Row, Session
from davdrive.metadata.statement import Statement

FIRST_PAGE, NEXT_PAGES = 100, 1000
"""Rows a page: few in the first one, so that the first byte leaves early; then enough to make a statement worth it."""

_AS_OF = "v.since <= :revision AND (v.until IS NULL OR v.until > :revision)"
_LIVE = Statement(f"""
    SELECT e.name, {FIELDS}, e.name_key FROM drives d
    JOIN entries e ON e.drive = d.id
    JOIN nodes n ON n.drive = e.drive AND n.id = e.node
    LEFT JOIN versions v ON v.drive = e.drive AND v.node = e.node AND v.until IS NULL
    WHERE d.id = :drive AND d.revision = :revision
        AND e.parent = :parent AND e.until IS NULL AND e.name_key > :after ORDER BY e.name_key LIMIT :most""")
_JOINS = f"""
    JOIN nodes n ON n.drive = e.drive AND n.id = e.node
    LEFT JOIN versions v ON v.drive = e.drive AND v.node = e.node AND {_AS_OF}"""
_WHERE = "e.drive = :drive AND e.parent = :parent AND e.name_key > :after AND e.since <= :revision"
_PAGE = Statement(f"""
    SELECT e.name, {FIELDS}, e.name_key FROM entries e {_JOINS} WHERE {_WHERE} AND e.until IS NULL
    UNION ALL
    SELECT e.name, {FIELDS}, e.name_key FROM entries e {_JOINS} WHERE {_WHERE} AND e.until > :revision
    ORDER BY 10 LIMIT :most""")
_ANY = Statement("SELECT 1 FROM entries WHERE drive = :drive AND parent = :parent AND until IS NULL LIMIT 1")


def pages(database: Database, drive: int, parent: int, revision: int) -> Iterator[list[Resource]]:
    """The members of `parent` as of `revision`, ordered by name key, in pages."""
    after, most = "", FIRST_PAGE
    while True:
        page = database.read(partial(_page, drive=drive, parent=parent, revision=revision, after=after, most=most))
        yield [Resource._make(row[:-1]) for row in page]
        if len(page) < most:
            return
        after, most = page[-1][-1], NEXT_PAGES


def _page(session: Session, **bounds: object) -> list[Row]:
    """While the drive is still at that revision, what lives is what lived; nothing found may also mean that it is
    not, and then history is asked."""
    return session.rows(_LIVE, **bounds) or session.rows(_PAGE, **bounds)


def has_members(session: Session, drive: int, parent: int) -> bool:
    """Whether the collection holds anything now."""
    return session.row(_ANY, drive=drive, parent=parent) is not None
