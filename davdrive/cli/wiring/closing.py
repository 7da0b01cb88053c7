"""What a command opened is closed when it ends."""

from typing import Protocol, TypeVar

import click


class Closable(Protocol):
    """Closing it a second time does nothing."""

    def close(self) -> None: ...


C = TypeVar("C", bound=Closable)


def closed_in_the_end(opened: C) -> C:
    """The same; it is closed when the running command ends, if there is one."""
    command = click.get_current_context(silent=True)
    if command is not None:
        command.call_on_close(opened.close)
    return opened
