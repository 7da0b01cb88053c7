"""A whole server as a program of its own: `python site_program.py PORT WORKERS [DIR]`, for tests that send it signals.

With a DIR, the file `mode` in it is read at each making of a site: its text comes back as the body of /mode, and the
text `broken` makes the site fail.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from davdrive.server.limits import ServerLimits
from davdrive.server.run import listening_socket, serve
from davdrive.server.supervisor import SupervisorLimits
from davdrive.server.worker import Site

BLOCK = os.urandom(65536)


def slowly() -> Iterator[bytes]:
    """The first half at once, so that its reader knows that it is under way."""
    yield b"o"
    time.sleep(1.0)
    yield b"k"


def make_site(folder: Path | None) -> Site:
    """The application: /pid, /mode, /slow, /read (takes the body), /refuse (does not), /big."""
    mode = (folder / "mode").read_text() if folder else "plain"
    if mode == "broken":
        raise ValueError("this site is broken on purpose")

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        path = environ["PATH_INFO"]
        if path == "/refuse":
            start_response("401 Unauthorized", [("WWW-Authenticate", "Basic")])
            return [b"no\n"]
        if path == "/big":
            start_response("200 OK", [("Content-Length", str(65536 * 512))])
            return (BLOCK for _ in range(512))
        if path == "/read":
            buffer = bytearray(65536)
            while environ["wsgi.input"].readinto(buffer):
                pass
        start_response("200 OK", [("Content-Type", "text/plain")])
        if path == "/slow":
            return slowly()
        return [{"/mode": mode, "/pid": str(os.getpid())}.get(path, "ok").encode()]

    return Site(app, ServerLimits(drain_s=5.0, drain_idle_s=1.0, head_s=5.0, rate_window_s=5.0))


def main() -> int:
    """Serve until a signal ends it."""
    folder = Path(sys.argv[3]) if len(sys.argv) > 3 else None
    limits = SupervisorLimits(drain_s=10.0, ready_s=10.0)
    sock = listening_socket(("127.0.0.1", int(sys.argv[1])))
    print(sock.getsockname()[1], flush=True)
    return serve(sock, lambda: make_site(folder), int(sys.argv[2]), limits)


if __name__ == "__main__":
    sys.exit(main())
