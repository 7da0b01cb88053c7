"""One tus request: who, where, and what its URL means."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from davdrive.deadline import Deadline
from davdrive.drive.names import DrivePath, check_path
from davdrive.drive.uploads.find import UploadRef
from davdrive.errors import BadName, NotFound
from davdrive.metadata.caller import Caller
from davdrive.metadata.uploads import Upload
from davdrive.web.body import blocks, declared_size
from davdrive.web.tus.headers import http_date
from davdrive.web.tus.site import PREFIX, TusSite

# PostgreSQL takes no NUL, and nothing else was ever given out.
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class TusRequest:
    """A request of an authenticated caller. `environ` is the WSGI environ."""

    def __init__(self, environ: Mapping[str, Any], site: TusSite) -> None:
        self.environ = environ
        self.site = site
        self.caller: Caller = environ["davdrive.caller"]
        self.deadline: Deadline = environ.get("davdrive.deadline") or Deadline()

    def header(self, name: str) -> str | None:
        """A header by its environ name without `HTTP_`."""
        value: str | None = self.environ.get("HTTP_" + name)
        return value

    @property
    def media_type(self) -> str:
        """The body's type, without parameters."""
        return str(self.environ.get("CONTENT_TYPE") or "").partition(";")[0].strip().lower()

    @property
    def size(self) -> int | None:
        """The body's bytes, None for a chunked one."""
        return declared_size(self.environ)

    def body(self) -> Iterator[memoryview]:
        return blocks(self.environ, self.deadline)

    def collection(self) -> DrivePath:
        """The collection that the URL of a POST names. Errors: BadName, NotFound."""
        names = _names(self.environ)
        if not names:
            raise NotFound(f"uploads are created at {PREFIX}/, a drive's name, and the path of a collection in it")
        return check_path(names[0], names[1:])

    def ref(self) -> UploadRef:
        """The upload that the URL names. Errors: BadName, NotFound."""
        names = _names(self.environ)
        if len(names) != 2 or not _ID.fullmatch(names[1]):
            raise NotFound("there is no such upload of yours; it may have expired")
        return UploadRef(names[0], id=names[1])

    def location(self, drive: str, upload: Upload) -> str:
        """The URL of an upload."""
        return f"{self.site.origin(self.environ)}{PREFIX}/{quote(drive, safe='')}/{upload.id}"

    def expires(self, upload: Upload) -> tuple[str, str]:
        """The Upload-Expires header."""
        idle_ms = self.site.backend.limits.upload_idle_s * 1000
        return ("Upload-Expires", http_date(upload.active_ms + idle_ms))


def _names(environ: Mapping[str, Any]) -> list[str]:
    """The decoded names below the prefix. Split before decoding, so that no encoding of a slash changes the place."""
    raw = str(environ.get("REQUEST_URI") or environ["PATH_INFO"]).partition("?")[0].removeprefix(PREFIX)
    try:
        return [unquote_to_bytes(each.encode("latin-1")).decode() for each in raw.split("/") if each]
    except UnicodeError:
        raise BadName("the path has bytes that are not UTF-8; send names in UTF-8") from None
