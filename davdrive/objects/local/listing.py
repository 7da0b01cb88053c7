"""Walking the objects of a local store in order of their keys, a folder at a time."""

import os
import re
import stat
from collections.abc import Iterator

from davdrive.objects.base import ObjectInfo
from davdrive.objects.keys import is_key
from davdrive.objects.local.folders import FOLDER_FLAGS

_FAN_OUT_NAME = re.compile(r"[0-9a-f]{2}")


def list_objects(root_fd: int, prefix: str, after: str) -> Iterator[ObjectInfo]:
    """Every regular file below `root_fd` that has a key's place and name, greater than `after`. Raises OSError."""
    for outer in _fan_out(root_fd, ".", "", prefix):
        if outer < after[:2]:
            continue
        for inner in _fan_out(root_fd, outer, f"{outer}/", prefix):
            if f"{outer}/{inner}" >= after[:5]:
                yield from (info for info in _objects(root_fd, f"{outer}/{inner}", prefix) if info.key > after)


def _fan_out(root_fd: int, folder: str, before: str, prefix: str) -> list[str]:
    """Names of the fan-out folders in `folder` that keys with `prefix` may lie in, sorted; at most 256."""
    names = (name for name in _names(root_fd, folder) if _FAN_OUT_NAME.fullmatch(name))
    return sorted(name for name in names if _may_hold(f"{before}{name}/", prefix))


def _may_hold(path: str, prefix: str) -> bool:
    return path.startswith(prefix) or prefix.startswith(path)


def _names(root_fd: int, folder: str) -> list[str]:
    descriptor = _open(root_fd, folder)
    if descriptor is None:
        return []
    try:
        return os.listdir(descriptor)
    finally:
        os.close(descriptor)


def _open(root_fd: int, folder: str) -> int | None:
    """A descriptor of `folder`, or None for what is no folder, is a link, or went away. A new one for each listing:
    threads that list through one descriptor would share its position."""
    opened = root_fd
    for step in folder.split("/"):
        above = opened
        try:
            opened = os.open(step, FOLDER_FLAGS, dir_fd=above)
        except (FileNotFoundError, NotADirectoryError):
            return None
        finally:
            if above != root_fd:
                os.close(above)
    return opened


def _objects(root_fd: int, folder: str, prefix: str) -> Iterator[ObjectInfo]:
    descriptor = _open(root_fd, folder)
    if descriptor is None:
        return
    try:
        for name in sorted(os.listdir(descriptor)):
            key = f"{folder}/{name}"
            if key.startswith(prefix) and is_key(key) and (info := _info(descriptor, name, key)):
                yield info
    finally:
        os.close(descriptor)


def _info(folder_fd: int, name: str, key: str) -> ObjectInfo | None:
    try:
        about = os.stat(name, dir_fd=folder_fd, follow_symlinks=False)
    except FileNotFoundError:
        return None
    return ObjectInfo(key, about.st_size, about.st_mtime) if stat.S_ISREG(about.st_mode) else None
