"""The real drive's resumable uploads as the machine calls them."""

from typing import Any

from davdrive.deadline import Deadline
from davdrive.drive.names import DrivePath
from davdrive.drive.put import PutOptions
from davdrive.drive.uploads.abort import abort, drop_part
from davdrive.drive.uploads.add_part import PartOptions, add_part
from davdrive.drive.uploads.append import append
from davdrive.drive.uploads.begin import begin
from davdrive.drive.uploads.complete import complete
from davdrive.drive.uploads.find import UploadRef
from tests.model.shapes import Demand, Place
from tests.model.speaking import conditions_of
from tests.model.world import World


class UploadOps:
    """Each operation for a user by name; they raise DriveError kinds."""

    def __init__(self, world: World) -> None:
        self.world = world

    def who(self, who: str) -> tuple[Any, Any]:
        """The backend and the user as a caller."""
        return self.world.backend, self.world.callers[who]

    def begin(self, who: str, drive: str, name: str, total: int | None) -> None:
        begin(*self.who(who), drive, name=name, total=total)

    def add_part(self, who: str, drive: str, name: str, number: int, body: bytes) -> None:
        options = PartOptions(declared_size=len(body))
        add_part(*self.who(who), UploadRef(drive, name), number, f"{number:05d}", [body], options, Deadline())

    def append(self, who: str, drive: str, name: str, offset: int, body: bytes) -> int:
        """The new end."""
        return append(
            *self.who(who), UploadRef(drive, name), offset, [body],
            checksums={}, declared_size=len(body), deadline=Deadline(),
        )  # fmt: skip

    def drop_part(self, who: str, drive: str, name: str, number: int) -> None:
        drop_part(*self.who(who), UploadRef(drive, name), number)

    def complete(self, who: str, drive: str, name: str, target: Place, overwrite: bool, demand: Demand) -> str:
        """The new ETag."""
        conditions = conditions_of(demand)
        return complete(
            *self.who(who), UploadRef(drive, name), DrivePath(*target), PutOptions(), conditions, overwrite=overwrite
        ).etag

    def abort(self, who: str, drive: str, name: str) -> None:
        abort(*self.who(who), UploadRef(drive, name))
