"""Stores for commands that work through everything: statements may take long, and nobody waits for an answer.

A store that is not there is an error: `davdrive check` of a mistyped data directory must not make a new one and find
all well, nor `davdrive backup` keep its nothing.
"""

from dataclasses import replace

from sqlalchemy.engine import make_url

from davdrive.cli.wiring import closed_in_the_end, database_options, make_backend, make_database
from davdrive.drive.backend import Backend
from davdrive.drive.open import open_database
from davdrive.errors import BadRequest, NotFound
from davdrive.metadata.database import Database
from davdrive.metadata.engine import DatabaseOptions
from davdrive.metadata.migrate import found_revision, newest_revision
from davdrive.settings import Settings

STATEMENT_S = 3600.0
"""Sums over ten million rows take seconds; a busy or cold database may take far longer, and is not to be cut off."""


def make_patient_backend(settings: Settings) -> Backend:
    """Open the metadata and objects of a store that is there. Errors: NotFound."""
    _require(_options(settings))
    return _open(settings, _options(settings))


def make_known_database(settings: Settings) -> Database:
    """The metadata of a store that is there, with the patience of a server. Errors: NotFound."""
    _require(database_options(settings))
    return make_database(settings)


def make_fresh_backend(settings: Settings) -> Backend:
    """The same, made if it is not there."""
    return _open(settings, _options(settings))


def make_reading_backend(settings: Settings) -> Backend:
    """The same for a command that only looks: the database refuses every change.

    Errors: NotFound; BadRequest for a store that an older davdrive made.
    """
    options = replace(_options(settings), read_only=True)
    if _require(options) != newest_revision():
        raise BadRequest("another version of davdrive made this store; start the server of this one, it brings it up")
    return _open(settings, options)


def _options(settings: Settings) -> DatabaseOptions:
    return replace(database_options(settings), statement_s=STATEMENT_S)


def _require(options: DatabaseOptions) -> str:
    found = found_revision(options)
    if not found:
        url = make_url(options.url)
        where = url.database if url.get_backend_name() == "sqlite" else url.render_as_string(hide_password=True)
        raise NotFound(f"there is no davdrive at {where}; give the --data-dir or --config that the server has")
    return found


def _open(settings: Settings, options: DatabaseOptions) -> Backend:
    return closed_in_the_end(make_backend(settings, database=open_database(options)))


def make_patient_database(options: DatabaseOptions) -> Database:
    """Open another database than the one in use, made if it is not there."""
    return closed_in_the_end(open_database(replace(options, statement_s=STATEMENT_S)))
