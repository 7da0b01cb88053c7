"""What the table of rules (`proof.py`) calls an operation, where that depends on what it is asked to do."""

from collections.abc import Callable, Mapping
from typing import Any

from tests.model.reference import Reference
from tests.model.shapes import Place


def _copy(_: Reference, who: str, source: Place, goal: Place, overwrite: bool, deep: bool, *demand: Any) -> str:
    return "copy" + ("" if deep else " of depth 0") + _across(source, goal)


def _move(_: Reference, who: str, source: Place, goal: Place, *how: Any) -> str:
    return "move" + _across(source, goal)


def _across(source: Place, goal: Place) -> str:
    return "" if source[0] == goal[0] else " across drives"


def _lock(_: Reference, who: str, place: Place, exclusive: bool, infinite: bool, *how: Any) -> str:
    return f"lock {'exclusive' if exclusive else 'shared'} {'infinity' if infinite else '0'}"


def _refresh(reference: Reference, who: str, place: Place, token: str, timeout_s: int) -> str:
    expired = any(each.token == token and each.expires_ms <= reference.now_ms for each in reference.locks)
    return "refresh of an expired lock" if expired else "refresh"


LABELS: Mapping[str, Callable[..., str]] = {"copy": _copy, "move": _move, "lock": _lock, "refresh": _refresh}
