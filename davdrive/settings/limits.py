"""Limits on what one request, resource, user or drive may ask for.

Names of at most 255 bytes and paths of at most 200 names are no options: every row of a drive was made under them
(`davdrive.drive.names`).
"""

from davdrive.settings.kinds import ByteCount, PositiveCount, PositiveSeconds, Section

KIB = 1 << 10
HOUR_S = 3600


class LimitSettings(Section):
    """Every one of these is answered with its own status and a sentence when a request is over it."""

    # The largest file: 65,536 segments of the default size. A drive's quota is the usual limit.
    body_bytes: ByteCount = 1 << 40
    # The longest XML body. A real PROPFIND has 300 bytes, a large PROPPATCH a few thousand.
    xml_bytes: ByteCount = 1 << 20
    # Nesting and number of elements in an XML body; DAV's own bodies are six deep.
    xml_depth: PositiveCount = 64
    xml_elements: PositiveCount = 10_000
    # PROPFIND with Depth: infinity asks for the whole tree; clients that need it are rare (RFC 4918 §9.1).
    propfind_infinity: bool = False
    # PUT with Content-Range, as Apache takes it. A client that does not mean it so would damage its file, so it is off.
    put_content_range: bool = False
    # Properties named in one PROPFIND or PROPPATCH.
    properties_named: PositiveCount = 256
    properties_per_node: PositiveCount = 128
    properties_node_bytes: ByteCount = 256 * KIB
    locks_per_drive: PositiveCount = 10_000
    # Shared locks over one file or collection; a listing shows them again for every member.
    locks_shared: PositiveCount = 16
    # For a LOCK without a Timeout: twice what davfs2 asks for, so that a short pause loses nothing.
    lock_default_s: PositiveSeconds = HOUR_S
    # `Infinite` is granted as this: a forgotten lock is gone the next day.
    lock_max_s: PositiveSeconds = 24 * HOUR_S
    lock_owner_bytes: ByteCount = 8 * KIB
    # The owners of all locks of a drive: one listing reads those below it at once.
    lock_owners_bytes: ByteCount = 4096 * KIB
    # Lists and conditions in one If header; a MOVE over a locked tree needs one list a lock.
    if_lists: PositiveCount = 128
    if_conditions: PositiveCount = 512
    # More ranges than this answer the whole file (RFC 9110 §14.2): protects from range bombs.
    ranges: PositiveCount = 5
    # Nodes that one COPY may make: its transaction holds the drive's writer lock for seconds at most.
    tree_nodes: PositiveCount = 500_000
    # The longest upload or download. Objects are kept at least this long after their last reference went.
    request_s: PositiveSeconds = 12 * HOUR_S
    # Resumable uploads: parts of one, unfinished ones of one user, and how long one may rest.
    upload_parts: PositiveCount = 10_000
    uploads_per_user: PositiveCount = 1_000
    upload_idle_s: PositiveSeconds = 24 * HOUR_S
