"""The body of an error: a precondition element where there is one, and a sentence (RFC 4918 §14.5, §16)."""

from collections.abc import Iterable

from davdrive.dav.xml.escape import escape
from davdrive.dav.xml.multistatus import DECLARATION

# SabreDAV's namespace: the sync clients of Nextcloud and ownCloud show its message to their users.
_MESSAGE = '<s:message xmlns:s="http://sabredav.org/ns">%s</s:message>'


def render_precondition(name: str, hrefs: Iterable[str] = ()) -> str:
    """Return the element `name` of DAV:, with the URLs that it speaks of (encoded)."""
    inside = "".join(f"<D:href>{escape(href)}</D:href>" for href in hrefs)
    return f"<D:{name}>{inside}</D:{name}>" if inside else f"<D:{name}/>"


def error_body(message: str, precondition: str | None = None, hrefs: Iterable[str] = ()) -> bytes:
    """Return an error body. `message` is a sentence for people; `hrefs` belong to the precondition."""
    element = render_precondition(precondition, hrefs) if precondition else ""
    return f'{DECLARATION}<D:error xmlns:D="DAV:">{element}{_MESSAGE % escape(message)}</D:error>'.encode()
