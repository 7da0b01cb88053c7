"""Options of the HTTP side: threads, time and size of requests, proxies, TLS."""

# ruff: noqa: RUF009 - these functions return dataclass fields, and the sections are frozen

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from davdrive.settings.kinds import choice, count, duration, networks, optional_path, size, switch

KIB = 1 << 10


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """How a worker treats connections, fair or hostile."""

    # Requests worked on at once in a worker; Python gains nothing beyond a few, slow disks and stores do.
    threads: int = count(16, least=1)
    # Requests that wait for a thread. When it is full the answer is 503 at once, not a longer wait.
    queue: int = count(128, least=1)
    retry_after_s: float = duration(2)
    backlog: int = count(1024, least=1)
    # Open connections of one worker; an idle one costs a few KiB.
    connections: int = count(4096, least=1)
    # Open connections of one address (not of trusted proxies): a browser opens 6, rclone up to 32.
    connections_per_address: int = count(256, least=1)
    # 20 names of 255 bytes each, percent-encoded, fit.
    request_line_bytes: int = size(32 * KIB)
    header_bytes: int = size(64 * KIB)
    header_count: int = count(100, least=1)
    # From a request's first byte to the end of its head.
    head_s: float = duration(10)
    handshake_s: float = duration(10)
    # A connection without a request on it.
    idle_s: float = duration(75)
    # One read or write of the socket that moves no byte.
    stall_s: float = duration(30)
    # The least average rate of a body or a response, judged after `rate_grace_s`: GPRS still passes.
    least_rate_bytes: int = size(512)
    rate_grace_s: float = duration(30)
    # What is read and thrown away of a body that was refused, so that the client sees the answer.
    early_drain_bytes: int = size(64 * KIB)
    # Buffers for bodies: measured, larger ones gain nothing.
    block_bytes: int = size(256 * KIB)
    sendfile: bool = switch(True)
    # From SIGTERM until open transfers are given up.
    drain_s: float = duration(30)
    # A worker that gives no sign of life for this long is replaced.
    watchdog_s: float = duration(60)
    # Peers whose X-Forwarded-… headers are believed; `unix` is a proxy on a Unix socket.
    trusted_proxies: tuple[str, ...] = networks()
    # The one header that the proxy sets. A header that it merely passes on could be forged by the client.
    forwarded_header: Literal["x-forwarded-for", "forwarded"] = choice("x-forwarded-for", "forwarded")
    tls_certificate: Path | None = optional_path()
    tls_key: Path | None = optional_path()
    tls_least_version: Literal["1.2", "1.3"] = choice("1.2", "1.3")
    # Requests that a worker serves before it is replaced; 0 never.
    requests_per_worker: int = count(0)

    def __post_init__(self) -> None:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("server.tls_certificate and server.tls_key belong together: give both or neither")
