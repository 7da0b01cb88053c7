"""The Prefer header, as WebDAV uses it (RFC 7240, RFC 8144)."""

import re
from dataclasses import dataclass

MAX_PREFERENCES = 16  # no client sends more than a few; the rest is passed over
# Without a step back: sixty thousand blanks would otherwise be tried at every length.
_PREFERENCE = re.compile(r'\s*+([\w-]++)\s*+(?:=\s*+"?([\w-]*+)"?)?\s*+(?:;.*)?')


@dataclass(frozen=True, slots=True)
class Preferences:
    """`minimal`: leave out what was not found (RFC 8144 §2). `no_root`: leave out the collection itself (§3).
    `redirect`: the bytes may come from another server; a preference of davdrive's own."""

    minimal: bool = False
    no_root: bool = False
    redirect: bool = False


def read_preferences(value: str | None) -> Preferences:
    """Parse Prefer. A preference is no demand: what is malformed or unknown is passed over (RFC 7240 §2)."""
    if value is None:
        return Preferences()
    found: dict[str, str] = {}
    for each in value.split(",", MAX_PREFERENCES)[:MAX_PREFERENCES]:
        match = _PREFERENCE.fullmatch(each)
        if match is not None:
            found.setdefault(match[1].lower(), (match[2] or "").lower())
    return Preferences(found.get("return") == "minimal", "depth-noroot" in found, "redirect" in found)
