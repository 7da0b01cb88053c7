"""Each limit at work, and each deadline that ends a request early."""

import socket
import time

import pytest
from http_rig import RigApp, connect, raw_request, read_until_quiet, serving

from davdrive.server.addresses import address_key
from davdrive.server.http import DriveServer
from davdrive.server.limits import ServerLimits
from tests.support.eventually import until

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
HELD = b"GET /held HTTP/1.1\r\nHost: x\r\n\r\n"


def drip(sock: socket.socket, data: bytes, pause_s: float, times: int) -> None:
    """Send `data` again and again, until the server has had enough."""
    for _ in range(times):
        try:
            sock.sendall(data)
        except OSError:
            return
        time.sleep(pause_s)


def test_a_head_that_drips_is_408_and_a_silent_connection_just_ends() -> None:
    with serving(RigApp(), ServerLimits(head_s=0.3)) as server, connect(server) as dripping, connect(server) as silent:
        dripping.sendall(b"GET / HTTP/1.1\r\n")
        drip(dripping, b"X", 0.1, 6)
        assert b" 408 " in read_until_quiet(dripping)[0]
        assert read_until_quiet(silent) == (b"", True)


def test_an_idle_connection_is_closed_after_its_time_and_not_before() -> None:
    with serving(RigApp(), ServerLimits(idle_s=0.6)) as server, connect(server) as sock:
        for _ in range(3):
            sock.sendall(GET)
            time.sleep(0.3)
        raw, closed = read_until_quiet(sock, quiet_s=2)
        assert raw.count(b"200 OK") == 3
        assert closed


def test_a_body_below_the_least_rate_is_given_up() -> None:
    app = RigApp()
    with serving(app, ServerLimits(least_rate=1000, rate_window_s=0.4)) as server, connect(server) as sock:
        sock.sendall(b"PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n")
        drip(sock, b"x", 0.05, 12)
        raw, closed = read_until_quiet(sock)
    assert b" 400 " in raw
    assert closed
    assert "1000 bytes a second" in app.mismatches[0]


def test_a_body_above_the_least_rate_may_take_its_time() -> None:
    with serving(RigApp(), ServerLimits(least_rate=1000, rate_window_s=0.2)) as server, connect(server) as sock:
        sock.sendall(b"PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n")
        drip(sock, b"x" * 500, 0.08, 10)
        assert b" 200 " in read_until_quiet(sock)[0]


def test_a_slow_body_that_the_application_does_not_handle_is_408() -> None:
    with serving(RigApp(), ServerLimits(least_rate=1000, rate_window_s=0.2)) as server:
        reply = raw_request(server, b"PUT /leak HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc")
    assert reply.statuses == [408]


