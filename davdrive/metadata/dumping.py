"""All of the metadata as rows of plain values, page by page, and back: the same on every database.

Used by backup and restore, and by moving from one database to another. Tables and columns come from
`davdrive.metadata.tables`, so a new table is in the next backup without anybody thinking of it.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

import sqlalchemy as sa

from davdrive.errors import Damaged
from davdrive.metadata.session import Row, Session
from davdrive.metadata.statement import Statement
from davdrive.metadata.tables import contents, metadata

PAGE_ROWS = 500
"""Rows in memory at a time."""

PAGE_CONTENTS = 64
"""The same for contents: with inline bytes of 64 KiB each, 4 MiB, and several times that on their way as JSON."""

OF_THE_MOMENT = frozenset({"doomed", "failures", "uploads", "parts", "chores"})
"""Tables about what is going on right now, which a backup leaves out. Locks are in it: a server that is restored within
the hour goes on where its clients were, and later they have expired."""

OF_THIS_DATABASE = frozenset({"pairing"})
"""Tables that say what this database is: whatever its rows are copied to is another one."""

_TABLE = re.compile(r"[a-z0-9_]{1,40}")

# What a process keeps there as soon as it opens a database.
_FORGET_SECRETS = Statement("DELETE FROM secrets")
_BESIDE = Statement("""
    SELECT (SELECT COALESCE(sum(changes + state), 0) FROM uploads), (SELECT count(*) FROM uploads),
        (SELECT COALESCE(max(id), 0) + count(*) FROM users),
        (SELECT COALESCE(max(id), 0) + count(*) FROM app_passwords),
        (SELECT COALESCE(sum(role), 0) + count(*) FROM members)""")
_EMPTY = Statement("SELECT (SELECT count(*) FROM drives) + (SELECT count(*) FROM users)")


class TableRows(NamedTuple):
    """A page of rows of one table, each with its columns in the order of `columns`."""

    table: str
    columns: tuple[str, ...]
    rows: list[Row]


def dump(session: Session, without: Collection[str] = ()) -> Iterator[TableRows]:
    """Every row of a drive or a user, a table after those that it refers to. Call it in a snapshot."""
    for table in metadata.sorted_tables:
        if table.name not in OF_THIS_DATABASE.union(without):
            yield from _pages(session, table)


def _pages(session: Session, table: sa.Table) -> Iterator[TableRows]:
    columns = tuple(column.name for column in table.columns)
    keys = [columns.index(column.name) for column in table.primary_key.columns]
    first, following = _statements(table)
    most = PAGE_CONTENTS if table is contents else PAGE_ROWS
    rows = session.rows(first, most=most)
    while rows:
        yield TableRows(table.name, columns, rows)
        places = {f"k{number}": rows[-1][key] for number, key in enumerate(keys)}
        rows = session.rows(following, most=most, **places)


def _statements(table: sa.Table) -> tuple[Statement, Statement]:
    """The first page, and the one after a key."""
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    keys = ", ".join(f'"{column.name}"' for column in table.primary_key.columns)
    places = ", ".join(f":k{number}" for number, _ in enumerate(table.primary_key.columns))
    select, order = f'SELECT {names} FROM "{table.name}"', f"ORDER BY {keys} LIMIT :most"
    return Statement(f"{select} {order}"), Statement(f"{select} WHERE ({keys}) > ({places}) {order}")


def load(session: Session, pages: Iterable[TableRows]) -> int:
    """Insert rows in the order in which `dump` gave them; how many. Call it in a writing transaction on a database
    without any, of the same schema. Errors: Damaged for what can be no table or column."""
    session.run(_FORGET_SECRETS)
    loaded = 0
    for page in pages:
        statement = _insertion(page.table, page.columns)
        session.many(statement, [_parameters(row) for row in page.rows])
        loaded += len(page.rows)
    if session.dialect == "postgresql":
        _set_sequences(session)
    return loaded


def _insertion(table: str, columns: tuple[str, ...]) -> Statement:
    if not all(map(_TABLE.fullmatch, (table, *columns))):
        raise Damaged("the backup's metadata names a table that there cannot be")
    names = ", ".join(f'"{name}"' for name in columns)
    places = ", ".join(f":c{number}" for number, _ in enumerate(columns))
    return Statement(f'INSERT INTO "{table}" ({names}) VALUES ({places})')


def _parameters(row: Row) -> dict[str, Any]:
    return {f"c{number}": value for number, value in enumerate(row)}


def _set_sequences(session: Session) -> None:
    """PostgreSQL draws new ids from sequences, which explicit ids do not move."""
    for table in metadata.sorted_tables:
        column = table.autoincrement_column
        if column is not None and column.autoincrement is True:
            name = f'"{table.name}"'
            session.row(
                Statement(f"""
                    SELECT setval(pg_get_serial_sequence('{name}', '{column.name}'),
                        (SELECT COALESCE(max("{column.name}"), 0) + 1 FROM {name}), false)""")
            )


def changes_beside_drives(session: Session) -> Row:
    """Numbers that differ after a change which no drive's revision tells of: uploads in parts, users, roles."""
    return tuple(int(number) for number in session.row(_BESIDE) or ())


def is_empty(session: Session) -> bool:
    """Whether there are neither drives nor users."""
    return not session.value(_EMPTY)
