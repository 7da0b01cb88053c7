"""Ending long commands: Ctrl-C and SIGTERM let them come to a good end and say so; a second one ends them at once."""

import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import ParamSpec, TypeVar

import click

from davdrive.deadline import Deadline
from davdrive.errors import Cancelled

P = ParamSpec("P")
T = TypeVar("T")
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Ended(BaseException):
    """The command was asked to end, and is at a place where it can."""


class Stopping:
    """Whether somebody asked the command to end; `deadline` is cancelled then."""

    def __init__(self) -> None:
        self.by: signal.Signals | None = None
        self.deadline = Deadline()

    def going(self) -> bool:
        """Whether to go on."""
        return self.by is None

    def between(self, step: Callable[P, T]) -> Callable[P, T]:
        """`step`, which ends the command if somebody asked."""

        def watched(*args: P.args, **kwargs: P.kwargs) -> T:
            if self.by is not None:
                raise Ended
            return step(*args, **kwargs)

        return watched

    def each(self, items: Iterable[T]) -> Iterator[T]:
        """Items one after the other, until somebody asks."""
        for item in items:
            if self.by is not None:
                raise Ended
            yield item

    def end(self, text: str) -> None:
        """If somebody asked, say what that means and end, with the exit status of that signal."""
        if self.by is not None:
            click.echo(f"davdrive: ended by {self.by.name}: {text}", err=True)
            sys.exit(128 + self.by)


@contextmanager
def gently(text: str) -> Iterator[Stopping]:
    """For work that asks `going`, or calls something that was given to `between`, between its steps. `text` says what
    is left of it and how to go on."""
    asked = Stopping()

    def ask(number: int, _frame: FrameType | None) -> None:
        # Nothing is raised here: the thread may be anywhere, in the midst of a transaction of others too.
        if asked.by is not None:
            os._exit(128 + number)
        asked.by = signal.Signals(number)
        asked.deadline.cancel(f"the command was ended by {asked.by.name}")

    before = {each: signal.signal(each, ask) for each in _SIGNALS}
    try:
        yield asked
    except (Ended, Cancelled):
        if asked.by is None:
            raise
    finally:
        for each, old in before.items():
            signal.signal(each, old)
    asked.end(text)
