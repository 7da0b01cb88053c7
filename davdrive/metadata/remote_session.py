"""A session with a PostgreSQL server: what waits for the network lets other threads compute, and what needs no answer
does not wait."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from davdrive.baton import resting
from davdrive.metadata.session import Question, Row, Session
from davdrive.metadata.statement import Parameters, Statement

if TYPE_CHECKING:
    from psycopg import Connection, Cursor, Pipeline


class RemoteSession(Session):
    """Runs statements over a psycopg connection in autocommit mode, each on a cursor of its own: in a pipeline, answers
    come to the cursor that asked."""

    __slots__ = ("_connection", "_pipeline")

    def __init__(self, connection: "Connection[Row]") -> None:
        super().__init__(connection.cursor(), "postgresql")
        self._connection = connection
        self._pipeline: Pipeline | None = None

    @property
    def is_idle(self) -> bool:
        """Whether the connection is whole and outside any transaction."""
        return not self._connection.closed and not self._connection.info.transaction_status

    @contextmanager
    def pipeline(self) -> Iterator[None]:
        """Send without waiting: an answer is waited for where a row is asked for, and all of them at the end."""
        pipeline = self._connection.pipeline()
        self._pipeline = pipeline.__enter__()
        try:
            yield
        except BaseException as error:
            self._pipeline = None
            with resting():
                pipeline.__exit__(type(error), error, error.__traceback__)
            raise
        self._pipeline = None
        with resting():
            pipeline.__exit__(None, None, None)

    def row(self, statement: Statement, **parameters: Any) -> Row | None:
        with resting():
            return self._ask((statement, parameters))[0].fetchone()

    def rows(self, statement: Statement, **parameters: Any) -> list[Row]:
        with resting():
            return self._ask((statement, parameters))[0].fetchall()

    def gather(self, questions: Sequence[Question]) -> list[list[Row]]:
        with resting():
            with nullcontext() if self._pipeline else self._connection.pipeline():
                asked = self._ask(*questions)
            return [cursor.fetchall() for cursor in asked]

    def run(self, statement: Statement, **parameters: Any) -> int:
        with resting():
            return self._ask((statement, parameters))[0].rowcount

    def do(self, statement: Statement, **parameters: Any) -> None:
        self.send(statement.sql(self.dialect), parameters)

    def many(self, statement: Statement, parameters: Iterable[Parameters]) -> None:
        with resting(), self._connection.cursor() as cursor:
            cursor.executemany(statement.sql(self.dialect).encode(), list(parameters))

    def send(self, sql: str, parameters: Parameters | None = None) -> "Cursor[Row]":
        """Execute words; in a pipeline without waiting for their answer, which the returned cursor gets."""
        if self._pipeline is not None:
            return self._connection.execute(sql.encode(), parameters)
        with resting():
            return self._connection.execute(sql.encode(), parameters)

    def rollback(self) -> None:
        """Roll back past psycopg, which would forget every prepared statement; they outlive transactions."""
        from psycopg.generators import execute  # not at the top: SQLite works without the package

        with resting():
            self._connection.pgconn.send_query(b"ROLLBACK")
            self._connection.wait(execute(self._connection.pgconn))

    def _ask(self, *questions: Question) -> "list[Cursor[Row]]":
        asked = [
            self._connection.execute(statement.sql(self.dialect).encode(), parameters)
            for statement, parameters in questions
        ]
        if self._pipeline is not None:
            # A synchronised server knows that it is idle, and ends the transaction of a client that hangs.
            self._pipeline.sync()
        return asked
