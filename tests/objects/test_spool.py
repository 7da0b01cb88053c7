"""Segments that wait to be sent: in memory within a budget, in nameless files beyond it."""

import os
from pathlib import Path

import pytest

from davdrive.deadline import Deadline, unlimited
from davdrive.errors import Cancelled
from davdrive.objects.spool import MemoryBudget, Spool, SpoolReader


@pytest.mark.parametrize("budget", [0, 1, 99, 100, 101, 1000])
def test_bytes_come_back_whether_they_stayed_in_memory_or_not(budget: int) -> None:
    content = os.urandom(300)
    spool = Spool(MemoryBudget(budget))
    for at in range(0, 300, 100):
        spool.write(memoryview(content)[at : at + 100])
    for _ in range(2):
        with SpoolReader(spool, unlimited()) as reader:
            assert reader.read(7) == content[:7]
            assert reader.seek(-5, os.SEEK_CUR) == 2
            assert reader.read() == content[2:]
            assert (reader.read(1), reader.tell(), reader.seek(0, os.SEEK_END)) == (b"", 300, 300)
    spool.close()
    spool.close()


def test_memory_is_given_back_when_a_spool_moves_or_closes() -> None:
    budget = MemoryBudget(100)
    first, second = Spool(budget), Spool(budget)
    first.write(b"x" * 60)
    second.write(b"y" * 41)
    assert not budget.take(41)
    first.close()
    assert budget.take(100)
    budget.give_back(100)
    third = Spool(budget)
    third.write(b"z" * 100)
    third.write(b"z")
    assert budget.take(100)
    assert (second.read(0, 50), third.read(99, 9)) == (b"y" * 41, b"zz")
    second.close()
    third.close()


def test_no_descriptor_or_name_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = len(os.listdir("/proc/self/fd"))
    spool = Spool(MemoryBudget(0))
    spool.write(b"x" * 1000)
    assert os.listdir(tmp_path) == []
    spool.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_cancelled_request_stops_whoever_reads_its_spool() -> None:
    deadline = Deadline(None)
    spool = Spool(MemoryBudget(10))
    spool.write(b"x")
    with SpoolReader(spool, deadline) as reader:
        deadline.cancel("the client went away")
        with pytest.raises(Cancelled):
            reader.read(1)
    spool.close()
