"""Names and paths of a drive: what a name may be, and the key by which it is found.

A name is stored as it was sent and found by its key: NFC, and case-folded on a case-insensitive drive. macOS sends
NFD and everybody else NFC, so the stored form never decides whether two names are the same.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from davdrive.errors import BadName

MAX_NAME_BYTES = 255
MAX_PATH_NAMES = 200
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f/\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class DrivePath:
    """A place: the drive's name, and the names below its root (none: the root itself)."""

    drive: str
    names: tuple[str, ...] = ()

    @property
    def is_root(self) -> bool:
        return not self.names

    @property
    def name(self) -> str:
        """The last name, or the drive's own for its root."""
        return self.names[-1] if self.names else self.drive

    @property
    def parent(self) -> "DrivePath":
        """The collection that holds this place. The root has none: ValueError."""
        if not self.names:
            raise ValueError("a drive's root has no parent")
        return DrivePath(self.drive, self.names[:-1])

    def child(self, name: str) -> "DrivePath":
        return DrivePath(self.drive, (*self.names, name))

    def __str__(self) -> str:
        return "/" + "/".join((self.drive, *self.names))


def check_name(name: str) -> str:
    """Return `name` if a drive can hold it; otherwise raise `BadName` with a sentence that says why."""
    if name in ("", ".", ".."):
        raise BadName(f"{name!r} cannot be the name of a file or collection")
    if _FORBIDDEN.search(name):
        raise BadName("a name may not hold control characters, slashes or characters that XML cannot carry")
    if len(name.encode()) > MAX_NAME_BYTES:
        raise BadName(f"a name may have at most {MAX_NAME_BYTES} bytes in UTF-8")
    return name


def check_path(drive: str, names: Iterable[str]) -> DrivePath:
    """Build a path from decoded segments, every one of them checked."""
    path = DrivePath(check_name(drive), tuple(check_name(name) for name in names))
    if len(path.names) > MAX_PATH_NAMES:
        raise BadName(f"a path may be at most {MAX_PATH_NAMES} names deep")
    return path


def name_key(name: str, case_insensitive: bool = False) -> str:
    """The form by which a name is looked up and kept unique among its siblings."""
    if name.isascii():
        return name.lower() if case_insensitive else name
    key = unicodedata.normalize("NFC", name)
    return unicodedata.normalize("NFC", key.casefold()) if case_insensitive else key
