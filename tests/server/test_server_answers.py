"""Answers: framing, one send for a small one, files by sendfile, failures that tell nothing, 100 when it is time."""

import json
import logging
import os
import socket
import threading
from pathlib import Path

import pytest
from http_rig import BIG, Closing, RigApp, connect, raw_request, read_until_quiet

from davdrive.server.channel import Channel
from davdrive.server.file_ranges import send_ranges
from davdrive.server.http import DriveServer
from davdrive.server.limits import ServerLimits

CLOSE = b"Connection: close\r\n\r\n"


def get(path: str, version: str = "1.1", method: str = "GET", more: bytes = b"") -> bytes:
    return f"{method} {path} HTTP/{version}\r\nHost: x\r\n".encode() + more + CLOSE


def test_head_and_first_block_leave_in_one_piece(rig: DriveServer) -> None:
    with connect(rig) as sock:
        sock.sendall(get("/hello"))
        first = sock.recv(65536)
    assert first.startswith(b"HTTP/1.1 200 OK\r\n")
    assert first.endswith(b"\r\n\r\nhello\n")
    assert b"Content-Length: 6\r\n" in first


def test_a_stream_without_a_length_goes_in_chunks_without_empty_ones(rig: DriveServer) -> None:
    reply = raw_request(rig, get("/stream"))
    assert b"Transfer-Encoding: chunked\r\n" in reply.raw
    assert reply.raw.partition(b"\r\n\r\n")[2] == b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"


def test_a_stream_to_http_1_0_ends_with_the_connection(rig: DriveServer) -> None:
    reply = raw_request(rig, get("/stream", "1.0"))
    assert reply.body == b"onetwo"
    assert reply.closed
    assert b"Transfer-Encoding" not in reply.raw


def test_a_large_answer_arrives_whole(rig: DriveServer) -> None:
    reply = raw_request(rig, get("/big"))
    assert len(reply.raw.partition(b"\r\n\r\n")[2]) == len(BIG) * 1024


@pytest.mark.parametrize("path", ["/hello", "/stream", "/big", "/files", "/breaks"])
def test_head_has_no_body_whatever_the_application_gives(rig: DriveServer, path: str) -> None:
    reply = raw_request(rig, get(path, method="HEAD"))
    assert reply.statuses == [200]
    assert reply.body == b""


def test_no_content_has_neither_length_nor_body(rig: DriveServer) -> None:
    reply = raw_request(rig, get("/empty"))
    assert reply.statuses == [204]
    assert b"Content-Length" not in reply.raw
    assert b"Transfer-Encoding" not in reply.raw


def test_an_answer_of_nothing_says_so(rig: DriveServer) -> None:
    assert b"Content-Length: 0\r\n" in raw_request(rig, get("/nothing")).raw


def test_an_answer_that_breaks_off_has_no_last_chunk(rig: DriveServer) -> None:
    reply = raw_request(rig, b"GET /breaks HTTP/1.1\r\nHost: x\r\n\r\n")
    assert reply.raw.endswith(b"5\r\nfirst\r\n")
    assert reply.closed


@pytest.mark.parametrize("path", ["/stream", "/breaks", "/big"])
def test_the_iterable_is_closed_however_it_ends(rig: DriveServer, path: str) -> None:
    before = Closing.closed
    raw_request(rig, get(path))
    assert Closing.closed == before + 1


def test_an_exception_is_a_bare_500_with_a_number_that_the_log_knows(
    rig: DriveServer, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "davdrive.server"):
        reply = raw_request(rig, get("/boom"))
    number = reply.raw.partition(b"X-Request-Id: ")[2].partition(b"\r\n")[0].decode()
    assert reply.statuses == [500]
    assert b"planted" not in reply.raw
    assert b"Traceback" not in reply.raw
    assert number in reply.body.decode()
    assert any(number in record.getMessage() and record.exc_info for record in caplog.records)


def test_a_header_with_a_line_break_never_reaches_the_wire(rig: DriveServer) -> None:
    assert b"X-Injected" not in raw_request(rig, get("/split")).raw


def test_file_ranges_are_sent_one_after_the_other(rig: DriveServer, rig_app: RigApp, tmp_path: Path) -> None:
    rig_app.file = tmp_path / "content"
    rig_app.file.write_bytes(b"0123456789abcdef")
    assert raw_request(rig, get("/files")).body == b"abcdef0123456789"


