"""The headers of tus as typed values. None of these raises anything but a DriveError."""

import base64
import binascii
import re
from collections.abc import Mapping
from decimal import Decimal
from email.utils import formatdate
from typing import Any

from davdrive.drive.uploads.find import UploadDetails
from davdrive.errors import BadRequest

ALGORITHMS = ("sha1", "sha256", "sha512", "md5", "crc32", "adler32")
"""What Upload-Checksum may name."""
_DIGEST_BYTES = {"sha1": 20, "sha256": 32, "sha512": 64, "md5": 16, "crc32": 4, "adler32": 4}

LONGEST = 2**63 - 1
MAX_METADATA_CHARACTERS = 8192
"""Room for a name and a type of 255 bytes each, many times over."""
MAX_TYPE_CHARACTERS = 255

_PAIR = re.compile(r"([\x21-\x2b\x2d-\x7e]+)(?: ([A-Za-z0-9+/=]*))?")
_SECONDS = re.compile(r"-?[0-9]{1,12}(\.[0-9]{0,20})?")
_EARLIEST_S, _LATEST_S = -62_135_596_800, 253_402_300_799  # the years 1 to 9999


def read_number(environ: Mapping[str, Any], header: str) -> int | None:
    """The bytes that `Upload-Length` or `Upload-Offset` name; None where it is missing. Errors: BadRequest."""
    value = environ.get("HTTP_" + header.upper().replace("-", "_"))
    if value is None:
        return None
    text = str(value).strip()
    if not re.fullmatch(r"[0-9]{1,19}", text) or int(text) > LONGEST:
        raise BadRequest(f"{header} must be a number of bytes")
    return int(text)


def read_metadata(value: str | None) -> dict[str, str]:
    """Upload-Metadata: keys with values in base64, which must be UTF-8. Errors: BadRequest."""
    if value is not None and len(value) > MAX_METADATA_CHARACTERS:
        raise BadRequest(f"Upload-Metadata has more than {MAX_METADATA_CHARACTERS} characters")
    found: dict[str, str] = {}
    for pair in (value or "").split(",") if (value or "").strip() else ():
        match = _PAIR.fullmatch(pair.strip())
        if match is None or match[1] in found:
            raise BadRequest("Upload-Metadata must be a list of: key, a blank, a value in base64; each key once")
        found[match[1]] = _text(match[2] or "")
    return found


def _text(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise BadRequest("a value of Upload-Metadata is no base64 of UTF-8") from None


def read_details(raw: str | None, metadata: Mapping[str, str], expected: str | None) -> UploadDetails:
    """What the metadata say of the file. Errors: BadRequest for a time that is none."""
    media_type = metadata.get("filetype") or metadata.get("contentType") or ""
    sound = len(media_type) <= MAX_TYPE_CHARACTERS and media_type.isascii() and media_type.isprintable()
    return UploadDetails(
        media_type=media_type if "/" in media_type and sound else None,
        modified_ms=_time(metadata.get("mtime"), "mtime"),
        created_ms=_time(metadata.get("ctime"), "ctime"),
        metadata=raw,
        expected=expected,
    )


def _time(text: str | None, key: str) -> int | None:
    if not text:
        return None
    if not _SECONDS.fullmatch(text) or not _EARLIEST_S <= int(Decimal(text)) <= _LATEST_S:
        raise BadRequest(f"{key} in Upload-Metadata must be a time in unix seconds within the years 1 to 9999")
    return int(Decimal(text) * 1000)


def read_checksum(value: str | None) -> dict[str, str]:
    """Upload-Checksum: an algorithm, a blank, the checksum in base64; as hex by algorithm. Errors: BadRequest."""
    if value is None:
        return {}
    algorithm, _, encoded = value.strip().partition(" ")
    try:
        digest = base64.b64decode(encoded.strip(), validate=True)
    except ValueError:  # binascii.Error, and what is no ASCII
        raise BadRequest("Upload-Checksum must be an algorithm, a blank, and the checksum in base64") from None
    if _DIGEST_BYTES.get(algorithm.lower()) != len(digest):
        raise BadRequest(f"Upload-Checksum must be of one of {', '.join(ALGORITHMS)}, and of its length")
    return {algorithm.lower(): digest.hex()}


def http_date(unix_ms: int) -> str:
    """A date as HTTP writes it (RFC 9110 §5.6.7)."""
    return formatdate(unix_ms / 1000, usegmt=True)
