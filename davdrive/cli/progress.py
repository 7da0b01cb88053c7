"""A progress bar on a terminal, and nothing elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click


class Progress:
    """What long commands tell while they work. This one says nothing but results."""

    is_seen = False
    """Whether anybody looks at it."""

    def stage(self, name: str, amount: int) -> None:
        """Now at `name`, and `amount` (bytes) more of it done."""

    def begin(self, name: str, total: int | None) -> None:
        """Now at `name`, of which there are `total` bytes."""

    def say(self, text: str) -> None:
        """Print a line of results."""
        click.echo(text)


class _Bar(Progress):
    is_seen = True

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TimeElapsedColumn(),
        )
        self.bar = Bar(*columns, console=Console(stderr=True), transient=True)
        self._task = self.bar.add_task("", total=None)

    def stage(self, name: str, amount: int) -> None:
        self.bar.update(self._task, description=name, advance=amount)

    def begin(self, name: str, total: int | None) -> None:
        self.bar.reset(self._task, description=name, total=total)

    def say(self, text: str) -> None:
        self.bar.console.file.flush()
        with _hidden(self):
            click.echo(text)


@contextmanager
def _hidden(bar: _Bar) -> Iterator[None]:
    bar.bar.stop()
    try:
        yield
    finally:
        bar.bar.start()


@contextmanager
def progress(quiet: bool = False) -> Iterator[Progress]:
    """A bar on standard error if that is a terminal and `quiet` is false."""
    if quiet or not sys.stderr.isatty():
        yield Progress()
        return
    shown = _Bar()
    with shown.bar:
        yield shown
