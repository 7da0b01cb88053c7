"""Between URLs and places: where drives are mounted, for requests and for the URLs in their headers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from davdrive.dav.headers.destination import raw_destination, read_destination
from davdrive.dav.headers.own_urls import OwnUrls
from davdrive.dav.urls import collection_href, decode_names, decode_path, encode_name, longest_prefix
from davdrive.drive.names import DrivePath, check_path

MOUNTS: Sequence[str] = ("", "/remote.php/dav/files")
"""Where the tree of drives is found: our own URLs, and Nextcloud's names for the same."""


class Locator(Protocol):
    """One request's view of URLs. `target` is the place that it names: None for the collection of all drives."""

    target: DrivePath | None

    @property
    def root_href(self) -> str:
        """The href of the collection of all drives, or of the share."""

    def base_href(self, path: DrivePath) -> str:
        """The href of a collection, with its trailing slash."""

    def resolve(self, url: str) -> DrivePath | None:
        """The place that a URL in a header names; None where it is not ours. Errors: BadRequest."""

    def destination(self, value: str | None) -> DrivePath:
        """The place that Destination names. Errors: BadRequest, ElsewhereDestination, Forbidden."""


@dataclass(slots=True)
class DrivesLocator:
    """davdrive's own URLs: the first name of a path is the drive."""

    own: OwnUrls
    mount: str
    target: DrivePath | None

    @classmethod
    def of(cls, raw: str, own: OwnUrls) -> "DrivesLocator":
        """`raw`: the request's path as it was sent. Errors: BadName."""
        mount, rest = longest_prefix(raw, own.mounts) or ("", raw)
        return cls(own, own.prefix + mount, decode_path(rest))

    @property
    def root_href(self) -> str:
        return self.mount + "/"

    def base_href(self, path: DrivePath) -> str:
        return collection_href(path.drive, path.names, self.mount)

    def resolve(self, url: str) -> DrivePath | None:
        return self.own.resolve(url)

    def destination(self, value: str | None) -> DrivePath:
        return read_destination(value, self.own)


@dataclass(slots=True)
class ShareLocator:
    """One drive as a share of another WsgiDAV server: everything below the share's path is in the drive."""

    own: OwnUrls
    drive: str
    target: DrivePath | None

    @classmethod
    def of(cls, names: Sequence[str], drive: str, own: OwnUrls) -> "ShareLocator":
        """`names`: the decoded names below the share. Errors: BadName."""
        return cls(own, drive, check_path(drive, names))

    @property
    def root_href(self) -> str:
        return self.own.prefix + "/"

    def base_href(self, path: DrivePath) -> str:
        return "/".join((self.own.prefix, *map(encode_name, path.names), ""))

    def resolve(self, url: str) -> DrivePath | None:
        raw = self.own.raw_path(url)
        return None if raw is None else check_path(self.drive, decode_names(raw))

    def destination(self, value: str | None) -> DrivePath:
        return check_path(self.drive, decode_names(raw_destination(value, self.own)))
