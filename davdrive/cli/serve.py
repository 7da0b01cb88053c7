"""`davdrive serve`: the drive, with nothing configured or with everything."""

import click

from davdrive.cli.first_start import welcome
from davdrive.cli.main import Settings, common
from davdrive.cli.wiring import make_app, make_backend, server_limits
from davdrive.cli.wiring.observing import StoreWatch, begin_traces, install_metrics, request_watch, start_logging, tick
from davdrive.cli.wiring.server import make_tls, supervisor_limits
from davdrive.cli.wiring.upkeep import make_background
from davdrive.errors import Unavailable
from davdrive.observe.logs import get_logger
from davdrive.server.run import listening_socket, serve
from davdrive.server.worker import Site
from davdrive.settings import SettingsError

LOG = get_logger("davdrive.serve")


@click.command("serve")
@click.option("--listen", metavar="HOST:PORT", help="Where to listen; 127.0.0.1:8080 without it.")
@click.option("--workers", type=int, metavar="N", help="Serving processes; one for each core without it.")
@common
def command(settings: Settings) -> None:
    """Serve the drives. The first start makes the data directory and a first user."""
    start_logging(settings)
    welcome(settings)
    install_metrics(settings)
    where = settings.listen
    try:
        sock = listening_socket(str(where) if where.path else (where.host, where.port))
    except OSError as error:
        raise Unavailable(f"cannot listen on {settings.listen}: {error.strerror}") from error
    workers = settings.workers if settings.workers > 1 else 0
    announce(settings)
    raise SystemExit(serve(sock, lambda: make_site(latest(settings)), workers, supervisor_limits(settings)))


def announce(settings: Settings) -> None:
    """Say where the drives are; Ctrl-C is how a person ends it."""
    scheme = "https" if settings.server.tls_certificate else "http"
    where = f"unix:{settings.listen.path}" if settings.listen.path else f"{scheme}://{settings.listen}/"
    many = "1 worker" if settings.workers == 1 else f"{settings.workers} workers"
    click.echo(f"davdrive serves {where} with {many}; Ctrl-C ends it")


def latest(settings: Settings) -> Settings:
    """The settings as their sources are now, for workers that begin after a reload; as they were if broken."""
    try:
        return settings.read_again()
    except SettingsError as error:
        LOG.error("the settings cannot be used; those of the start stay", problems=str(error))
        return settings


def make_site(settings: Settings) -> Site:
    """All that one serving process works with."""
    watch = request_watch(settings)
    backend = make_backend(settings, StoreWatch(settings))
    end_traces = begin_traces(settings)
    background = make_background(settings, backend)

    def close() -> None:
        if background is not None:
            background.stop()
        backend.close()
        end_traces()

    if background is not None:
        background.start()
    app = watch.wrap(make_app(settings, backend))
    limits, tls = server_limits(settings), make_tls(settings)
    return Site(app, limits, tls, on_request=watch.on_request, on_gauges=tick(settings), close=close)
