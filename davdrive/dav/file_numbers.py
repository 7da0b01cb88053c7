"""The number under which sync clients know a resource wherever it moves: unique over all drives."""

_NODE_BITS = 40


def file_number(drive_id: int, node: int) -> int:
    """One number for a drive and a node in it."""
    return drive_id << _NODE_BITS | node
