"""A connection's bytes over a plain socket: reads into buffers of the caller, sends of several parts at once.

The socket blocks, with a kernel time-out of `stick_s` to read and `park_s` to send: the usual call costs one
system call and no poll. Only a peer that is slower is waited for with a poll, at a pace and under the deadline.
"""

import os
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress

from davdrive.deadline import Deadline, unlimited
from davdrive.server.limits import ServerLimits
from davdrive.server.pace import Pace

SLICE_S = 1.0
"""The longest single wait, after which the deadline is looked at again."""
JOIN_BYTES = 32 * 1024
"""Parts up to this size are copied into one buffer; larger ones go out by a vector."""
SENDFILE_BYTES = 8 * 1024 * 1024
"""One sendfile call at most, so that the deadline is looked at now and then."""
COPY_BYTES = 256 * 1024
"""The block in which files are copied to near peers; larger ones fall out of the processor's cache."""

MOMENT_S = 0.001
"""Keeps a rate finite when hardly any time has gone by."""

Part = bytes | bytearray | memoryview
Parking = Callable[["Channel"], AbstractContextManager[None]]


_of_thread = threading.local()


def _copy_buffer() -> memoryview:
    """This thread's buffer for copying files, made once."""
    if not hasattr(_of_thread, "buffer"):
        _of_thread.buffer = memoryview(bytearray(COPY_BYTES))
    buffer: memoryview = _of_thread.buffer
    return buffer


def not_parked(_: "Channel") -> AbstractContextManager[None]:
    """Waiting without telling anybody."""
    return nullcontext()


