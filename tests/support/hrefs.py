"""The href of a file, put together as a listing does it: the collection's, and its own name."""

from davdrive.dav.urls import collection_href, encode_name
from davdrive.drive.names import DrivePath


def href_of_file(path: DrivePath) -> str:
    """The absolute path by which clients know the file at `path`; a drive has its slash."""
    if path.is_root:
        return collection_href(path.drive)
    return collection_href(path.drive, path.names[:-1]) + encode_name(path.names[-1])
