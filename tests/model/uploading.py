"""Resumable uploads of the model: parts that become a file all at once, or never."""

from dataclasses import dataclass, field

from tests.model.shapes import Demand, Place, Tree, Version
from tests.model.state import Refused, Spot, State, role, when

IDLE_MS = 86_400_000


@dataclass(eq=False)
class Upload:
    """Bytes on their way, in parts by number; those of a stream are numbered by their first byte. `state` is how it
    ended: the kind of error that whoever comes later hears."""

    drive: str
    name: str
    principal: str
    total: int | None
    active_ms: int
    parts: dict[int, bytes] = field(default_factory=dict)
    state: str = ""
    is_stream: bool = False
    result: tuple[Place, Version] | None = None

    @property
    def size(self) -> int:
        return sum(map(len, self.parts.values()))

    @property
    def is_whole(self) -> bool:
        """All that was said, numbered from 0 or 1 without a gap; a stream always is."""
        numbers = sorted(self.parts)
        gapless = numbers in ([*range(len(numbers))], [*range(1, len(numbers) + 1)])
        return (self.is_stream or gapless) and self.total in (None, self.size)


@dataclass(eq=False)
class Uploading(State):
    """Uploads are found by drive, name and who began them; `at` refuses whoever may not see the drive."""

    uploads: list[Upload] = field(default_factory=list)

    def used(self, tree: Tree) -> int:
        """Parts of uploads count too."""
        return super().used(tree) + sum(each.size for each in self.uploads if each.drive == tree.name)

    def begin(self, who: str, drive: str, name: str, total: int | None) -> Upload:
        spot, known = self.at(who, (drive, ())), self._named(who, drive, name)
        self._refuse(role(spot), self._no_room(spot.tree, total or 0), when(known and not known.state, "AlreadyExists"))
        self.uploads.append(Upload(drive, name, who, total, self.wall_ms))
        return self.uploads[-1]

    def add_part(self, who: str, drive: str, name: str, number: int, content: bytes) -> None:
        """A part that comes again takes the old one's place."""
        spot, upload = self._pending(who, drive, name)
        self._receive(spot, upload, number, content, len(content) - len(upload.parts.get(number, b"")))

    def append(self, who: str, drive: str, name: str, offset: int, content: bytes) -> int:
        """The new end of a stream."""
        spot, upload = self._pending(who, drive, name)
        upload.is_stream = True
        self._receive(spot, upload, offset, content, len(content), when(offset != upload.size, "Conflict"))
        return upload.size

    def _receive(self, spot: Spot, upload: Upload, number: int, content: bytes, more: int, *reasons: set[str]) -> None:
        """`more`: so many bytes than before."""
        too_long = upload.total is not None and upload.size + more > upload.total
        room = self._no_room(spot.tree, max(0, more, (upload.total or 0) - upload.size))
        self._refuse(role(spot), room, when(too_long, "BodyMismatch"), *reasons)
        if content or not upload.is_stream:
            upload.parts[number], upload.active_ms = content, self.wall_ms

    def drop_part(self, who: str, drive: str, name: str, number: int) -> None:
        spot, upload = self._pending(who, drive, name)
        self._refuse(role(spot), when(number not in upload.parts, "NotFound"))
        del upload.parts[number]
        upload.active_ms = self.wall_ms

    def complete(
        self, who: str, drive: str, name: str, target: Place, overwrite: bool, demand: Demand
    ) -> tuple[Version, bool]:
        """The new version, and whether this made it: who completes to the same place again hears the same."""
        self.at(who, (drive, ()))
        known = self._named(who, drive, name)
        if known is not None and known.result is not None and known.result[0] == target:
            return known.result[1], False
        _, upload = self._pending(who, drive, name)
        partial = when(not upload.is_whole, "BodyMismatch")
        if who not in self.trees[target[0]].roles:
            raise Refused("NotFound", *partial)
        spot, content = self.at(who, target, demand), b"".join(upload.parts[each] for each in sorted(upload.parts))
        room = self._no_room(spot.tree, 0 if drive == target[0] else len(content))
        self._refuse(partial, self._writing(spot), room, when(spot.node and not overwrite, "PreconditionFailed"))
        self._changed(who, self.trees[drive])
        upload.parts, upload.active_ms = {}, self.wall_ms
        upload.state, upload.result = "Conflict", (target, self._write(spot, content))
        return upload.result[1], True

    def abort(self, who: str, drive: str, name: str) -> None:
        spot, upload = self._pending(who, drive, name)
        self._refuse(role(spot))
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
        latest = reversed(self.uploads)  # over HTTP the model's clock may stand between two
        found = [each for each in latest if (each.drive, each.name, each.principal) == (drive, name, who)]
        return max(found, key=lambda each: (not each.state, each.active_ms), default=None)

    def _pending(self, who: str, drive: str, name: str) -> tuple[Spot, Upload]:
        """The drive's root, and the upload."""
        spot, upload = self.at(who, (drive, ())), self._named(who, drive, name)
        if upload is None or upload.state:
            raise Refused(upload.state if upload else "NotFound", *role(spot))
        return spot, upload
