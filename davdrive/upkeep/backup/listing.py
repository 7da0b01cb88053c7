"""The list of objects that a backup needs: keys and sizes in the order of keys."""

import json
from collections.abc import Iterator

from davdrive.deadline import unlimited
from davdrive.objects.content import ContentStore
from davdrive.upkeep.backup.dump_file import lines_of
from davdrive.upkeep.backup.manifest import Stored
from davdrive.upkeep.backup.objects import Needed


def read_listing(files: ContentStore, listing: Stored) -> Iterator[Needed]:
    """The keys and sizes that a backup needs. Errors: Damaged."""
    with files.read(listing.refs(), 0, listing.size, unlimited()) as blocks:
        for line in lines_of(blocks):
            key, size = json.loads(line)
            yield key, size
