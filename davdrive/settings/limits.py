"""Limits on what one request, resource, user or drive may ask for."""

from dataclasses import dataclass

from davdrive.settings.kinds import count, duration, size, switch

KIB = 1 << 10
HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """Every one of these is answered with its own status and a sentence when a request is over it."""

    # The largest file: 65,536 segments of the default size. A drive's quota is the usual limit.
    body_bytes: int = size(1 << 40)
    # The longest XML body. A real PROPFIND has 300 bytes, a large PROPPATCH a few thousand.
    xml_bytes: int = size(1 << 20)
    # Nesting and number of elements in an XML body; DAV's own bodies are six deep.
    xml_depth: int = count(64, least=1)
    xml_elements: int = count(10_000, least=1)
    # 255 bytes is what every client's file system can hold.
    name_bytes: int = count(255, least=1, most=255)
    path_names: int = count(200, least=1, most=1000)
    # PROPFIND with Depth: infinity asks for the whole tree; clients that need it are rare (RFC 4918 §9.1).
    propfind_infinity: bool = switch(False)
    # Members in one answer. Answers are streamed, so this bounds time and not memory.
    listing_members: int = count(1_000_000, least=1)
    # Properties named in one PROPFIND or PROPPATCH.
    properties_named: int = count(256, least=1)
    properties_per_node: int = count(128, least=1)
    property_bytes: int = size(64 * KIB)
    properties_node_bytes: int = size(256 * KIB)
    locks_per_drive: int = count(10_000, least=1)
    locks_per_user: int = count(1_000, least=1)
    # For a LOCK without a Timeout: twice what davfs2 asks for, so that a short pause loses nothing.
    lock_default_s: float = duration(HOUR_S)
    # `Infinite` is granted as this: a forgotten lock is gone the next day.
    lock_max_s: float = duration(24 * HOUR_S)
    lock_owner_bytes: int = size(8 * KIB)
    # Lists and conditions in one If header; a MOVE over a locked tree needs one list a lock.
    if_lists: int = count(128, least=1)
    if_conditions: int = count(512, least=1)
    # More ranges than this answer the whole file (RFC 9110 §14.2): protects from range bombs.
    ranges: int = count(5, least=1)
    # Nodes that one COPY may make: its transaction holds the drive's writer lock for seconds at most.
    tree_nodes: int = count(500_000, least=1)
    # Members named one by one in the answer to a tree operation that failed.
    multistatus_members: int = count(1_000, least=1)
    # The longest upload or download. Objects are kept at least this long after their last reference went.
    request_s: float = duration(12 * HOUR_S)
    # Resumable uploads: parts of one, unfinished ones of one user, and how long one may rest.
    upload_parts: int = count(10_000, least=1)
    uploads_per_user: int = count(1_000, least=1)
    upload_idle_s: float = duration(24 * HOUR_S)
    # Versions kept of one file inside the retention; 0 keeps all.
    versions_per_node: int = count(0)
