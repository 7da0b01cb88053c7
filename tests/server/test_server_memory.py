"""Memory stays flat: for a large body that nobody reads, for one that is read, and for idle connections."""

import contextlib
import socket

from site_rig import RunningSite, running_site

MIB = 1024 * 1024


def put(site: RunningSite, path: str, size: int) -> bytes:
    """Send a body of `size` zero bytes until the server closes; returns its answer."""
    block = bytes(MIB)
    with socket.create_connection(("127.0.0.1", site.port), 20) as sock:
        sock.sendall(f"PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n".encode())
        with contextlib.suppress(ConnectionError):
            for _ in range(size // MIB):
                sock.sendall(block)
        return sock.recv(65536)


def test_an_unauthorised_put_of_400_mib_is_answered_and_costs_no_memory() -> None:
    with running_site(1) as site:
        before = site.resident_bytes()
        answer = put(site, "/refuse", 400 * MIB)
        assert answer.startswith(b"HTTP/1.1 401 ")
        assert b"Connection: close\r\n" in answer
        assert site.resident_bytes() - before < 4 * MIB


def test_a_large_body_that_is_read_costs_no_memory_either() -> None:
    with running_site(1) as site:
        before = site.resident_bytes()
        assert put(site, "/read", 200 * MIB).startswith(b"HTTP/1.1 200 ")
        assert site.resident_bytes() - before < 4 * MIB


def test_a_thousand_idle_connections_cost_little() -> None:
    with running_site(1) as site, contextlib.ExitStack() as stack:
        before = site.resident_bytes()
        for _ in range(1000):
            sock = stack.enter_context(socket.create_connection(("127.0.0.1", site.port), 10))
            sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert sock.recv(4096).startswith(b"HTTP/1.1 200 ")
        assert site.resident_bytes() - before < 16 * MIB
        assert site.ask("/") == "ok"
