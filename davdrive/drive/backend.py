"""What every operation works with: the metadata, the stored bytes, and the limits."""

from dataclasses import dataclass, field

from davdrive.metadata.database import Database
from davdrive.objects.content import ContentStore


@dataclass(frozen=True, slots=True)
class DriveLimits:
    """The limits that operations keep. Sizes in bytes, times in seconds."""

    file_bytes: int = 1 << 40
    """The largest file."""
    tree_nodes: int = 1_000_000
    """The most nodes that one COPY may make: it is one transaction."""
    locks: int = 10_000
    """Unexpired locks a drive: a listing reads all that lie below it."""
    shared_locks: int = 16
    """Locks over one resource, which are all shared: each stands in the lockdiscovery of every member."""
    lock_owner_bytes: int = 4096
    """The owner element of a lock comes back in every lockdiscovery."""
    lock_owners_bytes: int = 4 << 20
    """All owner elements of a drive: a listing reads those below it at once. Ten thousand of 400 characters fit."""
    properties: int = 1000
    """Dead properties a node."""
    properties_bytes: int = 1 << 20
    """Their values in all, a node."""
    upload_parts: int = 10_000
    """Parts of one resumable upload; what Nextcloud's clients keep to."""
    uploads_per_user: int = 1000
    """Unfinished uploads of one user: each is a row, and a folder of a client that resumes."""
    upload_idle_s: int = 86_400
    """An unfinished upload that nothing came for in this time is dropped: a night's pause must not lose it."""
    upload_unit_bytes: int = 64 << 20
    """A stream that may break anywhere (tus) is committed each time that this much has come: what a crash can lose,
    and enough segments to sync one while the next fills."""
    patch_merge_bytes: int = 64 << 10
    """A partial update takes in the piece beside it up to this size, so that many small appends do not become as many
    segments; what one costs more for it is bounded by twice this much."""
    drafts_s: int = 60
    """An empty version that its author replaces within this time was the first half of one save, not a version."""


@dataclass(frozen=True, slots=True)
class Backend:
    """A database and a content store that belong together."""

    database: Database
    contents: ContentStore
    limits: DriveLimits = field(default_factory=DriveLimits)

    def close(self) -> None:
        """Wait for what is under way, and close all three: contents, object store, metadata."""
        self.contents.close()
        self.contents.store.close()
        self.database.close()
