"""Changes that queue up behind one another in one process."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from davdrive.metadata.database import Database
from davdrive.metadata.transaction import Transaction
from tests.metadata.metadata_rig import change

WAIT_S = 20


def together(database: Database, works: list[Any], waiting: Callable[[], int]) -> list[Any]:
    """Run several works so that all but the first queue up behind it, in this order; their results or errors.
    `waiting`: how many stand in the queue."""
    begun, may_go_on = threading.Event(), threading.Event()

    def first(_transaction: Transaction) -> None:
        begun.set()
        assert may_go_on.wait(WAIT_S)

    with ThreadPoolExecutor(len(works) + 1) as pool:
        leading = pool.submit(change, database, first)
        assert begun.wait(WAIT_S)
        queued = []
        for number, work in enumerate(works, 1):
            queued.append(pool.submit(change, database, work))
            while waiting() < number:
                time.sleep(0.001)
        may_go_on.set()
        leading.result()
        return [each.exception(WAIT_S) or each.result() for each in queued]
