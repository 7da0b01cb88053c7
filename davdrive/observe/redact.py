"""No secret and no control character reaches a log, whoever wrote the line."""

import re
from collections.abc import MutableMapping
from typing import Any

MASK = "********"
_SECRET_KEY = re.compile(r"(?i)passw|secret|token|authorization|cookie|credential|api_?key|\bha1\b|nonce")
_SECRET_TEXT = re.compile(
    r"""(?ix)
    (\b(?:basic|bearer)\s++) [A-Za-z0-9+/=._~-]{6,}+                # Authorization values
    | (\bdigest\s++) (?:\w++\s*+=\s*+(?:"[^"]*+"|[^\s,"]++)\s*+,?\s*+){3,}+
    | ((?:://)[^/?\#\s:@]*+:) [^/?\#\s@]++ (?=@)                    # passwords in URLs
    | (\b(?:password|passwd|secret|token)["']?\s*+[=:]\s*+["']?+) [^\s"',;&)}]++
    """
)
"""Every step is taken once and never back: a path that a stranger chose is in every line of its request."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROL_OR_BREAK = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_MULTILINE_KEYS = frozenset({"exception", "stack"})


def redacted(text: str) -> str:
    """The text with what looks like a password, token or Authorization value masked."""
    return _SECRET_TEXT.sub(lambda match: f"{match[match.lastindex or 0]}{MASK}", text)


def printable(text: str, keep_breaks: bool = False) -> str:
    """The text with control characters written out, so that a name cannot forge a line or drive a terminal."""
    pattern = _CONTROL if keep_breaks else _CONTROL_OR_BREAK
    return pattern.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


def redact_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: mask secret fields and secrets inside texts."""
    for key, value in event.items():
        if _SECRET_KEY.search(key):
            event[key] = MASK
        elif isinstance(value, str):
            event[key] = printable(redacted(value), key in _MULTILINE_KEYS)
        elif not isinstance(value, (int, float, bool, type(None))):
            event[key] = printable(redacted(str(value)))
    return event
