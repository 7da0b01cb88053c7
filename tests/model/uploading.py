"""Resumable uploads of the model: parts that become a file all at once, or never."""

from collections.abc import Collection

from tests.model.shapes import Demand, Place, Upload, Version
from tests.model.state import EDITOR, Refused, State

IDLE_MS = 86_400_000


class Uploading(State):
    """Uploads are found by drive, name and who began them; `at` refuses whoever may not see the drive."""

    def begin(self, who: str, drive: str, name: str, total: int | None) -> Upload:
        tree = self.at(who, (drive, ())).tree
        pending = self._named(who, drive, name)
        reasons = {"AlreadyExists"} if pending and not pending.state else set()
        self._refuse(reasons | self._role(who, tree, EDITOR) | self._no_room(tree, total or 0))
        self.uploads.append(Upload(drive, name, who, total, self.wall_ms))
        return self.uploads[-1]

    def add_part(self, who: str, drive: str, name: str, number: int, content: bytes) -> None:
        """A part that comes again takes the old one's place."""
        upload = self._pending(who, drive, name)
        self._receive(who, upload, number, content, upload.parts.get(number, b""))

    def append(self, who: str, drive: str, name: str, offset: int, content: bytes) -> int:
        """The new end of a stream."""
        upload = self._pending(who, drive, name)
        upload.is_stream = True
        self._receive(who, upload, offset, content, b"", {"Conflict"} if offset != upload.size else set())
        return upload.size

    def _receive(
        self, who: str, upload: Upload, number: int, content: bytes, old: bytes, reasons: Collection[str] = ()
    ) -> None:
        tree, more = self.trees[upload.drive], len(content) - len(old)
        reasons = (
            {*reasons}
            | self._role(who, tree, EDITOR)
            | self._no_room(tree, max(0, more, (upload.total or 0) - upload.size))
        )
        too_long = upload.total is not None and upload.size + more > upload.total
        self._refuse(reasons | ({"BodyMismatch"} if too_long else set()))
        if content or not upload.is_stream:
            upload.parts[number], upload.active_ms = content, self.wall_ms

    def drop_part(self, who: str, drive: str, name: str, number: int) -> None:
        upload = self._pending(who, drive, name)
        missing = {"NotFound"} if number not in upload.parts else set()
        self._refuse(missing | self._role(who, self.trees[drive], EDITOR))
        del upload.parts[number]
        upload.active_ms = self.wall_ms

    def complete(
        self, who: str, drive: str, name: str, target: Place, overwrite: bool, demand: Demand
    ) -> tuple[Version, bool]:
        """The new version, and whether this made it: who completes to the same place again hears the same."""
        self.at(who, (drive, ()))
        upload = self._named(who, drive, name)
        if upload is not None and upload.result is not None and upload.result[0] == target:
            return upload.result[1], False
        upload = self._pending(who, drive, name)
        content = b"".join(upload.parts[each] for each in sorted(upload.parts))
        reasons = set() if upload.total in (None, len(content)) and _is_whole(upload) else {"BodyMismatch"}
        if who not in self.trees[target[0]].roles:
            raise Refused("NotFound", *reasons)
        spot = self.at(who, target)
        more = 0 if drive == target[0] else len(content)
        reasons |= self._writing(who, spot, demand) | self._no_room(spot.tree, more)
        self._refuse(reasons | ({"PreconditionFailed"} if spot.node and not overwrite else set()))
        self._changed(who, self.trees[drive])
        upload.parts, upload.active_ms = {}, self.wall_ms
        upload.state, upload.result = "Conflict", (target, self._write(who, spot, content))
        return upload.result[1], True

    def abort(self, who: str, drive: str, name: str) -> None:
        upload = self._pending(who, drive, name)
        self._refuse(self._role(who, self.trees[drive], EDITOR))
        self._end(upload)

    def expire(self) -> None:
        """What upkeep does: give up uploads that nothing came for, forget those that ended as long ago."""
        idle = [each for each in self.uploads if each.active_ms < self.wall_ms - IDLE_MS]
        self.uploads = [each for each in self.uploads if each not in idle or not each.state]
        for each in idle:
            self._end(each)

    def _end(self, upload: Upload) -> None:
        upload.parts, upload.active_ms, upload.state = {}, self.wall_ms, "Gone"

    def _named(self, who: str, drive: str, name: str) -> Upload | None:
        """The pending one of that name, or else the last that ended."""
        found = [each for each in self.uploads if (each.drive, each.name, each.principal) == (drive, name, who)]
        return max(found, key=lambda each: (not each.state, each.active_ms), default=None)

    def _pending(self, who: str, drive: str, name: str) -> Upload:
        tree = self.at(who, (drive, ())).tree
        upload = self._named(who, drive, name)
        if upload is None or upload.state:
            raise Refused(upload.state if upload else "NotFound", *self._role(who, tree, EDITOR))
        return upload


def _is_whole(upload: Upload) -> bool:
    """Numbered from 0 or 1 without a gap; a stream always is."""
    numbers = sorted(upload.parts)
    return upload.is_stream or numbers in ([*range(len(numbers))], [*range(1, len(numbers) + 1)])
