"""Resources for WsgiDAV's own API: reading, and the native hooks for changes of whole trees."""

import io
import tempfile
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from wsgidav.dav_provider import DAVCollection, DAVNonCollection

from davdrive.dav.media_types import media_type_of
from davdrive.dav.provider_port import Share
from davdrive.deadline import Deadline
from davdrive.drive.copying import copy
from davdrive.drive.delete import delete
from davdrive.drive.mkcol import make_collection
from davdrive.drive.move import move
from davdrive.drive.names import DrivePath
from davdrive.drive.put import PutOptions, put
from davdrive.drive.read import Found, drives_of, list_members, open_content, read_bytes

SPOOL_BYTES = 1 << 20
"""What an upload by WsgiDAV's own API keeps in memory."""
CACHE = "davdrive.resources"
"""Where a request's environ keeps the resources that were resolved for it; every change lets go of them."""


class _Changes:
    """What files and collections share. Each change is one transaction."""

    provider: Share
    environ: dict[str, Any]
    path: str
    _place: DrivePath
    _found: Found

    def get_creation_date(self) -> float:
        """Unix seconds."""
        return self._found.resource.created_ms / 1000

    def get_last_modified(self) -> float:
        """Unix seconds."""
        return self._found.resource.modified_ms / 1000

    def get_display_name(self) -> str:
        return self._place.name

    def handle_delete(self) -> bool:
        """Remove the whole tree in one commit."""
        self.delete()
        return True

    def delete(self) -> None:
        delete(self.provider.backend, self.provider.caller_of(self.environ), self._place)
        self._forget()

    def handle_copy(self, dest_path: str, *, depth_infinity: bool) -> bool:
        """Copy the whole tree in one commit."""
        provider = self.provider
        caller = provider.caller_of(self.environ)
        copy(provider.backend, caller, self._place, self._target(dest_path), infinite=depth_infinity)
        self._forget()
        return True

    def handle_move(self, dest_path: str) -> bool:
        """Move the whole tree in one commit."""
        provider = self.provider
        move(provider.backend, provider.caller_of(self.environ), self._place, self._target(dest_path))
        self._forget()
        return True

    def _target(self, dest_path: str) -> DrivePath:
        place = self.provider.path_of(dest_path)
        if place is None:
            raise ValueError("the destination is above all drives")
        return place

    def _forget(self) -> None:
        self.environ.pop(CACHE, None)


class DriveFile(_Changes, DAVNonCollection):  # type: ignore[misc]
    """A file."""

    def __init__(self, path: str, environ: dict[str, Any], provider: Share, place: DrivePath, found: Found) -> None:
        DAVNonCollection.__init__(self, path, environ)
        self.provider = provider
        self._place, self._found = place, found

    def get_content_length(self) -> int:
        """Bytes."""
        return self._found.resource.size or 0

    def get_content_type(self) -> str:
        return media_type_of(self._found.resource.media_type, self._place.name)

    def get_etag(self) -> str | None:
        return self._found.resource.etag

    def support_etag(self) -> bool:
        return True

    def support_ranges(self) -> bool:
        return True

    def get_content(self) -> io.BufferedReader:
        """The bytes as they are now, whatever happens to the path."""
        provider = self.provider
        opened = open_content(provider.backend, provider.caller_of(self.environ), self._place)
        blocks = read_bytes(provider.backend, opened.content, 0, opened.content.size, Deadline())
        return io.BufferedReader(_BlockReader(iter(blocks)))

    def begin_write(self, *, content_type: str | None = None) -> "Upload":
        """A file to write to; closing it commits the new content."""
        return Upload(self.provider, self.environ, self._place, content_type)


class DriveCollection(_Changes, DAVCollection):  # type: ignore[misc]
    """A collection."""

    def __init__(self, path: str, environ: dict[str, Any], provider: Share, place: DrivePath, found: Found) -> None:
        DAVCollection.__init__(self, path, environ)
        self.provider = provider
        self._place, self._found = place, found

    def get_member_names(self) -> list[str]:
        pages = list_members(self.provider.backend, self._found.drive, self._found.resource)
        return [each.name for page in pages for each in page]

    def get_member(self, name: str) -> Any:
        return self.provider.get_resource_inst(self.path.rstrip("/") + "/" + name, self.environ)

    def create_collection(self, name: str) -> None:
        provider = self.provider
        make_collection(provider.backend, provider.caller_of(self.environ), self._place.child(name))
        self._forget()

    def create_empty_resource(self, name: str) -> DriveFile:
        provider = self.provider
        put(provider.backend, provider.caller_of(self.environ), self._place.child(name), [], PutOptions())
        self._forget()
        created = self.get_member(name)
        assert isinstance(created, DriveFile)
        return created

    def support_recursive_delete(self) -> bool:
        return True

    def get_used_bytes(self) -> int:
        return self._found.drive.used_bytes

    def get_available_bytes(self) -> int | None:
        drive = self._found.drive
        return None if drive.quota_bytes is None else max(0, drive.quota_bytes - drive.used_bytes)


class RootCollection(DAVCollection):
    """The collection of the caller's drives."""

    def __init__(self, path: str, environ: dict[str, Any], provider: Share) -> None:
        super().__init__(path, environ)
        self._drives = provider

    def get_member_names(self) -> list[str]:
        return [each.name for each in drives_of(self._drives.backend, self._drives.caller_of(self.environ))]

    def get_member(self, name: str) -> Any:
        return self.provider.get_resource_inst("/" + name, self.environ)


class _BlockReader(io.RawIOBase):
    """Blocks as a raw file."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = memoryview(next(self._blocks, b""))
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


class Upload:
    """A content on its way in by WsgiDAV's own API: spooled to disk, and committed when it is closed."""

    def __init__(self, provider: Share, environ: dict[str, Any], place: DrivePath, media_type: str | None):
        self._provider, self._environ, self._place, self._media_type = provider, environ, place, media_type
        self._spool = tempfile.SpooledTemporaryFile(SPOOL_BYTES)  # noqa: SIM115  (closed by `close`)

    def write(self, data: bytes) -> int:
        return self._spool.write(data)

    def writelines(self, blocks: Iterable[bytes]) -> None:
        for block in blocks:
            self._spool.write(block)

    def close(self) -> None:
        """Commit. Errors: those of `davdrive.drive.put.put`."""
        with self._spool as spool:
            spool.seek(0)
            blocks = iter(partial(spool.read, SPOOL_BYTES), b"")
            caller = self._provider.caller_of(self._environ)
            put(self._provider.backend, caller, self._place, blocks, PutOptions(media_type=self._media_type))
        self._environ.pop(CACHE, None)
