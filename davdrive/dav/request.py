"""One request, its headers read into typed values when they are asked for."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from davdrive.dav.headers.conditions import read_conditions
from davdrive.dav.headers.depth import ANY_DEPTH, Depth, read_depth
from davdrive.dav.headers.lengths import read_length
from davdrive.dav.locator import Locator
from davdrive.dav.site import Site
from davdrive.deadline import Deadline
from davdrive.drive.conditions import Conditions
from davdrive.drive.names import DrivePath
from davdrive.errors import BodyMismatch, NotAllowedHere, TooLarge
from davdrive.metadata.caller import Caller

BLOCK_BYTES = 256 * 1024
"""How much of a body is read at once: measured as the best block (bench/README.md)."""


class Request:
    """A request to a place. `environ` is the WSGI environ, `caller` who asks."""

    def __init__(self, environ: dict[str, Any], site: Site, locator: Locator, caller: Caller) -> None:
        self.environ = environ
        self.site = site
        self.locator = locator
        self.caller = caller
        self.method: str = environ["REQUEST_METHOD"]
        self.deadline: Deadline = environ.get("davdrive.deadline") or Deadline()

    def header(self, name: str) -> str | None:
        """The value of a header by its environ name without `HTTP_`, such as `LOCK_TOKEN`."""
        value: str | None = self.environ.get("HTTP_" + name)
        return value

    @property
    def path(self) -> DrivePath:
        """The place in a drive that the request names. Errors: NotAllowedHere for the collection of all drives."""
        if self.locator.target is None:
            raise NotAllowedHere("this is the list of your drives; it cannot be changed over WebDAV")
        return self.locator.target

    @property
    def names_collection(self) -> bool:
        """Whether the URL ends with a slash."""
        raw: str = self.environ.get("REQUEST_URI") or self.environ.get("PATH_INFO") or "/"
        return raw.partition("?")[0].endswith("/")

    @cached_property
    def conditions(self) -> Conditions:
        """Errors: BadRequest."""
        return read_conditions(self.environ, self.locator.resolve, self.site.options.if_header)

    def depth(self, default: Depth, allowed: frozenset[Depth] = ANY_DEPTH) -> Depth:
        """Errors: BadRequest."""
        return read_depth(self.header("DEPTH"), default, allowed)

    @cached_property
    def declared_size(self) -> int | None:
        """The bytes of the body, None for a chunked one. Errors: BadRequest."""
        if "chunked" in (self.header("TRANSFER_ENCODING") or "").lower():
            return None
        return read_length(self.environ.get("CONTENT_LENGTH"), "Content-Length") or 0

    def blocks(self) -> Iterator[memoryview]:
        """The body, in views of one buffer that is filled again for each.

        Errors: BodyMismatch when it ends early; Cancelled.
        """
        source, expected = self.environ["wsgi.input"], self.declared_size
        buffer = bytearray(BLOCK_BYTES if expected is None else max(1, min(BLOCK_BYTES, expected)))
        view, came = memoryview(buffer), 0
        while expected is None or came < expected:
            self.deadline.check()
            # The server's own input rests the baton when it really waits: most small bodies are here already.
            count = _fill(source, view, None if expected is None else expected - came)
            if not count:
                break
            came += count
            yield view[:count]
        if expected is not None and came < expected:
            raise BodyMismatch(f"the body ended after {came} of {expected} bytes; nothing was changed")

    def small_body(self, most: int) -> bytes:
        """A whole small body, such as XML. Errors: TooLarge, BodyMismatch."""
        if (self.declared_size or 0) > most:
            raise TooLarge(f"the body of this request may have at most {most} bytes")
        whole = bytearray()
        for block in self.blocks():
            whole += block
            if len(whole) > most:
                raise TooLarge(f"the body of this request may have at most {most} bytes")
        return bytes(whole)

    def has_body(self) -> bool:
        """Whether anything comes after the head."""
        return self.declared_size != 0


def _fill(source: Any, view: memoryview, left: int | None) -> int:
    """Read into `view`; how many bytes. Errors: BodyMismatch, also for the chunks that a stock cheroot cannot read."""
    try:
        return _read(source, view, len(view) if left is None else min(len(view), left))
    except ValueError as error:
        raise BodyMismatch("the chunks of the body are malformed or end early; nothing was changed") from error


def _read(source: Any, view: memoryview, wanted: int) -> int:
    readinto = getattr(source, "readinto", None)
    if readinto is not None:
        return int(readinto(view[:wanted]))
    data: bytes = source.read(wanted)
    view[: len(data)] = data
    return len(data)
