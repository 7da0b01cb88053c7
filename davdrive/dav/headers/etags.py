"""Entity tags, and If-Match and If-None-Match (RFC 9110 §8.8.3, §13.1.1, §13.1.2)."""

import re

from davdrive.dav.headers.shown import shown
from davdrive.drive.conditions import AnyTag, EntityTag, EntityTags
from davdrive.errors import BadRequest

MAX_TAGS = 200  # a cache that knows many versions of one file sends dozens; every tag is compared with one row
_TAG = re.compile(r'[ \t]*(W/)?"([^\x00-\x20"\x7f]*)"[ \t]*')
_BARE = re.compile(r"[A-Za-z0-9._:+/=-]+")


def read_etags(value: str | None, header: str) -> EntityTags | None:
    """Parse If-Match or If-None-Match; `header` is its name, for the message. None when it is missing.

    A single tag may come without its quotes, as some scripts and older sync clients send it: taken literally it
    can only match the content that was meant. Raises `BadRequest` for anything else that is no list of tags.
    """
    if value is None:
        return None
    text = value.strip()
    if text == "*":
        return AnyTag()
    if _BARE.fullmatch(text):
        return (EntityTag(text.removeprefix("W/"), text.startswith("W/")),)
    tags = _quoted_tags(text)
    if not tags:
        raise BadRequest(f'{header} is {shown(value)}; it must be * or entity tags in quotes, such as "abc"')
    return tags


def _quoted_tags(text: str) -> tuple[EntityTag, ...]:
    """Return the tags of a comma-separated list; none when it is malformed or too long."""
    tags: list[EntityTag] = []
    position = 0
    while match := _TAG.match(text, position):
        tags.append(EntityTag(match[2], match[1] is not None))
        position = match.end()
        while position < len(text) and text[position] in ", \t":  # RFC 9110 §5.6.1.2: empty elements are ignored
            position += 1
        if position == len(text):
            return tuple(tags) if len(tags) <= MAX_TAGS else ()
        if text[match.end()] != ",":
            break
    return ()


def read_etag(text: str) -> EntityTag | None:
    """Return the one quoted entity tag that `text` is, or None."""
    match = _TAG.fullmatch(text)
    return EntityTag(match[2], match[1] is not None) if match else None
