"""What the selector thread looks at between its events: time limits, clients that went away, and the drain."""

import select

from davdrive.server.connection import DriveConnection, State
from davdrive.server.loop_ports import WatchedLoop, WatchServer

GONE = getattr(select, "POLLRDHUP", 0)
"""The client closed its side. POLLHUP and POLLERR are always reported."""
LOOK_AFTER_S = 1.0
"""A request is looked at from this age on; shorter ones end before it matters that their client left."""
CUT_AFTER_S = 2.0
"""After the deadlines were called off at the end of a drain: how long until connections are cut."""
LEAVE_AFTER_S = 2.0
"""After the cut: how long until a request that heeds nothing is left behind."""


class Watch:
    """Judges every connection's time, once a tick."""

    def __init__(self, server: WatchServer, loop: WatchedLoop) -> None:
        self._server = server
        self._loop = loop
        self._limits = server.limits
        self._drain_began: float | None = None

    def look(self, now: float) -> bool:
        """One look at time `now` (monotonic seconds); False when a drain has come to its end."""
        busy = []
        for connection in list(self._loop.connections):
            if connection.state is State.BUSY:
                if now - connection.since > LOOK_AFTER_S:
                    busy.append(connection)
            else:
                self._expire(connection, now)
        self._notice_gone(busy)
        self._server.requests.relieve()
        self._server.on_tick()
        return not self._server.draining or self._drain(now)

    def _expire(self, connection: DriveConnection, now: float) -> None:
        age, state = now - connection.since, connection.state
        if state is State.HEAD and age > self._limits.head_s:
            self._loop.expire_head(connection)
        elif age > self._most_s(state):
            self._loop.end_idle(connection)

    def _most_s(self, state: State) -> float:
        """How long a connection may be in a state."""
        limits = self._limits
        return {State.IDLE: limits.idle_s, State.LINGER: limits.linger_s}.get(state, limits.head_s)

    def _notice_gone(self, busy: list[DriveConnection]) -> None:
        """Cancel the deadlines of requests whose client has closed or lost its connection."""
        waiting = {connection.fd: connection for connection in busy if connection.deadline is not None}
        if not waiting:
            return
        poll = select.poll()
        for fd in waiting:
            poll.register(fd, GONE)
        for fd, _ in poll.poll(0):
            deadline = waiting[fd].deadline
            if deadline is not None:
                deadline.cancel("the client went away")

    def _drain(self, now: float) -> bool:
        """Go on with a drain; False when nothing is left to wait for."""
        if self._drain_began is None:
            self._drain_began = now
            self._loop.stop_listening()
        age = now - self._drain_began
        for connection in list(self._loop.connections):
            if connection.state is not State.BUSY:
                self._drain_idle(connection, now, age)
            elif age > self._server.drain_s:
                self._call_off(connection, age)
        return bool(self._loop.connections) and age < self._server.drain_s + CUT_AFTER_S + LEAVE_AFTER_S

    def _drain_idle(self, connection: DriveConnection, now: float, age: float) -> None:
        quiet = min(self._limits.drain_idle_s, self._server.drain_s)
        rested = connection.state is State.IDLE and now - connection.since >= quiet
        if rested:
            self._loop.end_idle(connection)
        elif age > self._server.drain_s:
            self._loop.drop(connection)

    def _call_off(self, connection: DriveConnection, age: float) -> None:
        if connection.deadline is not None:
            connection.deadline.cancel("the server is stopping")
        if age > self._server.drain_s + CUT_AFTER_S:
            connection.channel.abort()

