"""The members of a collection as they were at one revision, page by page.

A listing may be long and its reader slow. No transaction stays open for it: every page asks for the rows as of the
revision at which the listing began, and history answers.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from davdrive.metadata.contents import known_digests
from davdrive.metadata.database import Database
from davdrive.metadata.resources import FIELDS, Resource
from davdrive.metadata.session import Question, Row, Session
from davdrive.metadata.statement import Statement

_new_resource = tuple.__new__
"""Half of what `Resource._make` costs; the statements below say what a row holds."""

FIRST_PAGE, NEXT_PAGES = 100, 1000
"""Rows a page: few in the first one, so that the first byte leaves early; then enough to make a statement worth it.
Where dead properties come along, every page is a short one: a node may have a quarter of a mebibyte of them."""

_CONTENT = "LEFT JOIN contents c ON c.id = v.content"
_DIGESTS = ", c.sha256, c.digests"
_WHERE = "e.drive = :drive AND e.parent = :parent AND e.name_key > :after"

# While the drive is still at that revision, what lives is what lived.
_LIVE = """
    SELECT e.name, {fields}{digests}, e.name_key FROM drives d JOIN entries e ON e.drive = d.id
    JOIN nodes n ON n.drive = e.drive AND n.id = e.node
    LEFT JOIN versions v ON v.drive = e.drive AND v.node = e.node AND v.until IS NULL {content}
    WHERE d.id = :drive AND d.revision = :revision AND {where} AND e.until IS NULL ORDER BY e.name_key LIMIT :most"""
_STILL = Statement("SELECT 1 FROM drives WHERE id = :drive AND revision = :revision")

# Otherwise the names of the page come first, from those that live and those that ended since, and then what they name.
_NAMES = f"""
    SELECT * FROM (SELECT e.drive, e.name_key, e.name, e.node FROM entries e
        WHERE {_WHERE} AND e.since <= :revision AND e.until IS NULL ORDER BY e.name_key LIMIT :most) living
    UNION ALL
    SELECT * FROM (SELECT e.drive, e.name_key, e.name, e.node FROM entries e
        WHERE {_WHERE} AND e.since <= :revision AND e.until > :revision ORDER BY e.name_key LIMIT :most) ended
    ORDER BY 2 LIMIT :most"""
_PAST = """
    SELECT e.name, {fields}{digests}, e.name_key FROM ({names}) e
    JOIN nodes n ON n.drive = e.drive AND n.id = e.node
    LEFT JOIN versions v ON v.drive = e.drive AND v.node = e.node AND v.since <= :revision
        AND (v.until IS NULL OR v.until > :revision) {content}
    ORDER BY e.name_key"""


def _statement(text: str, digests: bool) -> Statement:
    wanted = {"digests": _DIGESTS, "content": _CONTENT} if digests else {"digests": "", "content": ""}
    return Statement(text.format(fields=FIELDS, where=_WHERE, names=_NAMES, **wanted))


_PAGES = {digests: (_statement(_LIVE, digests), _statement(_PAST, digests)) for digests in (False, True)}
_PROPERTIES = Statement(f"""
    SELECT p.node, p.namespace, p.name, p.value FROM ({_NAMES}) e
    JOIN properties p ON p.drive = e.drive AND p.node = e.node""")


class Page(NamedTuple):
    """Some members in the order of their keys. `digests` are theirs by node, if they were asked for; `answers` those
    to the questions that travelled along."""

    members: list[Resource]
    digests: Mapping[int, Mapping[str, str]]
    answers: Sequence[list[Row]]


Bounds = Mapping[str, Any]
Beside = Callable[[Bounds], Sequence[Question]]


def pages(
    database: Database,
    drive: int,
    parent: int,
    revision: int,
    *,
    digests: bool = False,
    beside: Beside | None = None,
    next_pages: int = NEXT_PAGES,
) -> Iterator[Page]:
    """The members of `parent` as of `revision`, ordered by name key, each page in one round trip. `beside` gives
    questions that go along with a page of those bounds; `next_pages` are the rows of all pages but the first."""
    after, most = "", FIRST_PAGE
    while True:
        bounds = {"drive": drive, "parent": parent, "revision": revision, "after": after, "most": most}
        questions = beside(bounds) if beside else ()
        rows, answers = database.read(partial(_page, bounds=bounds, digests=digests, questions=questions))
        known = {row[7]: known_digests(row[-3], row[-2]) for row in rows if row[8] is not None} if digests else {}
        yield Page([_new_resource(Resource, row[:9]) for row in rows], known, answers)
        if len(rows) < most:
            return
        after, most = rows[-1][-1], next_pages


def _page(
    session: Session, bounds: Bounds, digests: bool, questions: Sequence[Question]
) -> tuple[list[Row], Sequence[list[Row]]]:
    live, past = _PAGES[digests]
    still = {"drive": bounds["drive"], "revision": bounds["revision"]}
    rows, unchanged, *answers = session.gather(((live, bounds), (_STILL, still), *questions))
    return rows or ([] if unchanged else session.rows(past, **bounds)), answers


def page_properties(bounds: Bounds) -> Question:
    """Asks for the dead properties of a page: rows of node, namespace, name, value."""
    return _PROPERTIES, bounds
