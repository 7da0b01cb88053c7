"""A proxy that gives each connection to the next node in turn and passes its bytes on untouched, broken ones too."""

import contextlib
import itertools
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.support.prompt import prompt

BLOCK = 1 << 16


def _pump(source: socket.socket, target: socket.socket) -> None:
    """Pass on until the end, and the end too: a client may shut one direction alone."""
    try:
        while data := source.recv(BLOCK):
            target.sendall(data)
    except OSError:
        # A reset, or a peer that is gone: neither side can go on.
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        return
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _serve(client: socket.socket, node: tuple[str, int]) -> None:
    with client:
        try:
            server = prompt(socket.create_connection(node))
        except OSError:
            return
        with server:
            back = threading.Thread(target=_pump, args=(server, client), daemon=True)
            back.start()
            _pump(client, server)
            back.join()


@contextmanager
def connections_in_turn(nodes: Sequence[tuple[str, int]]) -> Iterator[tuple[str, int]]:
    """The address of a proxy in front of the nodes."""
    listener = prompt(socket.create_server(("127.0.0.1", 0), backlog=256))
    turns = itertools.cycle(nodes)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=_serve, args=(client, next(turns)), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[:2]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
