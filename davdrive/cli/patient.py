"""Stores for commands that work through everything: statements may take long, and nobody waits for an answer."""

from dataclasses import replace

from davdrive.cli.wiring import database_options, make_backend
from davdrive.drive.backend import Backend
from davdrive.drive.open import open_database
from davdrive.metadata.database import Database
from davdrive.settings import Settings

STATEMENT_S = 3600.0
"""Sums over ten million rows take seconds; a busy or cold database may take far longer, and is not to be cut off."""


def make_patient_database(settings: Settings) -> Database:
    """Migrate and open the metadata."""
    return open_database(replace(database_options(settings), statement_s=STATEMENT_S))


def make_patient_backend(settings: Settings) -> Backend:
    """Open metadata and objects."""
    usual = make_backend(settings)
    usual.database.close()
    return replace(usual, database=make_patient_database(settings))
