"""`davdrive serve`: the drive, with nothing configured or with everything."""

import click

from davdrive.cli.first_start import welcome
from davdrive.cli.main import Settings, common
from davdrive.cli.wiring import make_app, make_backend, server_limits
from davdrive.cli.wiring.observing import (
    StoreWatch,
    begin_traces,
    install_metrics,
    on_gauges,
    request_watch,
    start_logging,
)
from davdrive.cli.wiring.upkeep import make_background
from davdrive.errors import Unavailable
from davdrive.server.run import listening_socket, serve
from davdrive.server.tls import Tls, TlsFiles
from davdrive.server.worker import Site


@click.command("serve")
@click.option("--listen", metavar="HOST:PORT", help="Where to listen; 127.0.0.1:8080 without it.")
@click.option("--workers", type=int, metavar="N", help="Serving processes; one for each core without it.")
@common
def command(settings: Settings) -> None:
    """Serve the drives. The first start makes the data directory and a first user."""
    start_logging(settings)
    welcome(settings)
    install_metrics(settings)
    try:
        sock = listening_socket((settings.listen.host, settings.listen.port))
    except OSError as error:
        raise Unavailable(f"cannot listen on {settings.listen}: {error.strerror}") from error
    raise SystemExit(serve(sock, lambda: make_site(settings), settings.workers if settings.workers > 1 else 0))


def make_site(settings: Settings) -> Site:
    """All that one serving process works with."""
    watch = request_watch(settings)
    backend = make_backend(settings, StoreWatch(settings))
    end_traces = begin_traces(settings)
    background = make_background(settings, backend)

    def close() -> None:
        if background is not None:
            background.stop()
        backend.contents.close()
        backend.database.close()
        end_traces()

    if background is not None:
        background.start()
    app = watch.wrap(make_app(settings, backend))
    return Site(
        app, server_limits(settings), _tls(settings), on_request=watch.on_request, on_gauges=on_gauges, close=close
    )


def _tls(settings: Settings) -> Tls | None:
    server = settings.server
    if server.tls_certificate is None or server.tls_key is None:
        return None
    return Tls(TlsFiles(server.tls_certificate, server.tls_key))