class Channel:
    """One connected socket, used by one thread at a time.

    `received` are body bytes, `sent` all bytes of the answer. `near` is True for a peer on this machine, a reverse
    proxy for one. There copying a file is half as fast again as sendfile, which hands it over in pieces of 64 KiB that
    each wake the reader; over a network sendfile saves the processor.
    """

    __slots__ = (
        "deadline", "first_wait_s", "limits", "near", "pace", "pace_in", "pace_out", "parking",
        "received", "sent", "sock",
    )  # fmt: skip

    sendfile_works = True
    """False where bytes must be changed on their way."""

    def __init__(self, sock: socket.socket, limits: ServerLimits, parking: Parking = not_parked) -> None:
        self.sock = sock
        self.limits = limits
        self.parking = parking
        self.deadline: Deadline = unlimited()
        self.received = self.sent = 0
        self.pace_in: Pace | None = None
        self.pace_out: Pace | None = None
        self.pace: Pace | None = None
        self.first_wait_s = 0.0
        self.near = False
        self._prepare()

    def _prepare(self) -> None:
        self.sock.settimeout(None)
        for option, seconds in ((socket.SO_RCVTIMEO, self.limits.stick_s), (socket.SO_SNDTIMEO, self.limits.park_s)):
            self.sock.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", int(seconds), int(seconds % 1 * 1e6)))

    def begin(self, deadline: Deadline) -> None:
        """A request begins: its deadline rules, both paces start anew, and the counts begin at zero."""
        self.deadline = deadline
        self.received = self.sent = 0
        self.pace_in = self.pace_out = None

    def recv_now(self, size: int) -> bytes | None:
        """What is there, at most `size` bytes; None if nothing is, b"" at the end. Never waits."""
        try:
            return self.sock.recv(size, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None

    def recv_soon(self, size: int) -> bytes | None:
        """Like `recv_now`, but waits up to `stick_s`."""
        try:
            return self.sock.recv(size)
        except BlockingIOError:
            return None

    def recv_into(self, view: memoryview) -> int:
        """Wait for bytes at the least rate, into `view`; 0 at the end. Raises TooSlow, Cancelled, OSError."""
        while True:
            try:
                count = self._recv_into(view)
            except BlockingIOError:
                self.pace_in = self._wait(select.POLLIN, self.pace_in)
                continue
            if self.pace_in is not None:
                self.pace_in.moved += count
            return count

    def _recv_into(self, view: memoryview) -> int:
        return self.sock.recv_into(view)

    def send_all(self, parts: Sequence[Part]) -> None:
        """Send every part, in one call where the kernel takes it. Raises TooSlow, Cancelled, OSError."""
        views = [memoryview(part) for part in self._gathered(parts)]
        while views:
            try:
                count = self._send_some(views)
            except BlockingIOError:
                self.pace_out = self._wait(select.POLLOUT, self.pace_out)
                continue
            self._count_sent(count)
            while views and count >= len(views[0]):
                count -= len(views.pop(0))
            if count:
                views[0] = views[0][count:]

    def _gathered(self, parts: Sequence[Part]) -> Sequence[Part]:
        if len(parts) > 1 and sum(map(len, parts)) <= JOIN_BYTES:
            return (b"".join(parts),)
        return parts

    def _send_some(self, views: list[memoryview]) -> int:
        if len(views) == 1:
            return self.sock.send(views[0])
        return self.sock.sendmsg(views)

    def send_file(self, fd: int, offset: int, length: int, before: bytes = b"") -> None:
        """Send `before` and then `length` bytes of an open file, one at least. Raises EOFError if the file is shorter;
        else like `send_all`."""
        if self.near:
            self._copy_file(fd, offset, offset + length, before)
            return
        if before:
            self.send_all((before,))
        self._splice_file(fd, offset, offset + length)

    def _copy_file(self, fd: int, offset: int, end: int, before: bytes) -> None:
        buffer = _copy_buffer()
        while offset < end:
            count = os.preadv(fd, [buffer[: end - offset]], offset)
            if count == 0:
                raise EOFError("the file is shorter than its range")
            self.send_all((before, buffer[:count]) if before else (buffer[:count],))
            offset, before = offset + count, b""

    def _splice_file(self, fd: int, offset: int, end: int) -> None:
        out = self.sock.fileno()
        while offset < end:
            try:
                count = os.sendfile(out, fd, offset, min(SENDFILE_BYTES, end - offset))
            except BlockingIOError:
                self.pace_out = self._wait(select.POLLOUT, self.pace_out)
                continue
            if count == 0:
                raise EOFError("the file is shorter than its range")
            self._count_sent(count)
            offset += count
            self.deadline.check()

    def _count_sent(self, count: int) -> None:
        self.sent += count
        if self.pace_out is not None:
            self.pace_out.moved += count

    def _wait(self, event: int, pace: Pace | None) -> Pace:
        """Wait until the socket is ready for `event`, the thread lent to others; the pace and the deadline rule."""
        if pace is None:
            pace = Pace(self.limits.least_rate, self.limits.rate_window_s)
        self.pace = pace
        poll = select.poll()
        poll.register(self.sock.fileno(), event)
        ready = poll.poll(self.first_wait_s * 1000)
        if not ready:
            with self.parking(self):
                while not ready:
                    self.deadline.check()
                    started = time.monotonic()
                    ready = poll.poll(min(SLICE_S, pace.patience_s()) * 1000 + 1)
                    pace.waited(time.monotonic() - started)
        self.deadline.check()
        return pace

    def rate(self, waiting_s: float) -> tuple[float, float]:
        """Bytes a second that moved while this peer was waited for, and for how long: the present wait included."""
        moved, before_s = (self.pace.moved, self.pace.waited_s) if self.pace is not None else (0, 0.0)
        waited_s = before_s + waiting_s
        return moved / (waited_s + MOMENT_S), waited_s

    def half_close(self) -> None:
        """Say that nothing more will be sent; the peer can still read what was."""
        self.sock.shutdown(socket.SHUT_WR)

    def pending(self) -> bool:
        """True if bytes are held above the socket, where no selector sees them."""
        return False

    def abort(self) -> None:
        """Wake whoever waits on this connection, from another thread."""
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
