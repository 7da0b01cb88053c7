"""From settings to parts: the one place that puts the rooms together."""

from sqlalchemy.engine import make_url

from davdrive.auth.accounts import Accounts, DatabaseFailures
from davdrive.auth.addresses import TrustedProxies
from davdrive.auth.authenticator import AuthOptions, DriveAuthenticator
from davdrive.auth.passwords import HashCost, Passwords
from davdrive.auth.remember import Remembered
from davdrive.auth.throttle import Rule, Throttle
from davdrive.dav.app import DriveApp
from davdrive.dav.headers.if_header import IfLimits
from davdrive.dav.headers.timeout import TimeoutLimits
from davdrive.dav.site import DavOptions, Site
from davdrive.dav.xml.parse import XmlLimits
from davdrive.drive.backend import Backend, DriveLimits
from davdrive.drive.open import open_database
from davdrive.metadata.database import Database
from davdrive.metadata.engine import DatabaseOptions
from davdrive.metadata.users import all_users
from davdrive.objects.content import ContentStore
from davdrive.objects.open import open_objects
from davdrive.objects.options import LimitOptions, ObjectOptions, RetryOptions, S3Options
from davdrive.server.limits import ServerLimits
from davdrive.settings import Settings
from davdrive.web.health import health, ready
from davdrive.web.router import Router


def database_options(settings: Settings) -> DatabaseOptions:
    """How to reach the metadata."""
    chosen = settings.metadata
    sqlite = make_url(chosen.url).get_backend_name() == "sqlite"
    return DatabaseOptions(
        url=chosen.url,
        pool_size=max(chosen.pool_size, settings.server.threads + 2) if sqlite else chosen.pool_size,
        wait_s=chosen.busy_timeout_s if sqlite else chosen.lock_timeout_s,
        statement_s=chosen.statement_timeout_s,
        sqlite_cache_kib=chosen.cache_bytes // 1024,
    )


def drive_limits(settings: Settings) -> DriveLimits:
    """The limits that operations keep."""
    limits = settings.limits
    return DriveLimits(
        file_bytes=limits.body_bytes,
        tree_nodes=limits.tree_nodes,
        locks=limits.locks_per_drive,
        lock_owner_bytes=limits.lock_owner_bytes,
        properties=limits.properties_per_node,
        properties_bytes=limits.properties_node_bytes,
        upload_parts=limits.upload_parts,
        uploads_per_user=limits.uploads_per_user,
        upload_idle_s=int(limits.upload_idle_s),
    )


def make_database(settings: Settings) -> Database:
    """Migrate and open the metadata."""
    return open_database(database_options(settings))


def object_options(settings: Settings) -> ObjectOptions:
    """How to reach the objects."""
    chosen = settings.objects
    return ObjectOptions(
        s3=S3Options(
            endpoint_url=chosen.endpoint_url,
            region=chosen.region,
            addressing=chosen.addressing,
            sse=chosen.sse,
            sse_key_id=chosen.sse_key_id,
            storage_class=chosen.storage_class,
            connect_timeout_s=chosen.connect_timeout_s,
            read_timeout_s=chosen.read_timeout_s,
        ),
        retry=RetryOptions(chosen.tries, chosen.retry_wait_s, chosen.retry_wait_max_s),
        limit=LimitOptions(),
    )


def make_backend(settings: Settings) -> Backend:
    """Open metadata and objects."""
    chosen = settings.objects
    store = open_objects(chosen.url, object_options(settings))
    contents = ContentStore(
        store,
        segment_bytes=chosen.segment_bytes,
        inline_bytes=chosen.inline_bytes,
        uploads_in_flight=chosen.uploads_in_flight,
        reads_ahead=chosen.reads_ahead,
    )
    return Backend(make_database(settings), contents, drive_limits(settings))


def make_passwords(settings: Settings) -> Passwords:
    """The hasher of passwords."""
    auth = settings.auth
    return Passwords(
        HashCost(
            auth.argon2_memory_kib, auth.argon2_passes, auth.argon2_lanes, auth.argon2_at_once, auth.password_bytes
        )
    )


def make_accounts(settings: Settings, database: Database) -> Accounts:
    """Who may come in."""
    auth = settings.auth
    user = Rule(auth.throttle_user_free, auth.throttle_first_s, auth.throttle_user_max_s, auth.throttle_forget_s)
    address = Rule(
        auth.throttle_address_free, auth.throttle_first_s, auth.throttle_address_max_s, auth.throttle_forget_s
    )
    return Accounts(
        database,
        make_passwords(settings),
        Remembered(auth.remember_s, auth.remember_entries),
        Throttle(DatabaseFailures(database), user, address),
    )


def dav_options(settings: Settings) -> DavOptions:
    """The options of the protocol layer."""
    limits = settings.limits
    return DavOptions(
        public_urls=tuple(settings.public_urls),
        infinite_propfind=limits.propfind_infinity,
        ranges=limits.ranges,
        properties_named=limits.properties_named,
        xml=XmlLimits(bytes=limits.xml_bytes, depth=limits.xml_depth, elements=limits.xml_elements),
        lock_timeouts=TimeoutLimits(int(limits.lock_default_s), int(limits.lock_max_s)),
        if_header=IfLimits(lists=limits.if_lists, conditions=limits.if_conditions),
    )


def make_app(settings: Settings, backend: Backend) -> DriveApp:
    """The WSGI application."""
    proxies = TrustedProxies([str(each) for each in settings.server.trusted_proxies])
    options = AuthOptions(settings.auth.realm, proxies, settings.server.forwarded_header, settings.auth.require_tls)
    accounts = make_accounts(settings, backend.database)
    return DriveApp(
        Site(backend, dav_options(settings)),
        lambda inner: DriveAuthenticator(inner, accounts, options),
        make_router(settings, backend).find,
        proxies.trusts,
    )


def make_router(settings: Settings, backend: Backend) -> Router:
    """What is not WebDAV."""

    def check() -> None:
        backend.database.read(all_users)

    return Router({"/-/health": health, "/-/ready": ready(check)})


def server_limits(settings: Settings) -> ServerLimits:
    """The limits of the HTTP side."""
    server, limits = settings.server, settings.limits
    return ServerLimits(
        request_line_bytes=server.request_line_bytes,
        header_bytes=server.header_bytes,
        header_count=server.header_count,
        body_bytes=limits.body_bytes,
        head_s=server.head_s,
        idle_s=server.idle_s,
        least_rate=server.least_rate_bytes,
        rate_window_s=server.rate_grace_s,
        request_s=limits.request_s,
        connections=server.connections,
        connections_per_address=server.connections_per_address,
        queue_length=server.queue,
        threads=server.threads,
        backlog=server.backlog,
        drain_bytes=server.early_drain_bytes,
        drain_s=server.drain_s,
        retry_after_s=int(server.retry_after_s),
    )
