"""A page of memory that the supervisor and its workers share: who lives, who is how full.

Made before the workers are forked. Each worker writes its own row alone, so there is nothing to lock.
"""

import mmap
import struct
import time
from collections.abc import Iterator
from typing import NamedTuple

ROW = struct.Struct("=qdqq")
ROWS = 128
"""Workers at a time, old ones that still drain included."""


class Row(NamedTuple):
    """`pid` is 0 for a free row; `beat` is the monotonic time of the last sign of life; `accepting` is 0 or 1."""

    pid: int
    beat: float
    accepting: int
    connections: int


class Board:
    """All rows. `allot` and `clear` are the supervisor's, `write` a worker's own."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, ROW.size * ROWS)

    def row(self, number: int) -> Row:
        """One worker's row."""
        return Row(*ROW.unpack_from(self._memory, number * ROW.size))

    def write(self, number: int, row: Row) -> None:
        """Set a row."""
        ROW.pack_into(self._memory, number * ROW.size, *row)

    def allot(self, taken: set[int], place: int, places: int) -> int:
        """A number not in `taken` that is `place` modulo `places`, its row empty; RuntimeError if there is none."""
        for number in range(place, ROWS, places):
            if number not in taken:
                self.clear(number)
                return number
        raise RuntimeError("too many workers; wait until old ones have ended")

    def clear(self, number: int) -> None:
        """Nobody is there any more."""
        self.write(number, Row(0, 0.0, 0, 0))

    def rows(self) -> Iterator[tuple[int, Row]]:
        """The rows that are in use."""
        for number, row in enumerate(ROW.iter_unpack(self._memory)):
            if row[0]:
                yield number, Row(*row)


class Seat:
    """One worker's place on the board."""

    def __init__(self, board: Board, number: int, pid: int) -> None:
        self._board, self._number, self._pid = board, number, pid
        self._accepting = 1
        self._connections = 0

    def count(self, connections: int) -> None:
        """Publish how many connections are open, and that this worker lives."""
        self._connections = connections
        self._board.write(self._number, Row(self._pid, time.monotonic(), self._accepting, connections))

    def leave(self) -> None:
        """This worker accepts no more."""
        self._accepting = 0
        self.count(self._connections)

    def others_are_emptier(self) -> bool:
        """Should a new connection rather go to another worker?"""
        mine = self._connections
        return any(
            row.accepting and row.connections < mine for number, row in self._board.rows() if number != self._number
        )
