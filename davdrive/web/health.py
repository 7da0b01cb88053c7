"""`/-/health` and `/-/ready`, for load balancers and supervisors."""

from collections.abc import Callable, Iterable
from typing import Any

from davdrive.errors import DriveError
from davdrive.web.router import StartResponse, Wsgi, plain


def health(_environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """200 as long as the process answers at all."""
    return plain(start_response, "200 OK", "alive")


def ready(check: Callable[[], None]) -> Wsgi:
    """200 when `check` raises nothing, 503 with its sentence when a DriveError says why not."""

    def application(_environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        try:
            check()
        except DriveError as error:
            return plain(start_response, "503 Service Unavailable", f"not ready: {error}", [("Retry-After", "5")])
        return plain(start_response, "200 OK", "ready")

    return application
