"""How many locks are held, for whoever watches the service."""

from davdrive.metadata.session import Session
from davdrive.metadata.statement import Statement

_HELD = Statement("""
    SELECT count(*) FROM locks JOIN drives ON drives.id = locks.drive WHERE locks.expires_ms > {LOCK_MS}""")


def locks_held(session: Session) -> int:
    """Locks of all drives that have not expired."""
    return int(session.value(_HELD))
