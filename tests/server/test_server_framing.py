"""Raw bytes in, statuses and the connection's fate out."""

import pytest
from framing_cases import CASES, CUT
from http_rig import RigApp, raw_request

from davdrive.server.http import DriveServer


@pytest.mark.parametrize(("name", "data", "statuses", "closes"), CASES, ids=[case[0] for case in CASES])
def test_each_raw_request_has_its_status_and_leaves_the_connection_as_told(
    rig: DriveServer, name: str, data: bytes, statuses: list[int], closes: bool
) -> None:
    reply = raw_request(rig, data)
    assert reply.statuses == statuses
    assert reply.closed is closes


@pytest.mark.parametrize(("name", "data"), CUT, ids=[case[0] for case in CUT])
def test_a_cut_body_is_never_a_short_one(rig: DriveServer, rig_app: RigApp, name: str, data: bytes) -> None:
    before = len(rig_app.mismatches)
    reply = raw_request(rig, data, half_close=True)
    assert reply.statuses == [400]
    assert reply.closed
    assert len(rig_app.mismatches) == before + 1


def test_a_cut_body_that_the_application_ignores_is_400_all_the_same(rig: DriveServer) -> None:
    reply = raw_request(rig, b"PUT /leak HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc", half_close=True)
    assert reply.statuses == [400]


def test_a_refusal_carries_a_sentence_and_closes(rig: DriveServer) -> None:
    reply = raw_request(rig, b"GET / HTTP/1.1\r\n\r\n")
    assert reply.body == b"The request has no Host header.\n"
    assert b"Connection: close\r\n" in reply.raw


@pytest.mark.parametrize("sizes", [1, 7, 40])
def test_a_request_that_comes_in_small_pieces_is_the_same_request(rig: DriveServer, sizes: int) -> None:
    from http_rig import connect, read_until_quiet

    data = b"PUT /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    with connect(rig) as sock:
        for at in range(0, len(data), sizes):
            sock.sendall(data[at : at + sizes])
        raw, closed = read_until_quiet(sock)
    assert raw.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"5 2cf24dba5fb0a30e" in raw
    assert not closed
