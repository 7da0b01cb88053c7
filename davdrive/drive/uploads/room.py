"""Whether there is room for an upload: judged at its first byte by what was declared, and again as parts come."""

from davdrive.drive.backend import DriveLimits
from davdrive.drive.put import check_room
from davdrive.errors import BodyMismatch, TooLarge
from davdrive.metadata.drives import Drive
from davdrive.metadata.uploads import Upload


def check_total(drive: Drive, upload: Upload, total: int | None, limits: DriveLimits) -> None:
    """Room for the whole upload of `total` bytes (None: nobody said). What came already is used room.

    Errors: TooLarge, QuotaExceeded.
    """
    if total is not None and total > limits.file_bytes:
        raise TooLarge(f"a file may have at most {limits.file_bytes} bytes here")
    check_room(drive, max(0, (total or 0) - upload.received), limits.file_bytes)


def check_more(drive: Drive, upload: Upload, more: int, limits: DriveLimits) -> None:
    """Room for `more` bytes of parts. Errors: TooLarge, QuotaExceeded; BodyMismatch beyond the declared total."""
    received = upload.received + more
    if upload.total is not None and received > upload.total:
        raise BodyMismatch(f"the parts would have {received} bytes, and the upload was declared to have {upload.total}")
    if received > limits.file_bytes:
        raise TooLarge(f"a file may have at most {limits.file_bytes} bytes here")
    check_room(drive, max(0, more), limits.file_bytes)


def check_count(upload: Upload, limits: DriveLimits) -> None:
    """One part more. Parts that a long stream was cut into here do not count. Errors: TooLarge."""
    if is_full(upload, limits):
        raise TooLarge(f"an upload may have at most {limits.upload_parts} parts; begin it anew with larger ones")


def is_full(upload: Upload, limits: DriveLimits) -> bool:
    """Whether it may have no part more."""
    return upload.parts - upload.received // limits.upload_unit_bytes >= limits.upload_parts
