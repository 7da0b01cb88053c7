"""One thread of a process computes at a time; the others wait their turn without fighting over the interpreter.

CPython runs one thread's bytecode at a time, and every call into SQLite or a socket gives the interpreter away for
some microseconds. With eight busy threads each such call ends in a wait for the others: a GET that costs 250 µs alone
then costs 550 µs of CPU. So a request holds the baton while it computes, and rests it around whatever really waits: a
commit, a body, a store, a password hash. Threads that never took it (commands, upkeep) are not concerned.
"""

import threading
from types import TracebackType

_baton = threading.Lock()
_mine = threading.local()


class Turn:
    """Hold the baton inside a `with` block. Not reentrant."""

    __slots__ = ()

    def __enter__(self) -> None:
        _baton.acquire()
        _mine.held = True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _mine.held = False
        _baton.release()


TURN = Turn()


class resting:
    """Let others compute while this thread waits for something, inside a `with` block."""

    __slots__ = ("_held",)

    def __enter__(self) -> None:
        self._held = getattr(_mine, "held", False)
        if self._held:
            _mine.held = False
            _baton.release()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._held:
            _baton.acquire()
            _mine.held = True
