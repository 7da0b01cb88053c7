"""Sockets that send what they are given at once.

A body that is sent after its head otherwise waits for the other side's acknowledgement: 40 ms each time.
"""

import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def prompt(sock: socket.socket) -> socket.socket:
    """The same socket; what a listening one accepts sends at once as well. Only TCP waits."""
    if sock.family in (socket.AF_INET, socket.AF_INET6):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


class PromptHandler(BaseHTTPRequestHandler):
    """Answers on kept connections, at once and in silence."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:
        return


class ProxyServer(ThreadingHTTPServer):
    """On a free port; what its clients break off is no news, and its end waits for nobody."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)

    def handle_error(self, request: object, client_address: object) -> None:
        return
