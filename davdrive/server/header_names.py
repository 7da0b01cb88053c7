"""From a header's name on the wire to its key in the WSGI environ, remembered for the names that keep coming."""

from davdrive.server.refusal import Refusal

REMEMBERED = 512
"""Names kept by spelling; clients use about a hundred in all, and a hostile one must not fill memory."""
REMEMBERED_CHARACTERS = 64
"""The longest name that is kept: no client sends a longer one, and 512 of 60 KiB would be 60 MiB for ever."""

SINGLE = frozenset(
    {
        "HTTP_HOST", "CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING", "HTTP_AUTHORIZATION", "CONTENT_TYPE",
        "HTTP_CONTENT_RANGE", "HTTP_RANGE", "HTTP_IF_RANGE", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE",
        "HTTP_DEPTH", "HTTP_DESTINATION", "HTTP_OVERWRITE", "HTTP_LOCK_TOKEN", "HTTP_EXPECT", "HTTP_IF",
    }
)  # fmt: skip
"""Fields that are no lists (RFC 9110 §5.3, RFC 4918 §10): a second one makes the request ambiguous."""

_keys: dict[str, str] = {}


def environ_key(name: str) -> str:
    """The environ key of a header name that is known to be a token; raises `Refusal` for look-alikes."""
    key = _keys.get(name)
    if key is None:
        key = _derive(name)
        if len(_keys) < REMEMBERED and len(name) <= REMEMBERED_CHARACTERS:
            _keys[name] = key
    return key


def _derive(name: str) -> str:
    if "_" in name:
        raise Refusal(400, "A header name holds an underscore, which CGI could not tell from a hyphen.")
    key = name.upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else "HTTP_" + key


def joined(key: str, first: str, second: str) -> str:
    """Two fields of one name as one (RFC 9110 §5.3); raises `Refusal` where a list has no meaning."""
    if key in SINGLE:
        name = key.removeprefix("HTTP_").replace("_", "-").title()
        raise Refusal(400, f"The request has more than one {name} header.")
    return f"{first}; {second}" if key == "HTTP_COOKIE" else f"{first}, {second}"
