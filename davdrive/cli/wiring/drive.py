"""From settings to a backend: metadata, contents and the limits of operations."""

from davdrive.cli.wiring.metadata import make_database
from davdrive.cli.wiring.objects import object_options
from davdrive.cli.wiring.observing import StoreWatch
from davdrive.drive.backend import Backend, DriveLimits
from davdrive.metadata.database import Database
from davdrive.objects.content import ContentStore
from davdrive.objects.open import open_objects
from davdrive.settings import Settings


def drive_limits(settings: Settings) -> DriveLimits:
    """The limits that operations keep."""
    limits = settings.limits
    return DriveLimits(
        file_bytes=limits.body_bytes,
        tree_nodes=limits.tree_nodes,
        locks=limits.locks_per_drive,
        shared_locks=limits.locks_shared,
        lock_owner_bytes=limits.lock_owner_bytes,
        lock_owners_bytes=limits.lock_owners_bytes,
        properties=limits.properties_per_node,
        properties_bytes=limits.properties_node_bytes,
        upload_parts=limits.upload_parts,
        uploads_per_user=limits.uploads_per_user,
        upload_idle_s=int(limits.upload_idle_s),
    )


def make_backend(settings: Settings, watch: StoreWatch | None = None, database: Database | None = None) -> Backend:
    """Open metadata (unless it is `database`) and objects; `watch` hears of transactions and object calls."""
    chosen = settings.objects
    store = open_objects(chosen.url, object_options(settings), None if watch is None else watch.object_call)
    contents = ContentStore(
        store,
        segment_bytes=chosen.segment_bytes,
        inline_bytes=chosen.inline_bytes,
        uploads_in_flight=chosen.uploads_in_flight,
        reads_ahead=chosen.reads_ahead,
    )
    return Backend(database or make_database(settings, watch), contents, drive_limits(settings))
