"""From settings to the HTTP side."""

from davdrive.server.limits import ServerLimits
from davdrive.settings import Settings


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
