"""Ending long commands: Ctrl-C and SIGTERM let them come to a good end and say so; a second one ends them at once."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import click

from davdrive.deadline import Deadline

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopping:
    """Whether somebody asked the command to end; `deadline` is cancelled then."""

    def __init__(self) -> None:
        self.by: signal.Signals | None = None
        self.deadline = Deadline()

    def going(self) -> bool:
        """Whether to go on."""
        return self.by is None

    def end(self, text: str) -> None:
        """If somebody asked, say what that means and end, with the exit status of that signal."""
        if self.by is not None:
            click.echo(f"davdrive: ended by {self.by.name}: {text}", err=True)
            sys.exit(128 + self.by)


@contextmanager
def gently() -> Iterator[Stopping]:
    """For work that asks `going` between its steps."""
    asked = Stopping()

    def ask(number: int, _frame: FrameType | None) -> None:
        if asked.by is not None:
            raise KeyboardInterrupt
        asked.by = signal.Signals(number)
        asked.deadline.cancel(f"the command was ended by {asked.by.name}")

    with _handled(ask):
        yield asked


@contextmanager
def at_once(text: str) -> Iterator[None]:
    """For work that may be broken off anywhere; `text` says what is left of it and how to go on."""
    asked = Stopping()

    def raise_it(number: int, _frame: FrameType | None) -> None:
        asked.by = asked.by or signal.Signals(number)
        raise KeyboardInterrupt

    try:
        with _handled(raise_it):
            yield
    except KeyboardInterrupt:
        asked.end(text)
        raise


@contextmanager
def _handled(handler: object) -> Iterator[None]:
    before = {each: signal.signal(each, handler) for each in _SIGNALS}  # type: ignore[arg-type]
    try:
        yield
    finally:
        for each, old in before.items():
            signal.signal(each, old)
