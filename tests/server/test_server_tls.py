"""TLS: handshakes that stall nobody, old versions refused, renewed certificates, bodies and answers through it."""

import contextlib
import hashlib
import shutil
import socket
import ssl
import statistics
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from http_rig import BIG, RigApp, connect, raw_request, read_until_quiet, serving

from davdrive.server.http import DriveServer
from davdrive.server.limits import ServerLimits
from davdrive.server.tls import Tls, TlsFiles

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl (Debian package openssl)")


def make_certificate(folder: Path, name: str) -> TlsFiles:
    """A self-signed certificate for `name`."""
    files = TlsFiles(folder / "cert.pem", folder / "key.pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-days", "2", "-subj", f"/CN={name}", "-keyout", files.private_key, "-out", files.certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    return files


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    return Tls(make_certificate(tmp_path_factory.mktemp("tls"), "first.example"))


@pytest.fixture(scope="module")
def secure(tls: Tls) -> Iterator[DriveServer]:
    with serving(RigApp(), ServerLimits(head_s=1.0), tls=tls) as server:
        yield server


@contextlib.contextmanager
def secured(server: DriveServer, most: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> Iterator[ssl.SSLSocket]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = most
    with connect(server) as sock, context.wrap_socket(sock) as tls_socket:
        yield tls_socket


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_requests_follow_one_another_on_a_tls_connection(secure: DriveServer, version: ssl.TLSVersion) -> None:
    with secured(secure, version) as sock:
        for _ in range(3):
            sock.sendall(b"GET /environ HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b'"wsgi.url_scheme": "https"' in sock.recv(65536)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_tls_1_1_is_refused(secure: DriveServer) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError)), secured(secure, ssl.TLSVersion.TLSv1_1):
        pass


def test_tls_1_2_is_refused_where_1_3_is_the_least(tmp_path: Path) -> None:
    files = replace(make_certificate(tmp_path, "first.example"), least_version="1.3")
    with serving(RigApp(), ServerLimits(head_s=1.0), tls=Tls(files)) as server:
        with pytest.raises(ssl.SSLError), secured(server, ssl.TLSVersion.TLSv1_2):
            pass
        with secured(server) as sock:
            assert sock.version() == "TLSv1.3"


def test_a_body_and_a_large_answer_pass_through_tls(secure: DriveServer) -> None:
    data = BIG * 64
    with secured(secure) as sock:
        sock.sendall(b"PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(data) + data)
        assert hashlib.sha256(data).hexdigest().encode() in sock.recv(65536)
        sock.sendall(b"GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        raw, _ = read_until_quiet(sock, 2)
    assert len(raw.partition(b"\r\n\r\n")[2]) == len(BIG) * 1024


def test_files_are_iterated_where_sendfile_cannot_be(secure: DriveServer) -> None:
    with secured(secure) as sock:
        sock.sendall(b"GET /files HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert b"iterated" in read_until_quiet(sock, 2)[0]


def test_two_requests_in_one_tls_record_are_both_answered(secure: DriveServer) -> None:
    with secured(secure) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 2)
        assert read_until_quiet(sock)[0].count(b"200 OK") == 2


def test_a_refused_upload_over_tls_can_be_read(secure: DriveServer) -> None:
    with secured(secure) as sock:
        sock.sendall(b"PUT /refuse HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n" + bytes(20000))
        raw, closed = read_until_quiet(sock, 3)
    assert raw.startswith(b"HTTP/1.1 401 ")
    assert closed


def test_plain_http_to_the_tls_port_is_told_so(secure: DriveServer) -> None:
    assert raw_request(secure, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").statuses == [400]


def test_silent_handshakes_stall_nobody_and_end(secure: DriveServer) -> None:
    def ask() -> float:
        started = time.monotonic()
        with secured(secure) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert sock.recv(4096)
        return time.monotonic() - started

    def median_s() -> float:
        return statistics.median(ask() for _ in range(15))

    before = median_s()
    with contextlib.ExitStack() as stack:
        stalled: list[socket.socket] = [stack.enter_context(connect(secure)) for _ in range(200)]
        for sock in stalled[::2]:
            sock.sendall(b"\x16\x03\x01")
        assert any(median_s() < 2 * before + 0.005 for _ in range(4)), "the machine is not busy so long"
        stalled[0].settimeout(10)
        assert stalled[0].recv(1) == b""


def test_a_renewed_certificate_is_used_for_new_connections(tmp_path: Path) -> None:
    files = make_certificate(tmp_path, "old.example")
    tls = Tls(files)

    def subject(server: DriveServer) -> bytes:
        with secured(server) as sock:
            return sock.getpeercert(binary_form=True) or b""

    with serving(RigApp(), tls=tls) as server:
        assert b"old.example" in subject(server)
        make_certificate(tmp_path, "new.example")
        tls.reload()
        assert b"new.example" in subject(server)
        files.certificate.write_text("no certificate")
        with pytest.raises(ValueError, match="cannot be used"):
            tls.reload()
        assert b"new.example" in subject(server)
