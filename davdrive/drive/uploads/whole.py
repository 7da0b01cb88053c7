"""Whether the parts of an upload are the whole file: no gap, the declared length, the declared checksum."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from davdrive.baton import resting
from davdrive.deadline import Deadline
from davdrive.drive.backend import Backend
from davdrive.errors import BodyMismatch, ChecksumMismatch
from davdrive.metadata.parts import Part, part_segments
from davdrive.metadata.uploads import Upload
from davdrive.objects.base import SegmentRef
from davdrive.objects.digests import Digester

EMPTY_SHA256 = Digester().sha256


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the whole without reading it, or with. `digests` are hex by algorithm."""

    sha256: bytes | None = None
    digests: Mapping[str, str] = field(default_factory=dict)

    @property
    def all(self) -> dict[str, str]:
        """Every digest, SHA-256 too if it is known."""
        return dict(self.digests) | ({"sha256": self.sha256.hex()} if self.sha256 else {})


def check_size(upload: Upload, declared: int | None) -> None:
    """Errors: BodyMismatch when the parts are not as long as the client said."""
    for total in (upload.total, declared):
        if total is not None and total != upload.received:
            raise BodyMismatch(
                f"the parts have {upload.received} bytes, and the file was to have {total}; send the rest"
            )


def check_order(parts: Iterable[Part]) -> None:
    """Parts are numbered one by one (from 0 or 1), or by their first byte where their names say `first-last`.

    Errors: BodyMismatch when one is missing.
    """
    position, expected = 0, None
    for part in parts:
        if "-" in part.name:
            _expect(part.number == position, f"bytes from {position} on are missing")
        else:
            _expect(part.number in ((0, 1) if expected is None else (expected,)), f"part {expected or 1} is missing")
        position += part.size
        expected = part.number + 1


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise BodyMismatch(f"{otherwise}; send them and complete the upload again")


def read_digests(backend: Backend, upload: Upload, names: Iterable[str], deadline: Deadline) -> Known:
    """Read the parts from end to end and compute SHA-256 and `names`. Errors: Damaged, Unavailable, Cancelled."""
    rows = backend.database.read(lambda session: part_segments(session, upload.id))
    segments = [SegmentRef(*row) for row in rows]
    digester = Digester(set(names) - {"sha256"})
    with resting(), backend.contents.read(segments, 0, sum(each.length for each in segments), deadline) as stream:
        for block in stream:
            digester.update(block)
    return Known(digester.sha256, {name: digest.hex() for name, digest in digester.results().items()})


def check_digests(known: Known, checksums: Mapping[str, str]) -> None:
    """Errors: ChecksumMismatch."""
    for algorithm, expected in checksums.items():
        if known.all.get(algorithm) != expected.lower():
            raise ChecksumMismatch(f"the {algorithm} checksum of the parts together is not the declared one")
