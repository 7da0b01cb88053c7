"""The states of an upload: a table, and the answers for whoever comes too late.

Every change of state is a compare-and-set of this table's row inside a transaction, so of two that want to end an
upload one wins, and the other is told how it ended.
"""

from enum import Enum

from davdrive.errors import Conflict, DriveError, Gone
from davdrive.metadata.tables import ABORTED, COMPLETE, PENDING


class Event(Enum):
    """What can happen to an upload."""

    PART = "a part of it"
    COMPLETE = "completing it"
    ABORT = "aborting it"


NEXT = {
    (PENDING, Event.PART): PENDING,
    (PENDING, Event.COMPLETE): COMPLETE,
    (PENDING, Event.ABORT): ABORTED,
}
"""From state and event to the next state. What is not here is refused."""


def after(state: int, event: Event) -> int:
    """The state that follows. Errors: Gone for an upload that was aborted or expired, Conflict for one that is complete
    already."""
    following = NEXT.get((state, event))
    if following is None:
        raise too_late(state, event)
    return following


def too_late(state: int, event: Event) -> DriveError:
    """What the loser of a race hears."""
    if state == ABORTED:
        return Gone("this upload was aborted, or it expired; begin it anew")
    return Conflict(f"this upload is complete already; {event.value} comes too late")