@pytest.mark.parametrize("near", [True, False])
def test_a_large_file_arrives_whole_by_copying_and_by_sendfile(tmp_path: Path, near: bool) -> None:
    content = os.urandom(3_000_001)
    (tmp_path / "content").write_bytes(content)
    ours, peer = socket.socketpair()
    channel = Channel(ours, ServerLimits())
    channel.near = near
    got = bytearray()
    reader = threading.Thread(target=lambda: got.extend(iter_bytes(peer)))
    reader.start()
    with ours, peer:
        file = tmp_path / "content"
        send_ranges(channel, [(file, 1, 1_000_000), (file, 1_000_001, 2_000_000)], bytes)
        channel.half_close()
        reader.join()
    assert bytes(got) == content[1:]


def iter_bytes(sock: socket.socket) -> bytes:
    with sock.makefile("rb") as file:
        return file.read()


def test_a_file_that_is_gone_is_a_500_and_one_that_is_cut_breaks_off(
    rig: DriveServer, rig_app: RigApp, tmp_path: Path
) -> None:
    rig_app.file = tmp_path / "content"
    assert raw_request(rig, get("/files")).statuses == [500]
    rig_app.file.write_bytes(b"0123456789ab")
    reply = raw_request(rig, get("/files"))
    assert reply.body == b"ab"
    assert reply.closed


def test_100_continue_comes_when_the_application_wants_the_body(rig: DriveServer) -> None:
    with connect(rig) as sock:
        sock.sendall(b"PUT /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        assert sock.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(b"hello")
        raw, closed = read_until_quiet(sock)
    assert raw.startswith(b"HTTP/1.1 200 OK\r\n")
    assert not closed


def test_a_client_that_does_not_wait_for_100_gets_none(rig: DriveServer) -> None:
    data = b"PUT /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello"
    assert raw_request(rig, data).statuses == [200]


def environ_of(rig: DriveServer, target: bytes) -> dict[str, str]:
    with connect(rig) as sock:
        sock.sendall(b"GET " + target + b" HTTP/1.1\r\nHost: sent:1\r\n\r\n")
        raw, _ = read_until_quiet(sock)
    environ: dict[str, str] = json.loads(raw.partition(b"\r\n\r\n")[2])
    return environ


def test_the_raw_target_survives_beside_the_decoded_path(rig: DriveServer) -> None:
    environ = environ_of(rig, b"/environ/a%20b%2fc%zz%00?q=%41")
    assert environ["REQUEST_URI"] == "/environ/a%20b%2fc%zz%00?q=%41"
    assert environ["PATH_INFO"] == "/environ/a b%2Fc%zz\0"
    assert environ["QUERY_STRING"] == "q=%41"
    assert environ["HTTP_HOST"] == "sent:1"


def test_an_absolute_target_gives_its_host_and_its_path(rig: DriveServer) -> None:
    environ = environ_of(rig, b"http://asked.example:8/environ/x?y")
    assert environ["REQUEST_URI"] == "/environ/x?y"
    assert environ["PATH_INFO"] == "/environ/x"
    assert environ["HTTP_HOST"] == "asked.example:8"


def test_the_request_id_is_the_same_within_and_without(rig: DriveServer) -> None:
    with connect(rig) as sock:
        sock.sendall(get("/environ"))
        raw, _ = read_until_quiet(sock)
    head, _, body = raw.partition(b"\r\n\r\n")
    assert json.loads(body)["davdrive.request_id"].encode() in head


def test_a_client_on_a_unix_socket_is_served(tmp_path: Path) -> None:
    server = DriveServer(f"unix:{tmp_path}/s", RigApp(), ServerLimits(trusted_peers=("unix",)))
    server.prepare()
    thread = threading.Thread(target=server.serve)
    thread.start()
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(f"{tmp_path}/s")
        sock.sendall(get("/hello", more=b"X-Request-ID: the-proxys\r\n"))
        raw, _ = read_until_quiet(sock)
    server.stop(drain_s=0)
    thread.join()
    assert b"X-Request-Id: the-proxys\r\n" in raw
    assert raw.endswith(b"hello\n")
