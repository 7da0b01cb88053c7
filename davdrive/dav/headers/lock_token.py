"""The Lock-Token header of UNLOCK (RFC 4918 §10.5)."""

import re

from davdrive.dav.headers.shown import shown
from davdrive.errors import BadRequest

MAX_TOKEN_CHARACTERS = 1024  # our own have 45; room for those of others, which simply match nothing
_TOKEN = re.compile(r"[^\x00-\x20<>\x7f]+")


def read_lock_token(value: str | None) -> str:
    """Return the token without its angle brackets.

    Brackets may be missing: npm's `webdav` sends none. Raises `BadRequest` when the header is missing or malformed.
    """
    if value is None:
        raise BadRequest("UNLOCK needs a Lock-Token header with the token of the lock to remove")
    token = value.strip()
    if token.startswith("<") and token.endswith(">"):
        token = token[1:-1]
    if len(token) > MAX_TOKEN_CHARACTERS or not _TOKEN.fullmatch(token):
        raise BadRequest(f"Lock-Token is {shown(value)}; it must be one token in angle brackets")
    return token
