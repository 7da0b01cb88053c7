"""Which object store belongs to this database: by the mark that is in both."""

from typing import NamedTuple

from davdrive.metadata.session import Session
from davdrive.metadata.statement import Statement

_GET = Statement("SELECT id, earlier, seen FROM pairing WHERE part = :part")
_SET = Statement("""
    INSERT INTO pairing (part, id, earlier, seen) VALUES (:part, :id, :earlier, :seen)
    ON CONFLICT (part) DO UPDATE SET id = excluded.id, earlier = excluded.earlier, seen = excluded.seen""")
# A part without bytes has an empty key.
_NAMES_ANY = Statement("SELECT EXISTS (SELECT 1 FROM segments) OR EXISTS (SELECT 1 FROM parts WHERE object_key > '')")
_OBJECTS = "objects"


class Pairing(NamedTuple):
    """The mark of the store that belongs here, the one before the metadata moved (empty: they did not), and whether the
    store was seen to have the first of them."""

    id: str
    earlier: str = ""
    seen: int = 0


def pairing(session: Session) -> Pairing | None:
    """None before the first start with a store."""
    row = session.row(_GET, part=_OBJECTS)
    return None if row is None else Pairing._make(row)


def set_pairing(session: Session, found: Pairing) -> None:
    """Keep it, instead of the one that is there."""
    session.run(_SET, part=_OBJECTS, id=found.id, earlier=found.earlier, seen=found.seen)


def names_objects(session: Session) -> bool:
    """Whether anything here has bytes in an object store."""
    return bool(session.value(_NAMES_ANY))
