"""The command line: options that every command takes, and one way to tell of errors."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

import click

from davdrive import __version__
from davdrive.errors import DriveError

if TYPE_CHECKING:
    from davdrive.settings import Settings


@contextmanager
def ended_at_once() -> Iterator[None]:
    """Let Ctrl-C end the program without a word while modules are imported: nothing is under way, and libraries make
    other errors of a KeyboardInterrupt."""
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class Commands(click.Group):
    """Commands whose modules are imported when they are called: `davdrive user add` must not load a web server."""

    MODULES: ClassVar = {
        "serve": "serve",
        "user": "user",
        "app-password": "app_password",
        "drive": "drive",
        "lock": "lock",
        "trash": "trash",
        "versions": "versions",
        "uploads": "uploads",
        "check": "check",
        "config": "config",
        "profile": "profile",
        "upkeep": "upkeep",
        "import": "import_",
        "export": "export",
        "backup": "backup",
        "restore": "restore",
        "migrate-store": "migrate_store",
        "adopt-store": "adopt_store",
        "doctor": "doctor",
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = self.MODULES.get(cmd_name)
        if module is None:
            return None
        from importlib import import_module

        with ended_at_once():
            found: click.Command = import_module(f"davdrive.cli.{module}").command
        return found


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="davdrive")
def cli() -> None:
    """A WebDAV drive: serve it, and look after its users and drives."""


def common(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command --data-dir and --config, and hand it the settings."""

    @click.option("--data-dir", metavar="DIR", help="Where everything lives; ~/.local/share/davdrive without it.")
    @click.option("--config", "configs", metavar="FILE", multiple=True, help="A TOML, YAML or JSON file of settings.")
    def with_settings(data_dir: str | None, configs: tuple[str, ...], **arguments: Any) -> Any:
        flags: dict[str, Any] = {name: arguments.pop(name) for name in ("listen", "workers") if name in arguments}
        return function(read_settings({"data_dir": data_dir, **flags}, configs), **arguments)

    with_settings.__doc__ = function.__doc__
    with_settings.__name__ = function.__name__
    return with_settings


def read_settings(flags: dict[str, Any], files: tuple[str, ...]) -> "Settings":
    """The settings; the program ends with exit status 1 and every problem when they cannot be used."""
    with ended_at_once():  # a tenth of a second that `--help` need not wait for
        from davdrive.settings import SettingsError, load_settings
    try:
        return load_settings(flags, files)
    except SettingsError as error:
        click.echo(f"davdrive: {error}", err=True)
        sys.exit(1)


def __getattr__(name: str) -> Any:
    """`Settings`, imported when a command asks for it."""
    if name != "Settings":
        raise AttributeError(name)
    from davdrive.settings import Settings

    return Settings


def main() -> None:
    """Run a command; an error that was foreseen is one sentence on standard error and exit status 1."""
    try:
        cli(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except DriveError as error:
        from davdrive.cli.shown import printable  # an error may hold a name that somebody else chose

        click.echo(f"davdrive: {printable(str(error))}", err=True)
        sys.exit(1)
    except BrokenPipeError:  # whoever read what is printed has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(128 + signal.SIGPIPE)
    except OSError as error:
        from davdrive.cli.shown import printable

        where = "" if error.filename is None else f"{os.fsdecode(error.filename)}: "
        click.echo(f"davdrive: {printable(where + (error.strerror or type(error).__name__))}", err=True)
        sys.exit(1)


__all__ = ["Settings", "cli", "common", "main"]
