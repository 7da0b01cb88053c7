"""A connection to PostgreSQL on which no wait is for ever.

The kernel notices a network that swallows packets, and PostgreSQL a statement that takes too long. Neither helps
against a server, a pooler or a middlebox that takes what it is sent and says nothing: every thread would come to wait.
"""

from collections.abc import Generator
from time import monotonic
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from sqlalchemy import event
from sqlalchemy.engine import Engine

R = TypeVar("R")

MARGIN_S = 1.0
"""A server that cancels a statement in time gets so long to say so."""


class HeedfulConnection(psycopg.Connection[Any]):
    """Closed, with an OperationalError, when nothing came from the server for `silence_s` of waiting."""

    silence_s = 60.0

    def wait(self, gen: PQGen[R], *arguments: Any, **options: Any) -> R:
        return super().wait(self._heeding(gen), *arguments, **options)

    def _heeding(self, gen: PQGen[R]) -> Generator[Any, Any, R]:
        """`gen`, unchanged as long as it gets on. psycopg says every tenth of a second that nothing happened."""
        gives_up = 0.0
        try:
            state = next(gen)
            while True:
                ready = yield state
                if ready:
                    gives_up = 0.0
                elif not gives_up:
                    gives_up = monotonic() + self.silence_s
                elif monotonic() >= gives_up:
                    self.pgconn.finish()
                    raise psycopg.OperationalError("the server says nothing any more")
                # A generator that is told that nothing happened goes on waiting for the same.
                state = gen.send(ready)
        except StopIteration as end:
            result: R = end.value
            return result


def make_heedful(engine: Engine, statement_s: float) -> None:
    """Let the engine's connections end their waits soon after the server should have ended a statement."""

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: Any, _record: Any, arguments: Any, options: Any) -> Any:
        connection = HeedfulConnection.connect(*arguments, **options)
        connection.silence_s = statement_s + MARGIN_S
        return connection
