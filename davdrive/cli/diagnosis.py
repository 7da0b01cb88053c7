"""Trying each part of a configuration, and saying in a sentence what is wrong with it."""

import os
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from davdrive.cli import shown
from davdrive.cli.diagnosis_pair import examine_pair
from davdrive.cli.trying import place_of_objects
from davdrive.cli.wiring import database_options, object_options
from davdrive.errors import DriveError
from davdrive.metadata.database import Database
from davdrive.metadata.health import Health, health
from davdrive.metadata.migrate import found_revision, may_make_tables, newest_revision
from davdrive.metadata.url import is_sqlite
from davdrive.objects.open import open_objects
from davdrive.settings import Settings
from davdrive.settings.explain import mask_url

LEAST_FREE_BYTES = 1 << 30
"""Less than this is used up by one film."""

MOST_SKEW_S = 30
"""A database's clock further away than this makes the times in logs and listings differ from lock times."""

SLOW_S = 0.5
"""A round trip to a store that takes longer is felt in every request."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of trying a part."""

    part: str
    good: bool
    message: str


def examine(settings: Settings) -> Iterator[Result]:
    """Try every part, each after the other, whatever came of the one before."""
    parts: tuple[tuple[str, Callable[[Settings], Iterator[str]]], ...] = (
        ("data directory", _data_dir),
        ("metadata", _metadata),
        ("objects", _objects),
        ("pair", _pair),
        ("certificate", _certificate),
        ("address", _address),
    )
    wrong = set()
    for part, attempt in parts:
        if part == "pair" and "objects" in wrong:
            continue  # a store that says no would be asked again and again whose it is
        for result in _tried(part, attempt, settings):
            if not result.good:
                wrong.add(part)
            yield result


class _Wrong(Exception):
    """Something does not work; the message says what, and what to do."""


def _tried(part: str, attempt: Callable[[Settings], Iterator[str]], settings: Settings) -> Iterator[Result]:
    try:
        for message in attempt(settings):
            yield Result(part, True, message)
    except (_Wrong, DriveError) as error:
        yield Result(part, False, " ".join(str(error).split()))
    except OSError as error:
        where = "" if error.filename is None else f"{os.fsdecode(error.filename)}: "
        yield Result(part, False, where + (error.strerror or type(error).__name__))


def _data_dir(settings: Settings) -> Iterator[str]:
    folder = settings.data_dir
    if not _needs_data_dir(settings):
        yield "not needed: the metadata and the objects are elsewhere"
        return
    if not folder.is_dir():
        raise _Wrong(f"{folder} does not exist; davdrive serve makes it, or choose another with --data-dir")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _Wrong(f"{folder} cannot be written by this user")
    about = os.statvfs(folder)
    free = about.f_bavail * about.f_frsize
    if free < LEAST_FREE_BYTES:
        raise _Wrong(f"{folder} has only {shown.size(free)} left; make room")
    if folder.stat().st_mode & 0o007:
        raise _Wrong(f"everybody on this machine can look into {folder}; chmod o-rwx it")
    yield f"{folder}, {shown.size(free)} free"


def _needs_data_dir(settings: Settings) -> bool:
    return settings.metadata.url.startswith("sqlite") or "://" not in settings.objects.url


def _refuse_without(settings: Settings, in_data_dir: bool) -> None:
    """Do not make a data directory just by looking."""
    if in_data_dir and not settings.data_dir.is_dir():
        raise _Wrong("not tried, because there is no data directory")


def _metadata(settings: Settings) -> Iterator[str]:
    _refuse_without(settings, settings.metadata.url.startswith("sqlite"))
    options, where = database_options(settings), mask_url(settings.metadata.url)
    schema = found_revision(options)
    if not schema:
        yield from _empty(settings, where)
        return
    if schema > newest_revision():
        raise _Wrong(f"a newer davdrive made its tables ({schema}, this one knows {newest_revision()}); install that")
    if schema < newest_revision():
        yield f"its tables are those of an older davdrive ({schema}); the next davdrive serve brings them up to date"
    began = time.monotonic()
    database = Database(options)
    try:
        opened_s = time.monotonic() - began
        began = time.monotonic()
        found = database.read(health)
        took_s = time.monotonic() - began
    finally:
        database.close()
    _judge(settings, found, took_s)
    yield f"{found.version} at {where}, opened in {opened_s * 1000:.0f} ms, answers in {took_s * 1000:.1f} ms"
    yield f"{found.users} users, {found.drives} drives"
    if not found.users:
        raise _Wrong("nobody can sign in; davdrive user add NAME makes a user (the first davdrive serve makes one too)")


