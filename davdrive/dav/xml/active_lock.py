"""Locks as answers show them: activelock in lockdiscovery (RFC 4918 §14.1, §15.8), and supportedlock (§15.10)."""

from collections.abc import Iterable
from dataclasses import dataclass

from davdrive.dav.xml.escape import escape


@dataclass(frozen=True, slots=True)
class ActiveLock:
    """A lock to show. `token` is None where the reader may not see it; `timeout_s` is what remains (None: for ever);
    `root_href` is the lock root's absolute path, encoded; `owner_xml` is the whole owner element, or None."""

    token: str | None
    exclusive: bool
    infinite_depth: bool
    root_href: str
    timeout_s: int | None = None
    owner_xml: str | None = None


_ENTRY = "<D:lockentry><D:lockscope><D:%s/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockentry>"
SUPPORTED_LOCK = "<D:supportedlock>" + _ENTRY % "exclusive" + _ENTRY % "shared" + "</D:supportedlock>"


def render_active_lock(lock: ActiveLock) -> str:
    """Return one activelock element."""
    timeout = "Infinite" if lock.timeout_s is None else f"Second-{max(0, lock.timeout_s)}"
    token = f"<D:locktoken><D:href>{escape(lock.token)}</D:href></D:locktoken>" if lock.token else ""
    return (
        "<D:activelock><D:locktype><D:write/></D:locktype>"
        f"<D:lockscope><D:{'exclusive' if lock.exclusive else 'shared'}/></D:lockscope>"
        f"<D:depth>{'infinity' if lock.infinite_depth else '0'}</D:depth>"
        f"{lock.owner_xml or ''}<D:timeout>{timeout}</D:timeout>{token}"
        f"<D:lockroot><D:href>{escape(lock.root_href)}</D:href></D:lockroot></D:activelock>"
    )


def render_lockdiscovery(locks: Iterable[ActiveLock]) -> str:
    """Return the lockdiscovery property; empty where there is no lock."""
    inside = "".join(map(render_active_lock, locks))
    return f"<D:lockdiscovery>{inside}</D:lockdiscovery>" if inside else "<D:lockdiscovery/>"


def lock_answer(locks: Iterable[ActiveLock]) -> bytes:
    """Return the body that answers LOCK: a prop element with lockdiscovery (RFC 4918 §9.10.1)."""
    declaration = '<?xml version="1.0" encoding="utf-8"?>\n<D:prop xmlns:D="DAV:">'
    return f"{declaration}{render_lockdiscovery(locks)}</D:prop>".encode()
