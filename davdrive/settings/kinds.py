"""The kinds of values that options have, how each is read, and what makes it wrong.

Every function here returns a dataclass field with a default and a reader. A reader takes what a file (typed), a
variable of the environment (text) or a flag gave, and returns the value or raises ValueError with a sentence. There is
no library behind it: pydantic was tried, and cost 10 MiB in each process and 0.15 s at every start of a command.
"""

import re
from collections.abc import Callable
from dataclasses import field
from math import isfinite
from pathlib import Path
from typing import Any, TypeVar

from davdrive.settings.problems import BadValue
from davdrive.settings.values import ListenAddress, Secret, check_network, check_public_url, parse_listen

T = TypeVar("T")
_UNITS = {"": 1, "B": 1, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30, "TIB": 1 << 40}
_AMOUNT = re.compile(r"\s*([0-9]{1,30})\s*([A-Za-z]*)\s*")
_WHOLE = re.compile(r"\s*[+-]?[0-9]{1,30}\s*")
_WORDS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def option(read: Callable[[object], Any], *, secret: bool = False, shown: bool = True, **default: Any) -> Any:
    """A field with a reader; `default=` or `default_factory=` as for a dataclass field."""
    return field(metadata={"read": read, "secret": secret}, repr=shown, **default)


def count(default: int, least: int = 0, most: int | None = None) -> int:
    """A whole number."""

    def read(value: object) -> int:
        if isinstance(value, str) and _WHOLE.fullmatch(value):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise BadValue("write a whole number")
        return _bounded(value, least, most)

    return option(read, default=default)  # type: ignore[no-any-return]


def size(default: int, least: int = 0) -> int:
    """A number of bytes: `65536`, `"64 KiB"`, `"1 GiB"`."""

    def read(value: object) -> int:
        if isinstance(value, str):
            match = _AMOUNT.fullmatch(value)
            if match is None or match[2].upper() not in _UNITS:
                raise BadValue("write a number of bytes, or one with KiB, MiB, GiB or TiB")
            value = int(match[1]) * _UNITS[match[2].upper()]
        if isinstance(value, bool) or not isinstance(value, int):
            raise BadValue("write a number of bytes, or one with KiB, MiB, GiB or TiB")
        return _bounded(value, least)

    return option(read, default=default)  # type: ignore[no-any-return]


def number(default: float, least: float = 0.0, most: float | None = None, over: float | None = None) -> float:
    """A number, maybe with a fraction. `over` is a bound that it may not reach."""

    def read(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise BadValue("write a number")
        try:
            found = float(value)
        except (ValueError, OverflowError):
            raise BadValue("write a number") from None
        if not isfinite(found):
            raise BadValue("write a finite number")
        if over is not None and found <= over:
            raise BadValue(f"it must be over {over:g}")
        return _bounded(found, least, most)

    return option(read, default=float(default))  # type: ignore[no-any-return]


def seconds(default: float, least: float = 0.0) -> float:
    """A time in seconds, 0 allowed."""
    return number(default, least)


def duration(default: float) -> float:
    """A time in seconds, over 0."""
    return number(default, over=0.0)


def switch(default: bool) -> bool:
    """True or false."""

    def read(value: object) -> bool:
        if isinstance(value, str):
            value = _WORDS.get(value.strip().lower())
        if not isinstance(value, bool):
            raise BadValue("write true or false")
        return value

    return option(read, default=default)  # type: ignore[no-any-return]


def text(default: str = "", pattern: str = r"[^\x00-\x1f]*", rule: str = "write a text", shown: bool = True) -> str:
    """A text of which all matches `pattern`; `rule` is the sentence for those that do not."""
    compiled = re.compile(pattern)

    def read(value: object) -> str:
        if not isinstance(value, str) or not compiled.fullmatch(value.strip()):
            raise BadValue(rule)
        return value.strip()

    return option(read, default=default, shown=shown)  # type: ignore[no-any-return]


def choice(default: T, *others: T) -> T:
    """One of a few words."""
    allowed = (default, *others)

    def read(value: object) -> object:
        if not isinstance(value, str) or value not in allowed:
            raise BadValue("it must be " + " or ".join(repr(word) for word in allowed))
        return value

    return option(read, default=default)  # type: ignore[no-any-return]


def hidden() -> Secret:
    """A text that is never shown; empty unless given."""

    def read(value: object) -> Secret:
        if not isinstance(value, str):
            raise BadValue("write a text")
        return Secret(value)

    return option(read, default=Secret(""), secret=True)  # type: ignore[no-any-return]


def path(default_factory: Callable[[], Path]) -> Path:
    """A file or folder; `~` is the home directory."""
    return option(_read_path, default_factory=default_factory)  # type: ignore[no-any-return]


def optional_path() -> Path | None:
    return option(_read_path, default=None)  # type: ignore[no-any-return]


def listen(default: ListenAddress) -> ListenAddress:
    """Where to listen, see `parse_listen`."""
    return option(parse_listen, default=default)  # type: ignore[no-any-return]


def public_urls() -> tuple[str, ...]:
    return option(_several(check_public_url), default=())  # type: ignore[no-any-return]


def networks(*default: str) -> tuple[str, ...]:
    """Addresses, networks, or `unix` for peers on a Unix socket."""
    return option(_several(check_network), default=default)  # type: ignore[no-any-return]


def _several(check: Callable[[str], str]) -> Callable[[object], tuple[str, ...]]:
    """A reader of a list of texts, or of one text with commas, as a variable of the environment holds it."""

    def read(value: object) -> tuple[str, ...]:
        items = value.split(",") if isinstance(value, str) else value
        if not isinstance(items, (list, tuple)) or not all(isinstance(item, str) for item in items):
            raise BadValue("write a list of texts")
        return tuple(check(item.strip()) for item in items if item.strip())

    return read


def _read_path(value: object) -> Path:
    if not isinstance(value, (str, Path)) or not str(value).strip():
        raise BadValue("write a path")
    return Path(value).expanduser()


N = TypeVar("N", int, float)


def _bounded(value: N, least: float, most: float | None = None) -> N:
    if value < least:
        raise BadValue(f"it must be at least {least:g}")
    if most is not None and value > most:
        raise BadValue(f"it must be at most {most:g}")
    return value