def _empty(settings: Settings, where: str) -> Iterator[str]:
    """A database without tables is what a first start finds."""
    if not is_sqlite(settings.metadata.url) and not may_make_tables(database_options(settings)):
        raise _Wrong("the role of metadata.url may not make tables there; make it the owner of the database")
    yield f"nothing in {where} yet; the first davdrive serve makes the tables and a user"


def _judge(settings: Settings, found: Health, took_s: float) -> None:
    if found.dangers:
        raise _Wrong("; ".join(found.dangers))
    skew_s = abs(found.now_ms / 1000 - time.time())
    if skew_s > MOST_SKEW_S:
        raise _Wrong(f"its clock and this machine's differ by {skew_s:.0f} seconds; synchronise both")
    if took_s > SLOW_S:
        raise _Wrong(f"it took {took_s:.1f} s to answer; every request needs several answers")
    wanted = settings.workers * (settings.metadata.pool_size + settings.metadata.pool_overflow)
    if found.connections is not None and wanted > found.connections:
        raise _Wrong(
            f"one node may open {wanted} connections (workers times metadata.pool_size and pool_overflow) and "
            f"PostgreSQL allows {found.connections}; lower those or raise max_connections"
        )


def _objects(settings: Settings) -> Iterator[str]:
    _refuse_without(settings, "://" not in settings.objects.url)
    try:
        took_s, free = _timed_check(settings)
    except DriveError as error:
        raise _Wrong(f"{place_of_objects(settings)}: {error}") from error
    if free is not None and free < LEAST_FREE_BYTES:
        raise _Wrong(f"{place_of_objects(settings)} has only {shown.size(free)} left; make room")
    if took_s > SLOW_S * 4:
        raise _Wrong(f"writing, reading and removing a few bytes took {took_s:.1f} s; uploads will be slow")
    room = "" if free is None else f", {shown.size(free)} free"
    yield f"written, read and removed at {place_of_objects(settings)} in {took_s * 1000:.0f} ms{room}"


def _timed_check(settings: Settings) -> tuple[float, int | None]:
    """How many seconds it took, and how many bytes there is room for, if anybody can tell."""
    store = open_objects(settings.objects.url, object_options(settings))
    try:
        began = time.monotonic()
        store.check()
        return time.monotonic() - began, store.free_bytes()
    finally:
        store.close()


def _pair(settings: Settings) -> Iterator[str]:
    """Whether the two are of each other. What keeps either from answering was said before."""
    if _needs_data_dir(settings) and not settings.data_dir.is_dir():
        return
    with suppress(DriveError):
        found = examine_pair(settings)
        if found.against:
            raise _Wrong(found.against)
        yield found.said


def _certificate(settings: Settings) -> Iterator[str]:
    server = settings.server
    if server.tls_certificate is None or server.tls_key is None:
        if settings.listen.host not in ("127.0.0.1", "::1", "localhost") and not server.trusted_proxies:
            raise _Wrong(
                "passwords travel in the clear: set server.tls_certificate and server.tls_key, or put a proxy with TLS "
                "in front and name it in server.trusted_proxies"
            )
        yield "none: only this machine or a proxy can connect"
        return
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(server.tls_certificate, server.tls_key)
    except ssl.SSLError as error:
        raise _Wrong(f"the certificate and the key do not fit together: {error.reason}") from None
    yield f"{server.tls_certificate} and its key fit together"


def _address(settings: Settings) -> Iterator[str]:
    host, port = settings.listen.host, settings.listen.port
    if host.startswith("unix:") or not port:
        yield f"{settings.listen} (not tried)"
        return
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((host, port))
        except OSError as error:
            if _answers(host, port):
                yield f"{host}:{port} is in use: a server runs there already"
                return
            raise _Wrong(f"cannot listen on {host}:{port}: {error.strerror}") from None
    yield f"{host}:{port} is free"


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=2):
            return True
    except OSError:
        return False
