"""DriveProvider: a WsgiDAV provider over davdrive, for davdrive's own application and for a stock WsgiDAV server.

WsgiDAV asks a provider for resources, and lets it answer requests itself. davdrive answers them itself
(`custom_request_handler`), so that a stock server keeps the same promises: the stock handlers check locks and
preconditions before the write instead of inside it. The resources serve everything else that knows WsgiDAV's API:
its directory browser, middleware, and scripts.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from wsgidav.dav_provider import DAVProvider
from wsgidav.lock_man.lock_manager import LockManager

from davdrive.dav.failures import failure
from davdrive.dav.headers.own_urls import own_urls
from davdrive.dav.locator import Locator, ShareLocator
from davdrive.dav.provider_locks import ProviderLocks
from davdrive.dav.provider_resources import CACHE, DriveCollection, DriveFile, RootCollection
from davdrive.dav.request import Request
from davdrive.dav.request_server import StartResponse, answer, send
from davdrive.dav.response import Response
from davdrive.dav.site import DavOptions, Site
from davdrive.dav.urls import encode_name
from davdrive.drive.backend import Backend
from davdrive.drive.names import DrivePath, check_path
from davdrive.drive.open import ensure_drive, open_backend
from davdrive.drive.read import stat
from davdrive.errors import DriveError, NotFound
from davdrive.metadata.caller import Caller

AnyResource = DriveCollection | DriveFile | RootCollection


class DriveProvider(DAVProvider):
    """One drive as a share, or with `drive` None all drives below the share's path."""

    def __init__(self, backend: Backend, drive: str | None = None, options: DavOptions | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.backend = backend
        self.drive = drive
        self.site = Site(backend, options or DavOptions())
        self.lock_manager = ProviderLocks(self)

    @classmethod
    def open(cls, data_dir: str, drive: str) -> "DriveProvider":
        """Open the drive in a data directory, made where it is missing; for `provider_mapping` in a configuration:
        `{"class": "davdrive.dav.provider.DriveProvider.open", …}` or a few lines of Python."""
        backend = open_backend(Path(data_dir))
        ensure_drive(backend, drive)
        return cls(backend, drive)

    def close(self) -> None:
        """Let go of the database and the stored files; for whoever opened the provider."""
        self.backend.close()

    def set_lock_manager(self, lock_manager: LockManager | None) -> None:
        """WsgiDAV offers a lock manager of its own; locks live in the database, so it is not taken."""

    def path_of(self, path: str) -> DrivePath | None:
        """The place of a WsgiDAV path below the share. Errors: BadName."""
        names = [name for name in path.split("/") if name]
        if self.drive is not None:
            return check_path(self.drive, names)
        return check_path(names[0], names[1:]) if names else None

    def caller_of(self, environ: dict[str, Any]) -> Caller:
        """Who asks: davdrive's own user, or the name that the other server's authentication found."""
        found: Caller | None = environ.get("davdrive.caller")
        return found or Caller(environ.get("wsgidav.auth.user_name") or "anonymous")

    def get_resource_inst(self, path: str, environ: dict[str, Any]) -> AnyResource | None:
        """The resource at a path, resolved once a request; None where nothing is."""
        cache: dict[str, Any] = environ.setdefault(CACHE, {})
        if path not in cache:
            cache[path] = self._find(path, environ)
        found: AnyResource | None = cache[path]
        return found

    def _find(self, path: str, environ: dict[str, Any]) -> AnyResource | None:
        try:
            place = self.path_of(path)
            if place is None:
                return RootCollection(path, environ, self)
            found = stat(self.backend, self.caller_of(environ), place)
        except (NotFound, DriveError):
            return None
        kind = DriveCollection if found.resource.is_collection else DriveFile
        return kind(path, environ, self, place, found)

    def custom_request_handler(
        self, environ: dict[str, Any], start_response: StartResponse, default_handler: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer a request of a stock WsgiDAV server."""
        return send(self._answer(environ), start_response)

    def _answer(self, environ: dict[str, Any]) -> Response:
        caller = self.caller_of(environ)
        prefix = "".join("/" + encode_name(name) for name in environ.get("SCRIPT_NAME", "").split("/") if name)
        own = own_urls(environ, self.site.options.public_urls, prefix=prefix)
        names = [name for name in environ["PATH_INFO"].split("/") if name]
        root: Locator = ShareLocator(own, self.drive or "", DrivePath(self.drive or ""))
        try:
            return answer(Request(environ, self.site, self._locator(names, own), caller))
        except DriveError as error:
            return failure(Request(environ, self.site, root, caller), error)

    def _locator(self, names: list[str], own: Any) -> Locator:
        if self.drive is not None:
            return ShareLocator.of(names, self.drive, own)
        raise NotFound("a share serves one drive; name it when the provider is made")
