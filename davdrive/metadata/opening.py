"""Why a database could not be opened, in a sentence with what to do about it."""

import contextlib
from collections.abc import Iterator

import sqlalchemy as sa

from davdrive.errors import Misconfigured, Unavailable
from davdrive.metadata.faults import Fault, fault_of

# What PostgreSQL says, and what helps. A connection that was refused has no SQLSTATE yet, only words.
_WORDS = {
    "password authentication failed": "correct the password (in metadata.url, PGPASSWORD or ~/.pgpass)",
    "no password supplied": "give the password (in metadata.url, PGPASSWORD or ~/.pgpass)",
    "no pg_hba.conf entry": "let this machine in, in the server's pg_hba.conf",
    "does not exist": "make it, or correct metadata.url",
    "invalid connection option": "correct what stands after the ? of metadata.url",
    "not permitted to log in": "give the role LOGIN, or correct metadata.url",
    "server does not support SSL": "turn TLS on at the server, or correct sslmode in metadata.url",
    "certificate": "correct the certificates, or sslrootcert in metadata.url",
}
_AWAY = "see whether it runs there, and whether metadata.url is right"
_STATES = {
    "42501": "the role of metadata.url may not make tables there; make it the owner of the database",
    "25006": "the database of metadata.url can only be read; name the primary server, not a standby",
}


@contextlib.contextmanager
def opening() -> Iterator[None]:
    """Errors: Misconfigured where somebody has to change something; Unavailable where waiting may help."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None)
        if state in _STATES:
            raise Misconfigured(_STATES[state]) from error
        said = _last_words(str(error.orig))
        for words, remedy in _WORDS.items():
            if words in said:
                raise Misconfigured(f"the metadata database cannot be opened: {said}; {remedy}") from error
        if error.orig is not None and fault_of(error.orig) is Fault.BUG:
            raise
        raise Unavailable(f"the metadata database cannot be opened: {said}; {_AWAY}") from error


def _last_words(said: str) -> str:
    """The first line without the driver's preambles: it may try several addresses, and repeats itself."""
    line = said.strip().partition("\n")[0]
    return line.removeprefix("connection failed: ").removeprefix("connection is bad: ").rstrip(".;")
