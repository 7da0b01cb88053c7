"""Every limit of the HTTP side, by name, with the reason for its default."""

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """Limits of one server process. Sizes are in bytes, times in seconds, rates in bytes a second."""

    request_line_bytes: int = 16 * KIB
    """A path of 60 names of 255 bytes; longer ones are 414."""
    header_bytes: int = 64 * KIB
    """The head as a whole; an If header with hundreds of tokens still fits. Over it: 431."""
    header_count: int = 100
    """Clients send about twenty fields; a reverse proxy adds ten. Over it: 431."""
    body_bytes: int = 1 << 40
    """The largest body at all (1 TiB); quotas are the finer bound. Over it: 413."""
    whole_body_bytes: int = 16 * MIB
    """What `read()` without a size may gather in memory; files are read in blocks."""
    head_s: float = 20.0
    """From the first byte of a request, or from accepting, until its head is whole; a TLS handshake has as long."""
    idle_s: float = 75.0
    """How long a connection may stay open between two requests; desktop clients come back within a minute."""
    least_rate: int = 1 * KIB
    """Below this a sender of a body or a reader of an answer counts as stalled; a 2G line does 4 KiB/s."""
    rate_window_s: float = 30.0
    """The waiting time over which `least_rate` is judged; a mobile line may pause for half a minute."""
    request_s: float = 86_400.0
    """The deadline of one request: 10 GiB over 1 Mbit/s take 23 hours."""
    connections: int = 4096
    """Open connections of this process; an idle one costs about 3 KiB."""
    connections_per_address: int = 2048
    """Open connections of one address; behind a proxy or a NAT many people share one."""
    trusted_peers: tuple[str, ...] = ()
    """Networks of reverse proxies, in CIDR notation, and `unix` for one on a Unix socket. The limit of one address is
    not for them, nor for Unix sockets; the X-Request-ID that they send is taken."""
    queue_length: int = 256
    """Requests waiting for a thread; one more is answered 503 at once."""
    threads: int = 10
    """Threads that work at a time: the interpreter runs one of them, the others wait for disk and network."""
    waiting_threads: int = 128
    """Threads that may wait for slow clients. If more do, clients below `give_way_rate` are cut, the slowest first."""
    waiting_threads_most: int = 512
    """So many at the very most, about 0.3 MiB each with an upload's buffer; then the slowest is cut, however fast."""
    give_way_rate: int = 16 * KIB
    """A line that does less is not worth a thread when threads are scarce; people's lines do more."""
    give_way_after_s: float = 0.5
    """How long a client must have been waited for before its rate means anything."""
    backlog: int = 1024
    """Connections that the kernel holds until they are accepted."""
    drain_bytes: int = 64 * KIB
    """How much of a body that nobody read is swallowed to keep the connection, or to let an answer arrive."""
    linger_s: float = 2.0
    """How long a refused client may take to read its answer before the connection is cut."""
    stick_s: float = 0.005
    """How long a thread waits on its connection for the next request before the selector takes it over."""
    park_s: float = 0.02
    """How long a thread waits for a client to take bytes before another thread may take its place."""
    drain_s: float = 30.0
    """After a stop is asked for: how long requests under way may go on."""
    drain_idle_s: float = 2.0
    """After a stop is asked for: how long a connection may be between two requests before it is closed."""
    retry_after_s: int = 2
    """What a 503 of the full queue tells its client."""
