"""Hundreds of clients that stall in every phase leave an ordinary client nearly as fast as before."""

import contextlib
import socket
import statistics
import time
from collections.abc import Iterator

import pytest
from http_rig import RigApp, connect, serving

from davdrive.server.http import DriveServer
from davdrive.server.limits import ServerLimits
from tests.support.eventually import until

STALLED = 300
SLACK_S, ROUNDS = 0.002, 4
"""What the median may grow beside twice the unloaded one, and how often to look: the machine has other things to do."""

PHASES = {
    "silent": b"",
    "in the head": b"GET / HTTP/1.1\r\nHost: x\r\nX-A: b",
    "in the body": b"PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nx",
    "in a chunk": b"PUT /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\nx",
    "in the answer": b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n",
    "before the 100": b"PUT /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n",
}


def median_s(server: DriveServer) -> float:
    """The median time of a request on a kept connection, and on fresh ones."""
    times = []
    with connect(server) as kept:
        for _ in range(40):
            times.append(ask(kept))
            with connect(server) as fresh:
                times.append(ask(fresh))
    return statistics.median(times)


def ask(sock: socket.socket) -> float:
    started = time.monotonic()
    sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert sock.recv(4096).endswith(b"hello\n")
    return time.monotonic() - started


@contextlib.contextmanager
def stalled(server: DriveServer, data: bytes, count: int) -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(connect(server)) for _ in range(count)]
        for sock in sockets:
            sock.sendall(data)
        yield sockets


def slowed_down(phase: str) -> bool:
    """Did stalled clients, or such that send a byte now and then, more than double the time of another's request?"""
    with serving(RigApp(), ServerLimits(threads=8)) as server:
        unloaded = median_s(server)
        with stalled(server, PHASES[phase], STALLED) as sockets:
            time.sleep(0.5)
            loaded = median_s(server)
            for sock in sockets:
                with contextlib.suppress(OSError):
                    sock.sendall(b"x")
            dripped = median_s(server)
    return max(loaded, dripped) >= 2 * unloaded + SLACK_S


@pytest.mark.parametrize("phase", PHASES)
def test_stalled_clients_take_nothing_from_the_others(phase: str) -> None:
    """What they would take they would take every time; what another program of this machine takes it does not."""
    assert not all(slowed_down(phase) for _ in range(ROUNDS))


def test_when_all_threads_wait_the_slowest_client_gives_way() -> None:
    app = RigApp()
    limits = ServerLimits(threads=2, waiting_threads=4, give_way_after_s=0.2)
    with serving(app, limits) as server, stalled(server, PHASES["in the body"], 12):
        with connect(server) as sock:
            assert ask(sock) < 5.0  # and not as long as a body may take
        until(lambda: server.gauges().waiting_threads == 4 and app.calls == 13)
        until(lambda: server.gauges().threads <= 6)


def test_when_all_threads_wait_a_client_with_a_fair_line_does_not_give_way() -> None:
    app = RigApp()
    limits = ServerLimits(threads=2, waiting_threads=1, give_way_after_s=0.2, give_way_rate=1000)
    with serving(app, limits) as server, connect(server) as fair, stalled(server, PHASES["in the body"], 3) as others:
        fair.sendall(b"PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 30000\r\n\r\n")
        for _ in range(30):
            fair.sendall(bytes(1000))
            time.sleep(0.04)
        assert fair.recv(4096).startswith(b"HTTP/1.1 200 ")
        assert any(was_cut(sock) for sock in others)


def was_cut(sock: socket.socket) -> bool:
    """Has the server ended this connection?"""
    sock.settimeout(0.5)
    try:
        return not sock.recv(4096)
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False


def test_threads_that_waited_end_when_they_are_no_longer_needed() -> None:
    with serving(RigApp(), ServerLimits(threads=2, waiting_threads=20)) as server:
        with stalled(server, PHASES["in the body"], 15):
            until(lambda: server.gauges().waiting_threads == 15)
        until(lambda: server.gauges().threads == 2)

