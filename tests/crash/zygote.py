"""Forks a process that acts and dies, once for every line: `python -m tests.crash.zygote`.

A line of JSON in: data directory, action or chore, the trouble and the step to have it at, the fault. One out: whether
it answered, what it said otherwise, and the steps that it took. This process opens nothing and has no thread, so
forking it is safe and takes no time.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from davdrive.metadata import transaction
from davdrive.objects.local.writer import LocalWriter
from tests.crash.chores import CHORES, PLANTED
from tests.crash.failpoints import Failpoints
from tests.crash.scene import ACTIONS, go_on, open_scene

ANSWERED, REFUSED, WENT_ON = "ANSWERED", "REFUSED ", "WENT ON"


def _act(order: dict[str, Any], pipe: int) -> None:
    write = os.write
    failpoints = Failpoints(order["at"], order["trouble"], lambda name: _send(write, pipe, name))
    failpoints.install()
    data_dir = Path(order["data_dir"])
    backend = open_scene(data_dir)
    chore = {**CHORES, **PLANTED}.get(order["action"])
    if chore is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # which is the parent's
        chore.prepare(backend, data_dir)
    failpoints.armed = True
    FAULTS[order["fault"]](failpoints, lambda: _send(write, pipe, ANSWERED))
    try:
        if chore is None:
            ACTIONS[order["action"]](backend)
        elif not order["only_prepared"]:
            chore.act(backend, data_dir)
        for finish in _late:
            finish()
        _send(write, pipe, ANSWERED)
    except Exception as error:  # what it was is for the parent to judge
        _send(write, pipe, f"{REFUSED}{type(error).__name__}")
    failpoints.step("answered")
    if order["trouble"] != "killed":
        failpoints.armed = False
        go_on(backend)
        _send(write, pipe, WENT_ON)


def _send(write: Any, pipe: int, line: str) -> None:
    write(pipe, line.encode() + b"\n")


_late: list[Any] = []


def _no_fault(failpoints: Failpoints, answer: Any) -> None:
    """The drive as it is."""


def _answers_early(failpoints: Failpoints, answer: Any) -> None:
    """P1 switched off: the answer leaves before the commit."""
    record = transaction._record

    def record_and_answer(*arguments: Any) -> None:
        record(*arguments)
        answer()

    setattr(transaction, "_record", record_and_answer)  # noqa: B010


def _names_early(failpoints: Failpoints, answer: Any) -> None:
    """P6 switched off: objects become visible after the rows that name them."""
    finish = LocalWriter.finish
    setattr(LocalWriter, "finish", lambda self: _late.append(lambda: finish(self)))  # noqa: B010


FAULTS = {"none": _no_fault, "P1": _answers_early, "P6": _names_early}


def perform(order: dict[str, Any]) -> dict[str, Any]:
    """Fork, act, and hear what the child said before it was gone."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _act(order, writing)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as said:
        lines = said.read().split("\n")[:-1]
    _, status = os.waitpid(child, 0)
    return {
        "killed": os.WIFSIGNALED(status),
        "status": status,
        "answered": ANSWERED in lines,
        "refused": next((line.removeprefix(REFUSED) for line in lines if line.startswith(REFUSED)), ""),
        "went_on": WENT_ON in lines,
        "steps": [line for line in lines if not line.startswith((ANSWERED, REFUSED, WENT_ON))],
    }


def main() -> None:
    for line in sys.stdin:
        print(json.dumps(perform(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