def test_a_client_that_does_not_read_its_answer_is_cut() -> None:
    limits = ServerLimits(least_rate=1000, rate_window_s=0.3)
    with serving(RigApp(), limits) as server, connect(server) as sock:
        sock.sendall(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
        until(lambda: server.connection_count() == 1)
        until(lambda: server.connection_count() == 0)


def test_connections_over_the_limit_are_503() -> None:
    with serving(RigApp(), ServerLimits(connections=2)) as server, connect(server), connect(server):
        until(lambda: server.connection_count() == 2)
        reply = raw_request(server, GET)
    assert reply.statuses == [503]
    assert b"Retry-After: " in reply.raw


def test_connections_of_one_address_are_limited_and_others_are_not() -> None:
    with serving(RigApp(), ServerLimits(connections_per_address=1)) as server, connect(server):
        until(lambda: server.connection_count() == 1)
        assert raw_request(server, GET).statuses == [503]
        with socket.create_connection(server.listening_at, 10, source_address=("127.0.0.2", 0)) as other:
            other.sendall(GET)
            assert b"200 OK" in read_until_quiet(other)[0]


def test_trusted_proxies_may_have_more_connections_than_one_address() -> None:
    limits = ServerLimits(connections_per_address=1, trusted_peers=("127.0.0.0/8", "fd00::/8"))
    with serving(RigApp(), limits) as server, connect(server):
        until(lambda: server.connection_count() == 1)
        assert raw_request(server, GET).statuses == [200]


@pytest.mark.parametrize(
    ("peers", "said", "taken"),
    [
        (("127.0.0.0/8",), "0af5-9c.x", True),
        (("127.0.0.0/8",), "a b", False),
        (("127.0.0.0/8",), "x" * 65, False),
        (("10.0.0.0/8", "unix"), "0af5-9c.x", False),
        ((), "0af5-9c.x", False),
    ],
)
def test_the_id_of_a_request_is_the_proxys_if_it_is_a_plain_one(peers: tuple[str, ...], said: str, taken: bool) -> None:
    with serving(RigApp(), ServerLimits(trusted_peers=peers)) as server:
        answer = raw_request(server, GET.replace(b"\r\n\r\n", f"\r\nX-Request-ID: {said}\r\n\r\n".encode())).raw
    assert (f"X-Request-Id: {said}\r\n".encode() in answer) is taken
    assert answer.count(b"X-Request-Id: ") == 1


def test_an_idle_connection_gives_way_to_a_new_one() -> None:
    with serving(RigApp(), ServerLimits(connections=1)) as server, connect(server) as idle:
        idle.sendall(GET)
        assert idle.recv(4096)
        until(lambda: raw_request(server, GET).statuses == [200])  # it is idle a moment after its answer
        assert idle.recv(4096) == b""


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_an_address_counts_as_itself_or_as_its_64_network(address: str, key: str) -> None:
    assert address_key(address) == key


def test_a_second_head_on_a_kept_connection_has_the_same_limit() -> None:
    with serving(RigApp(), ServerLimits(header_bytes=1000)) as server:
        long = b"GET / HTTP/1.1\r\nHost: x\r\nX-A: " + b"a" * 1000 + b"\r\n\r\n"
        assert raw_request(server, GET + long).statuses == [200, 431]


def test_a_request_that_heeds_nothing_cannot_stop_the_end() -> None:
    app = RigApp()
    with serving(app) as server, connect(server) as sock:
        sock.sendall(HELD)
        until(lambda: server.gauges().busy_threads == 1)
        server.begin_drain(0.0)
        until(lambda: not server.ready, 15)
        app.over.set()


def test_a_full_queue_is_503_at_once_with_retry_after() -> None:
    limits = ServerLimits(threads=1, waiting_threads=0, queue_length=1)
    app = RigApp()
    with serving(app, limits) as server, connect(server) as busy, connect(server) as queued:
        busy.sendall(HELD)
        until(lambda: server.gauges().busy_threads == 1 and server.gauges().queue == 0)
        queued.sendall(GET)
        until(lambda: server.gauges().queue == 1)
        reply = raw_request(server, GET)
        assert reply.statuses == [503]
        assert b"Retry-After: 2\r\n" in reply.raw
        app.over.set()
        assert b"200 OK" in read_until_quiet(queued, 1)[0]


def test_a_chunked_body_over_the_limit_is_413() -> None:
    data = b"PUT /leak HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    with serving(RigApp(), ServerLimits(body_bytes=10)) as server:
        assert raw_request(server, data + b"a\r\n0123456789\r\n0\r\n\r\n").statuses == [200]
        assert raw_request(server, data + b"b\r\n0123456789a\r\n0\r\n\r\n").statuses == [413]


def test_a_body_at_the_limit_passes_and_one_byte_more_is_413() -> None:
    with serving(RigApp(), ServerLimits(body_bytes=5)) as server:
        put = b"PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: "
        assert raw_request(server, put + b"5\r\n\r\nhello").statuses == [200]
        assert raw_request(server, put + b"6\r\n\r\nhello!").statuses == [413]


def test_reading_a_whole_body_at_once_is_bounded() -> None:
    with serving(RigApp(), ServerLimits(whole_body_bytes=4)) as server:
        reply = raw_request(server, b"PUT /leak HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")
    assert reply.statuses == [413]


@pytest.mark.parametrize(("extra", "status"), [(0, 200), (1, 414)])
def test_the_request_line_at_its_limit_and_one_past_it(extra: int, status: int) -> None:
    line = b"GET /" + b"a" * (100 - len(b"GET / HTTP/1.1\r\n") + extra) + b" HTTP/1.1\r\n"
    with serving(RigApp(), ServerLimits(request_line_bytes=100)) as server:
        assert raw_request(server, line + b"Host: x\r\n\r\n").statuses == [status]


@pytest.mark.parametrize(("count", "status"), [(9, 200), (10, 431)])
def test_the_header_count_at_its_limit_and_one_past_it(count: int, status: int) -> None:
    data = b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-A: b\r\n" * count + b"\r\n"
    with serving(RigApp(), ServerLimits(header_count=10)) as server:
        assert raw_request(server, data).statuses == [status]


def test_a_request_whose_client_left_is_cancelled() -> None:
    app = RigApp()
    with serving(app) as server:
        with connect(server) as sock:
            sock.sendall(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
            until(lambda: app.calls == 1)
        until(lambda: app.ended == ["the client went away"])


def test_a_request_that_outlasts_a_drain_is_cancelled() -> None:
    app = RigApp()
    with serving(app) as server, connect(server) as sock:
        sock.sendall(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
        until(lambda: app.calls == 1)
        server.stop(drain_s=0.2)
        assert b" 503 " in read_until_quiet(sock)[0]
    assert app.ended == ["the server is stopping"]


def test_a_drain_answers_what_comes_on_open_connections_and_closes_them() -> None:
    with serving(RigApp()) as server, connect(server) as sock:
        sock.sendall(GET)
        until(lambda: server.connection_count() == 1)
        sock.recv(4096)
        server.begin_drain(5.0)
        time.sleep(0.3)
        sock.sendall(GET)
        raw, closed = read_until_quiet(sock)
        assert b"200 OK" in raw
        assert b"Connection: close\r\n" in raw
        assert closed


def test_every_request_is_reported_with_its_status_and_bytes() -> None:
    seen: list[tuple[str, int, float, int, int]] = []

    def on_request(method: str, status: int, seconds: float, bytes_in: int, bytes_out: int) -> None:
        seen.append((method, status, seconds, bytes_in, bytes_out))

    began = time.monotonic()
    with serving(RigApp(), on_request=on_request) as server:
        raw_request(server, b"PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")
        raw_request(server, b"GET / HTTP/1.1\r\n\r\n")
    assert [(method, status) for method, status, *_ in seen] == [("PUT", 200), ("GET", 400)]
    assert seen[0][3] == 5
    assert seen[0][4] > 70
    assert 0 < seen[0][2] < time.monotonic() - began


def test_a_server_can_be_stopped_and_its_port_used_again() -> None:
    with serving(RigApp()) as server:
        address = server.listening_at
    again = DriveServer(address, RigApp())
    again.prepare()
    again.begin_drain(0)
    again.serve()
