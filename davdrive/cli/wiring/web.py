"""From settings to what is not WebDAV."""

from collections.abc import Callable
from typing import Any

from davdrive.auth.addresses import TrustedProxies
from davdrive.auth.authenticator import client_address, is_hidden
from davdrive.cli.wiring.auth import auth_options
from davdrive.cli.wiring.tus import make_tus
from davdrive.drive.backend import Backend
from davdrive.metadata.health import answers
from davdrive.metadata.held import locks_held
from davdrive.observe.metrics import record
from davdrive.settings import Settings
from davdrive.web.health import health, ready
from davdrive.web.metrics import metrics
from davdrive.web.router import Router, Wsgi
from davdrive.web.tus.site import PREFIX


def make_router(settings: Settings, backend: Backend, authenticate: Callable[[Wsgi], Wsgi]) -> Router:
    """What is not WebDAV. `authenticate` wraps an application that needs to know who asks."""

    def check() -> None:
        # Not the object store: names, listings and small files go on without it, and if all nodes said that they were
        # not ready because of it, a balancer would have nobody left to ask.
        backend.database.read(answers)

    routes: dict[str, Wsgi] = {
        "/-/health": health,
        "/-/ready": ready(check),
        PREFIX: make_tus(settings, backend, authenticate),
    }
    if settings.metrics.enabled:
        routes["/-/metrics"] = make_metrics(settings, backend)
    return Router(routes)


def make_metrics(settings: Settings, backend: Backend) -> Wsgi:
    """The numbers of all workers, for those whom the settings name."""
    options = auth_options(settings)
    readers = TrustedProxies(settings.metrics.addresses)

    def exposition() -> bytes:
        record().locks_held(backend.database.read(locks_held))
        return record().exposition()

    def may_read(environ: dict[str, Any]) -> bool:
        return not is_hidden(environ, options) and readers.trusts(client_address(environ, options))

    return metrics(exposition, may_read, settings.metrics.token.get_secret_value())
