"""The mark of an object store as text: an id, and a checksum, so that a byte that flipped makes no other one."""

import hashlib
import json
import secrets

from davdrive.errors import Damaged
from davdrive.objects.base import ObjectStore

ID_BYTES = 16
"""Random bytes of a mark."""

GARBLED = ""
"""What is read where something is that is no mark."""


def new_mark() -> str:
    """A mark that no store has."""
    return secrets.token_hex(ID_BYTES)


def as_text(mark: str) -> bytes:
    """A mark as a store keeps it."""
    return json.dumps({"mark": mark, "sha256": _checksum(mark)}).encode() + b"\n"


def read_mark(store: ObjectStore) -> str | None:
    """The mark of a store: None where there is none, `GARBLED` where something else came. Errors: Unavailable."""
    try:
        text = store.read_mark()
        return None if text is None else _parsed(text)
    except (Damaged, ValueError, KeyError, TypeError):
        return GARBLED


def _parsed(text: bytes) -> str:
    kept = json.loads(text)
    mark = str(kept["mark"])
    return mark if kept["sha256"] == _checksum(mark) else GARBLED


def _checksum(mark: str) -> str:
    return hashlib.sha256(mark.encode()).hexdigest()
