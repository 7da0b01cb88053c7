"""From settings to the WSGI application."""

from davdrive.cli.wiring.auth import auth_options, authentication
from davdrive.cli.wiring.rates import Limits
from davdrive.cli.wiring.web import make_router
from davdrive.dav.app import DriveApp, Wsgi
from davdrive.dav.headers.if_header import IfLimits
from davdrive.dav.headers.timeout import TimeoutLimits
from davdrive.dav.site import DavOptions, Site
from davdrive.dav.xml.parse import XmlLimits
from davdrive.drive.backend import Backend
from davdrive.settings import Settings


def dav_options(settings: Settings) -> DavOptions:
    """The options of the protocol layer."""
    limits = settings.limits
    return DavOptions(
        public_urls=tuple(settings.public_urls),
        infinite_propfind=limits.propfind_infinity,
        partial_put=limits.put_content_range,
        ranges=limits.ranges,
        properties_named=limits.properties_named,
        xml=XmlLimits(bytes=limits.xml_bytes, depth=limits.xml_depth, elements=limits.xml_elements),
        lock_timeouts=TimeoutLimits(int(limits.lock_default_s), int(limits.lock_max_s)),
        if_header=IfLimits(lists=limits.if_lists, conditions=limits.if_conditions),
    )


def make_app(settings: Settings, backend: Backend) -> Wsgi:
    """The WSGI application."""
    limits, find_out = Limits(settings), authentication(settings, backend.database)

    def authenticate(inner: Wsgi) -> Wsgi:
        return find_out(limits.of_users(inner))

    app = DriveApp(
        Site(backend, dav_options(settings)),
        authenticate,
        make_router(settings, backend, authenticate).find,
        auth_options(settings).proxies.trusts,
    )
    return limits.of_addresses(app)
