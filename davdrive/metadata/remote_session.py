"""A session with a PostgreSQL server: what waits for the network lets other threads compute, and what needs no answer
does not wait."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

from davdrive.baton import resting
from davdrive.metadata.session import Ahead, Question, Row, Session
from davdrive.metadata.statement import Parameters, Statement

if TYPE_CHECKING:
    from psycopg import Connection, Cursor, Pipeline


class RemoteSession(Session):
    """Runs statements over a psycopg connection in autocommit mode, each on a cursor of its own: in a pipeline, answers
    come to the cursor that asked."""

    __slots__ = ("_ahead", "_connection", "_foreseen", "_pipeline")

    def __init__(self, connection: "Connection[Row]") -> None:
        super().__init__(connection.cursor(), "postgresql")
        self._connection = connection
        self._pipeline: Pipeline | None = None
        self._ahead: Sequence[Question] = ()
        self._foreseen: list[tuple[Question, list[Row]]] = []

    @property
    def is_idle(self) -> bool:
        """Whether the connection is whole and outside any transaction."""
        return not self._connection.closed and not self._connection.info.transaction_status

    @contextmanager
    def pipeline(self) -> Iterator[None]:
        """Send without waiting: an answer is waited for where a row is asked for, and all of them at the end."""
        opened = self._connection.pipeline()
        self._pipeline = opened.__enter__()
        try:
            yield
        except BaseException as error:
            self._pipeline = None
            with resting():
                opened.__exit__(type(error), error, error.__traceback__)
            raise
        self._pipeline = None
        with resting():
            opened.__exit__(None, None, None)

    def foresee(self, ahead: Ahead) -> None:
        self.forget()
        self._ahead = ahead()

    def forget(self) -> None:
        self._ahead = ()
        self._foreseen.clear()

    def row(self, statement: Statement, **parameters: Any) -> Row | None:
        rows = self._known(statement, parameters)
        if rows is not None:
            return rows[0] if rows else None
        with resting():
            return self._ask((statement, parameters))[0].fetchone()

    def rows(self, statement: Statement, **parameters: Any) -> list[Row]:
        rows = self._known(statement, parameters)
        if rows is not None:
            return rows
        with resting():
            return self._ask((statement, parameters))[0].fetchall()

    def gather(self, questions: Sequence[Question]) -> list[list[Row]]:
        with resting():
            return [cursor.fetchall() for cursor in self._ask(*questions)]

    def run(self, statement: Statement, **parameters: Any) -> int:
        self.forget()
        with resting():
            return self._ask((statement, parameters))[0].rowcount

    def do(self, statement: Statement, **parameters: Any) -> None:
        self.send(statement.sql(self.dialect), parameters)

    def do_long(self, statement: Statement, **parameters: Any) -> None:
        self.do(statement, **parameters)
        if self._pipeline is not None:
            self._pipeline.command_queue.append(self._connection.pgconn.send_flush_request)

    def many(self, statement: Statement, parameters: Iterable[Parameters]) -> None:
        self.forget()
        with nullcontext() if self._pipeline else resting(), self._connection.cursor() as cursor:
            cursor.executemany(statement.sql(self.dialect).encode(), list(parameters))

    def send(self, sql: str, parameters: Parameters | None = None) -> "Cursor[Row]":
        """Execute words; in a pipeline without waiting for their answer, which the returned cursor gets."""
        self.forget()
        if self._pipeline is not None:
            return self._connection.execute(sql.encode(), parameters)
        with resting():
            return self._connection.execute(sql.encode(), parameters)

    def command(self, sql: str) -> None:
        """Send, in a pipeline and without waiting, words without parameters whose answer is of no interest unless it is
        an error. They go past psycopg, which would forget every prepared statement at a rollback."""
        assert self._pipeline is not None
        self.forget()
        self._pipeline.command_queue.append(partial(self._connection.pgconn.send_query_params, sql.encode(), None))
        self._pipeline.result_queue.append(None)

    def rollback(self) -> None:
        """Roll back outside any pipeline, past psycopg as well."""
        from psycopg.generators import execute  # not at the top: SQLite works without the package

        self.forget()
        with resting():
            self._connection.pgconn.send_query(b"ROLLBACK")
            self._connection.wait(execute(self._connection.pgconn))

    def _known(self, statement: Statement, parameters: Parameters) -> list[Row] | None:
        for (asked, given), rows in self._foreseen:
            if asked is statement and given == parameters:
                return rows
        return None

    def _ask(self, *questions: Question) -> "list[Cursor[Row]]":
        ahead, self._ahead = self._ahead, ()
        together = len(questions) + len(ahead) > 1 and self._pipeline is None
        with self._connection.pipeline() if together else nullcontext():
            asked = [self._execute(question) for question in (*questions, *ahead)]
        if self._pipeline is not None:
            # A synchronised server knows that it is idle, and ends the transaction of a client that hangs.
            self._pipeline.sync()
        if ahead:
            answers = [cursor.fetchall() for cursor in asked[len(questions) :]]
            self._foreseen = list(zip(ahead, answers, strict=True))
        return asked[: len(questions)]

    def _execute(self, question: Question) -> "Cursor[Row]":
        statement, parameters = question
        return self._connection.execute(statement.sql(self.dialect).encode(), parameters)
