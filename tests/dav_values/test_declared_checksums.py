"""OC-Checksum and the digest fields of RFC 9530."""

import base64
import contextlib
import hashlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from davdrive.dav.headers.checksums import (
    MAX_FIELD_CHARACTERS,
    format_digest,
    format_oc_checksums,
    read_declared_digests,
    read_digest,
    read_oc_checksum,
    wanted_digest,
)
from davdrive.errors import BadRequest, DriveError

SHA1, MD5, SHA256 = (hashlib.new(name, b"x").hexdigest() for name in ("sha1", "md5", "sha256"))
FIELD = f"sha-256=:{base64.b64encode(bytes.fromhex(SHA256)).decode()}:"


@pytest.mark.parametrize(
    ("value", "digests"),
    [
        (None, {}),
        (f"SHA1:{SHA1}", {"sha1": SHA1}),
        (f"sha-1:{SHA1.upper()}", {"sha1": SHA1}),
        (f"SHA1:{SHA1} MD5:{MD5}", {"sha1": SHA1, "md5": MD5}),
        ("ADLER32:045d01c1", {"adler32": "045d01c1"}),
        ("CRC99:00", {}),
    ],
)
def test_oc_checksum_is_read(value: str | None, digests: dict[str, str]) -> None:
    assert read_oc_checksum(value) == digests


@pytest.mark.parametrize("value", [SHA1, "SHA1:", "SHA1:xyz", f"SHA1:{MD5}", "x" * (MAX_FIELD_CHARACTERS + 1)])
def test_a_malformed_oc_checksum_is_refused(value: str) -> None:
    with pytest.raises(BadRequest, match="OC-Checksum"):
        read_oc_checksum(value)


@pytest.mark.parametrize(
    ("value", "digests"),
    [(None, {}), (FIELD, {"sha256": SHA256}), (f"md5=:AAAA:, {FIELD};x=1", {"sha256": SHA256}), ("unixsum=:AAAA:", {})],
)
def test_digest_fields_are_read_and_only_the_secure_ones_are_kept(value: str | None, digests: dict[str, str]) -> None:
    assert read_digest(value, "Repr-Digest") == digests


@pytest.mark.parametrize(
    "value", ["sha-256", "sha-256=abc", "sha-256=:a:", "sha-256=:AAAA:", "sha-256=1", "=:AAAA:", "SHA-256=:A:"]
)
def test_a_malformed_digest_field_is_refused(value: str) -> None:
    with pytest.raises(BadRequest, match="Repr-Digest"):
        read_digest(value, "Repr-Digest")


def test_all_declared_digests_are_gathered_and_must_agree() -> None:
    environ = {"HTTP_OC_CHECKSUM": f"SHA1:{SHA1}", "HTTP_CONTENT_DIGEST": FIELD, "HTTP_REPR_DIGEST": FIELD}
    assert read_declared_digests(environ) == {"sha1": SHA1, "sha256": SHA256}
    with pytest.raises(BadRequest, match="different sha256"):
        read_declared_digests({**environ, "HTTP_OC_CHECKSUM": "SHA256:" + "0" * 64})


@pytest.mark.parametrize(
    ("value", "algorithm"),
    [
        (None, None),
        ("sha-256=1", "sha256"),
        ("sha-256=3, sha-512=10", "sha512"),
        ("sha-256=0", None),
        ("md5=10, sha-256=1", "sha256"),
        ("garbage garbage", None),
    ],
)
def test_the_wanted_digest_is_the_weightiest_that_is_known(value: str | None, algorithm: str | None) -> None:
    assert wanted_digest(value) == algorithm


def test_digests_are_written_as_clients_read_them() -> None:
    digests = {"sha256": SHA256, "md5": MD5, "sha1": SHA1}
    assert format_digest(digests) == FIELD
    assert read_digest(format_digest(digests), "Repr-Digest") == {"sha256": SHA256}
    assert format_oc_checksums(digests) == f"SHA1:{SHA1} MD5:{MD5} SHA256:{SHA256}"


@settings(deadline=None)
@given(st.one_of(st.text(), st.text(alphabet="sha-25612=:AAAA:,; \tmd5")))
def test_any_checksum_header_is_digests_or_a_drive_error(value: str) -> None:
    wanted_digest(value)
    for environ in ({"HTTP_OC_CHECKSUM": value}, {"HTTP_REPR_DIGEST": value}):
        with contextlib.suppress(DriveError):
            read_declared_digests(environ)


@pytest.mark.parametrize("piece", ["a", "=", ":", "a=:A:", ";", " ", "a=1 ", "a=:A:;"])
def test_the_longest_digest_field_takes_no_time(piece: str) -> None:
    began = time.perf_counter()
    wanted_digest(piece * (MAX_FIELD_CHARACTERS // len(piece)))
    wanted_digest("a=" + piece * (MAX_FIELD_CHARACTERS // len(piece)))
    assert time.perf_counter() - began < 1
