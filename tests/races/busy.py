"""A process whose threads write all the time: `python -m tests.races.busy URL OBJECTS NAME THREADS SECONDS`.

It says `ready`, begins when a line comes in, and tells for each thread how many writes it did, the longest in seconds,
and whether one was refused.
"""

import json
import sys
import threading
import time
from pathlib import Path

from davdrive.errors import Unavailable
from tests.model.shapes import Demand
from tests.races.ops import RaceOps
from tests.races.site import Site


def main() -> None:
    url, objects, name, threads, seconds = sys.argv[1:]
    site = Site(url, Path(objects))
    print(json.dumps("ready"), flush=True)
    sys.stdin.readline()
    ends, told = time.monotonic() + float(seconds), list[tuple[int, float, int]]()

    def write(number: int) -> None:
        ops, count, longest, refused = RaceOps(site), 0, 0.0, 0
        while (began := time.monotonic()) < ends:
            try:
                ops.put("bob", ("d", (f"{name}{number}",)), b"x", Demand())
                count += 1
            except Unavailable:
                refused += 1
            longest = max(longest, time.monotonic() - began)
        told.append((count, longest, refused))

    writing = [threading.Thread(target=write, args=(number,)) for number in range(int(threads))]
    for each in writing:
        each.start()
    for each in writing:
        each.join()
    print(json.dumps(told), flush=True)
    site.close()


if __name__ == "__main__":
    main()
