"""What a driver's error means for the transaction that met it: the one table, by engine."""

import enum
import sqlite3

from davdrive.errors import DriveError, StorageFull, Unavailable


class Fault(enum.Enum):
    """How a failed transaction goes on."""

    RETRY = "lost a race with another transaction; nothing was written; run it again"
    LOST = "the connection is gone and the transaction with it, unless it was committing"
    FULL = "the database's disk is full"
    DAMAGED = "what the database keeps on its disk is broken"
    AWAY = "the database does not answer or cannot be written"
    BUG = "the statement itself was wrong"


_SQLITE = {
    sqlite3.SQLITE_BUSY: Fault.RETRY,
    sqlite3.SQLITE_LOCKED: Fault.RETRY,
    sqlite3.SQLITE_FULL: Fault.FULL,
    sqlite3.SQLITE_IOERR: Fault.AWAY,
    sqlite3.SQLITE_CANTOPEN: Fault.AWAY,
    sqlite3.SQLITE_READONLY: Fault.AWAY,
    sqlite3.SQLITE_CORRUPT: Fault.DAMAGED,
    sqlite3.SQLITE_NOTADB: Fault.DAMAGED,
    sqlite3.SQLITE_PROTOCOL: Fault.RETRY,
    sqlite3.SQLITE_NOMEM: Fault.AWAY,
}
_SQLSTATE = {
    "40001": Fault.RETRY,  # serialization_failure
    "40P01": Fault.RETRY,  # deadlock_detected
    "55P03": Fault.RETRY,  # lock_not_available
    "53100": Fault.FULL,  # disk_full
    "53300": Fault.LOST,  # too_many_connections: this one was not even made
    "25006": Fault.LOST,  # read_only_sql_transaction: a standby, where the next connection may not lead
    "25P03": Fault.LOST,  # idle_in_transaction_session_timeout
    "25P04": Fault.LOST,  # transaction_timeout
    "XX001": Fault.DAMAGED,  # data_corrupted
    "XX002": Fault.DAMAGED,  # index_corrupted
    "57014": Fault.AWAY,  # query_canceled (statement_timeout)
}
_SQLSTATE_CLASS = {"08": Fault.LOST, "57": Fault.LOST, "53": Fault.AWAY, "58": Fault.AWAY, "XX": Fault.AWAY}


def fault_of(error: BaseException) -> Fault:
    """Classify an exception of sqlite3 or psycopg."""
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None)
        return Fault.BUG if code is None else _SQLITE.get(code & 0xFF, Fault.BUG)
    state = getattr(error, "sqlstate", None)
    if state:
        return _SQLSTATE.get(state) or _SQLSTATE_CLASS.get(state[:2], Fault.BUG)
    kinds = {kind.__name__ for kind in type(error).__mro__}  # ConnectionTimeout is an OperationalError, too
    return Fault.LOST if kinds & {"OperationalError", "InterfaceError"} else Fault.BUG


def drive_error(error: BaseException) -> DriveError | None:
    """The error that a caller should see for a driver's error that is not retried; None for a bug."""
    fault = fault_of(error)
    if fault is Fault.BUG:
        return None
    if fault is Fault.FULL:
        return StorageFull("the server's disk is full; nothing was changed")
    if fault is Fault.DAMAGED:
        return Unavailable("the metadata database is damaged; run `davdrive check`, and restore a backup")
    return Unavailable("the drive's metadata is away or too busy; nothing was changed, try again in a few seconds")
