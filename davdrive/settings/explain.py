"""What every option is and where its value came from, with secrets masked."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from pydantic import SecretStr

from davdrive.settings.options import options
from davdrive.settings.tree import Settings

MASK = "********"
_URL_PASSWORD = re.compile(r"(?<=://)([^/?#@:]*):[^/?#]*(?=@)")
_QUERY_SECRET = re.compile(r"(?i)([?&](?:password|passwd|token|secret|sslpassword|key)=)[^&#]*")


class Row(NamedTuple):
    """One line of `davdrive config show`: `origin` is `default` or the place where the value was given."""

    option: str
    value: str
    origin: str


def explain(settings: Settings) -> Iterator[Row]:
    """Yield a row for every option, in the order of the tree."""
    for option in options():
        value: Any = settings
        for name in option.split("."):
            value = getattr(value, name)
        yield Row(option, shown(option, value), settings.origin_of(option))


def shown(option: str, value: object) -> str:
    """How a value may be printed: secrets as a mask, passwords inside URLs too."""
    if isinstance(value, SecretStr):
        return MASK if value.get_secret_value() else "''"
    if option in options() and options()[option].annotation is SecretStr:
        return MASK
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(shown(option, item) for item in value) + "]"
    if isinstance(value, dict):
        return "a section"
    text = mask_url(str(value))
    return repr(text) if isinstance(value, str) else text


def mask_url(text: str) -> str:
    """The text with the password of every URL in it replaced."""
    return _QUERY_SECRET.sub(rf"\1{MASK}", _URL_PASSWORD.sub(rf"\1:{MASK}", text))
