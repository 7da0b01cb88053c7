"""Options of the HTTP side: threads, time and size of requests, proxies, TLS."""

from typing import Literal

from davdrive.settings.kinds import ByteCount, Networks, OnePath, PositiveCount, PositiveSeconds, Section

KIB = 1 << 10


class ServerSettings(Section):
    """How a worker treats connections, fair or hostile."""

    # Requests worked on at once in a worker; Python gains nothing beyond a few, slow disks and stores do.
    threads: PositiveCount = 16
    # Requests that wait for a thread. When it is full the answer is 503 at once, not a longer wait.
    queue: PositiveCount = 128
    retry_after_s: PositiveSeconds = 2
    backlog: PositiveCount = 1024
    # Open connections of one worker; an idle one costs a few KiB.
    connections: PositiveCount = 4096
    # Open connections of one address (not of trusted proxies): a browser opens 6, rclone up to 32.
    connections_per_address: PositiveCount = 256
    # 20 names of 255 bytes each, percent-encoded, fit.
    request_line_bytes: ByteCount = 32 * KIB
    header_bytes: ByteCount = 64 * KIB
    header_count: PositiveCount = 100
    # From a request's first byte to the end of its head, and for a TLS handshake.
    head_s: PositiveSeconds = 10
    # A connection without a request on it.
    idle_s: PositiveSeconds = 75
    # The least average rate of a body or a response, judged after `rate_grace_s`: GPRS still passes.
    least_rate_bytes: ByteCount = 512
    rate_grace_s: PositiveSeconds = 30
    # What is read and thrown away of a body that was refused, so that the client sees the answer.
    early_drain_bytes: ByteCount = 64 * KIB
    # From SIGTERM until open transfers are given up.
    drain_s: PositiveSeconds = 30
    # A worker that gives no sign of life for this long is replaced.
    watchdog_s: PositiveSeconds = 60
    # Peers whose X-Forwarded-… and X-Request-Id headers are believed; `unix` is a proxy on a Unix socket.
    trusted_proxies: Networks = ()
    # The one header that the proxy sets. A header that it merely passes on could be forged by the client.
    forwarded_header: Literal["x-forwarded-for", "forwarded"] = "x-forwarded-for"
    tls_certificate: OnePath | None = None
    tls_key: OnePath | None = None
    tls_least_version: Literal["1.2", "1.3"] = "1.2"
