"""Checksums that come with a body or are asked for: OC-Checksum (WIRE §3) and RFC 9530's digest fields.

Digests are lower-case hex under a lower-case algorithm name, as the drive keeps them: `{"sha1": "da39…"}`.
"""

import base64
import binascii
import re
from collections.abc import Mapping

from davdrive.dav.headers.shown import shown
from davdrive.errors import BadRequest

HEX_DIGITS = {"md5": 32, "sha1": 40, "sha256": 64, "sha512": 128, "adler32": 8}
_FIELD_NAMES = {"sha-256": "sha256", "sha-512": "sha512"}  # the two that RFC 9530 §5 calls secure
_SECURE = {name: field for field, name in _FIELD_NAMES.items()}
MAX_FIELD_CHARACTERS = 4096  # every known algorithm at once takes a tenth of it
_MEMBER = re.compile(r"[ \t]*([a-z*][a-z0-9_.*-]*)[ \t]*=[ \t]*(:[A-Za-z0-9+/=]*:|[0-9]{1,15})(;[^,]*)?[ \t]*")


def read_oc_checksum(value: str | None) -> dict[str, str]:
    """Return the digests of OC-Checksum, `SHA1:<hex>`, several of them separated by blanks; none when it is missing.

    Algorithms that are not known here are passed over. Raises `BadRequest` for a malformed header or digest.
    """
    found: dict[str, str] = {}
    for each in _bounded(value, "OC-Checksum").split():
        name, colon, digest = each.lower().partition(":")
        if not colon:
            raise BadRequest(f"OC-Checksum is {shown(str(value))}; it must be an algorithm, a colon and hex digits")
        algorithm = name.replace("-", "")
        if algorithm in HEX_DIGITS:
            found[algorithm] = _hex(digest, algorithm, "OC-Checksum")
    return found


def _hex(digest: str, algorithm: str, header: str) -> str:
    if not re.fullmatch(f"[0-9a-f]{{{HEX_DIGITS[algorithm]}}}", digest):
        raise BadRequest(f"{header} must give {algorithm} as {HEX_DIGITS[algorithm]} hex digits")
    return digest


def read_digest(value: str | None, header: str) -> dict[str, str]:
    """Return the digests of Content-Digest or Repr-Digest (RFC 9530 §2, §3); none when it is missing.

    Only sha-256 and sha-512 are verified; the others are passed over. Raises `BadRequest`.
    """
    found: dict[str, str] = {}
    for name, text in _members(value, header).items():
        algorithm = _FIELD_NAMES.get(name)
        if algorithm is None:
            continue
        try:
            digest = base64.b64decode(text.strip(":"), validate=True).hex()
        except (binascii.Error, ValueError):
            raise BadRequest(f"{header} must give {name} as base64 between colons") from None
        found[algorithm] = _hex(digest, algorithm, header)
    return found


def read_declared_digests(environ: Mapping[str, object]) -> dict[str, str]:
    """Return every digest that a request declares for its body; the drive verifies all of them.

    Raises `BadRequest` for a malformed header, and for two headers that contradict each other.
    """
    found: dict[str, str] = {}
    for digests in (
        read_oc_checksum(_text(environ, "HTTP_OC_CHECKSUM")),
        read_digest(_text(environ, "HTTP_CONTENT_DIGEST"), "Content-Digest"),
        read_digest(_text(environ, "HTTP_REPR_DIGEST"), "Repr-Digest"),
    ):
        for algorithm, digest in digests.items():
            if found.setdefault(algorithm, digest) != digest:
                raise BadRequest(f"two headers declare different {algorithm} checksums for one body")
    return found


def wanted_digest(value: str | None) -> str | None:
    """Return the algorithm that Want-Repr-Digest prefers among those given here (RFC 9530 §4), or None.

    A wish is no demand: a malformed one is ignored. Weight 0 means "not this one".
    """
    try:
        wishes = _members(value, "Want-Repr-Digest")
    except BadRequest:
        return None
    known = ((_FIELD_NAMES.get(field), text) for field, text in wishes.items())
    weights = {name: int(text) for name, text in known if name is not None and text.isdigit()}
    best = max(weights, key=lambda name: weights[name], default=None)
    return best if best is not None and weights[best] > 0 else None


def format_digest(digests: Mapping[str, str]) -> str:
    """Return the value of Repr-Digest or Content-Digest for hex `digests`; those that are not secure are left out."""
    parts = ((field, digests[name]) for name, field in _SECURE.items() if name in digests)
    return ", ".join(f"{field}=:{base64.b64encode(bytes.fromhex(digest)).decode()}:" for field, digest in parts)


def format_oc_checksums(digests: Mapping[str, str]) -> str:
    """Return digests as oc:checksums and OC-Checksum write them: `SHA1:… MD5:…`, the order of WIRE §3."""
    order = ("sha1", "md5", "sha256", "sha512", "adler32")
    return " ".join(f"{name.upper()}:{digests[name]}" for name in order if name in digests)


def _members(value: str | None, header: str) -> dict[str, str]:
    """Return a structured-field dictionary of byte sequences and integers (RFC 8941 §3.2), still as text."""
    text = _bounded(value, header)
    found: dict[str, str] = {}
    for each in text.split(",") if text else ():
        match = _MEMBER.fullmatch(each)
        if match is None:
            raise BadRequest(f"{header} is {shown(text)}; it must be a list of algorithm=value")
        found[match[1]] = match[2]
    return found


def _bounded(value: str | None, header: str) -> str:
    if value is not None and len(value) > MAX_FIELD_CHARACTERS:
        raise BadRequest(f"{header} has more than {MAX_FIELD_CHARACTERS} characters")
    return (value or "").strip()


def _text(environ: Mapping[str, object], key: str) -> str | None:
    value = environ.get(key)
    return None if value is None else str(value)
