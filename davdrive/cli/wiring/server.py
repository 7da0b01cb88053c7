"""From settings to the HTTP side."""

from davdrive.server.limits import ServerLimits
from davdrive.server.supervisor import SupervisorLimits
from davdrive.server.tls import Tls, TlsFiles
from davdrive.settings import Settings

DRAIN_MARGIN_S = 10.0
"""A worker that drains is killed so much later than its own patience ends."""


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
        trusted_peers=tuple(server.trusted_proxies),
    )


def supervisor_limits(settings: Settings) -> SupervisorLimits:
    """When workers are given up."""
    server = settings.server
    return SupervisorLimits(drain_s=server.drain_s + DRAIN_MARGIN_S, hang_s=server.watchdog_s)


def make_tls(settings: Settings) -> Tls | None:
    """TLS in the server itself, where a certificate is set."""
    server = settings.server
    if server.tls_certificate is None or server.tls_key is None:
        return None
    return Tls(TlsFiles(server.tls_certificate, server.tls_key, least_version=server.tls_least_version))
