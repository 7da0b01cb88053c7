"""One connection inside one transaction or snapshot, on the driver's own cursor."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from davdrive.metadata.statement import Parameters, Statement

Row = tuple[Any, ...]
Question = tuple[Statement, Parameters]
Ahead = Callable[[], Sequence[Question]]
"""Tells which questions come next, as far as a request says so beforehand."""


class Cursor(Protocol):
    """The part of a DB-API cursor that a session uses (PEP 249)."""

    @property
    def rowcount(self) -> int: ...
    def execute(self, sql: str, parameters: Any = ...) -> Any: ...
    def executemany(self, sql: str, parameters: Any) -> Any: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> Any: ...


class Session:
    """Runs statements. `dialect` is "sqlite" or "postgresql"."""

    __slots__ = ("_cursor", "dialect")

    def __init__(self, cursor: Cursor, dialect: str) -> None:
        self._cursor = cursor
        self.dialect = dialect

    def row(self, statement: Statement, **parameters: Any) -> Row | None:
        """The first row, or None."""
        self._cursor.execute(statement.sql(self.dialect), parameters)
        found: Row | None = self._cursor.fetchone()
        return found

    def rows(self, statement: Statement, **parameters: Any) -> list[Row]:
        """Every row."""
        self._cursor.execute(statement.sql(self.dialect), parameters)
        found: list[Row] = self._cursor.fetchall()
        return found

    def value(self, statement: Statement, **parameters: Any) -> Any:
        """The first column of the first row, or None."""
        found = self.row(statement, **parameters)
        return None if found is None else found[0]

    def foresee(self, ahead: Ahead) -> None:
        """Say which questions will follow the next one, with these very parameters and before anything is changed: over
        a network they travel with it. Here each is asked when its turn comes."""

    def forget(self) -> None:
        """Drop what was foreseen."""

    def gather(self, questions: Sequence[Question]) -> list[list[Row]]:
        """The rows of several statements, none of which needs another's answer: one round trip for all."""
        return [self.rows(statement, **parameters) for statement, parameters in questions]

    def run(self, statement: Statement, **parameters: Any) -> int:
        """Execute; the number of rows that it changed."""
        self._cursor.execute(statement.sql(self.dialect), parameters)
        return self._cursor.rowcount

    def do(self, statement: Statement, **parameters: Any) -> None:
        """Execute without asking what it changed: it may travel together with what comes after it."""
        self._cursor.execute(statement.sql(self.dialect), parameters)

    def do_long(self, statement: Statement, **parameters: Any) -> None:
        """The same for what may take seconds: over a network its end is told at once, so that several in a row are not
        taken for a server that says nothing any more."""
        self.do(statement, **parameters)

    def many(self, statement: Statement, parameters: Iterable[Parameters]) -> None:
        """Execute once for each set of parameters."""
        self._cursor.executemany(statement.sql(self.dialect), list(parameters))
