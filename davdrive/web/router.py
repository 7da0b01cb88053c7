"""What is not WebDAV, by the beginning of its path."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

StartResponse = Callable[..., Any]
Wsgi = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


class Router:
    """Finds the application whose prefix the raw path of a request begins with."""

    def __init__(self, routes: Mapping[str, Wsgi]) -> None:
        self._routes = sorted(routes.items(), key=lambda route: len(route[0]), reverse=True)

    def find(self, raw: str) -> Wsgi | None:
        """The application for a raw path (without its query), or None where WebDAV answers."""
        for prefix, application in self._routes:
            if raw == prefix or raw.startswith(prefix if prefix.endswith("/") else prefix + "/"):
                return application
        return not_found if raw == "/-" or raw.startswith("/-/") else None


def not_found(_environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """404 for what is below `/-/` and not there."""
    return plain(start_response, "404 Not Found", "There is nothing here.")


def plain(
    start_response: StartResponse, status: str, text: str, headers: Iterable[tuple[str, str]] = ()
) -> Iterable[bytes]:
    """A short answer in plain text, with a line feed at its end."""
    body = f"{text}\n".encode()
    about = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
    start_response(status, [*about, ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"), *headers])
    return [body]
