"""Request bodies for what is not WebDAV."""

from collections.abc import Iterator, Mapping
from typing import Any

from davdrive.deadline import Deadline
from davdrive.errors import BadRequest, BodyMismatch

BLOCK_BYTES = 256 * 1024
"""How much is read at once: measured as the best block (bench/README.md)."""


def declared_size(environ: Mapping[str, Any]) -> int | None:
    """The bytes of a body, None for a chunked one. Errors: BadRequest."""
    if "chunked" in str(environ.get("HTTP_TRANSFER_ENCODING", "")).lower():
        return None
    text = str(environ.get("CONTENT_LENGTH") or "0")
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise BadRequest("Content-Length must be a number of bytes")
    return int(text)


def blocks(environ: Mapping[str, Any], deadline: Deadline) -> Iterator[memoryview]:
    """A body in views of one buffer that is filled again for each. Errors: BodyMismatch when it ends early; Cancelled.

    `wsgi.input` must have `readinto` or `read`.
    """
    source, left = environ["wsgi.input"], declared_size(environ)
    view = memoryview(bytearray(BLOCK_BYTES if left is None else max(1, min(BLOCK_BYTES, left))))
    while left is None or left > 0:
        deadline.check()
        count = _fill(source, view if left is None else view[:left])
        if not count:
            break
        left = None if left is None else left - count
        yield view[:count]
    if left:
        raise BodyMismatch(f"the body ended {left} bytes too early")


def _fill(source: Any, view: memoryview) -> int:
    if hasattr(source, "readinto"):
        return int(source.readinto(view))
    data: bytes = source.read(len(view))
    view[: len(data)] = data
    return len(data)
