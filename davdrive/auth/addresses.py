"""The client's own address, when requests come through reverse proxies.

Only a configured proxy is believed, and only the one header that it sets: a header that a proxy merely passes on could
hold anything. Each proxy appends the address that it saw, so the right-most hop that is no proxy of ours is the client.
"""

import ipaddress
import re
from collections.abc import Sequence
from functools import lru_cache

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
UNIX = "unix"
MAX_HOPS = 32
_IPV6_CLIENT_BITS = 64
_FORWARDED_FOR = re.compile(r"""(?:^|;)\s*for\s*=\s*(?:"([^"]*)"|([^;,"\s]*))""", re.IGNORECASE)


class TrustedProxies:
    """The peers whose forwarding header is believed: addresses, networks, or `unix` for a Unix socket."""

    def __init__(self, networks: Sequence[str]) -> None:
        self._unix = UNIX in networks
        self._networks = tuple(ipaddress.ip_network(item, strict=False) for item in networks if item != UNIX)

    def trusts(self, peer: str) -> bool:
        """Whether `peer`, an address or empty for a Unix socket, is one of them."""
        if not self._networks and not self._unix:
            return False
        address = parse_address(peer)
        return self._unix if address is None else any(address in network for network in self._networks)

    def client_of(self, peer: str, forwarded: str, header: str = "x-forwarded-for") -> str:
        """Return the client's address as text.

        `peer` is the other end of the connection, `forwarded` the value of `header` (several joined by commas; empty:
        none), `header` is `x-forwarded-for` or `forwarded` (RFC 7239). Garbage in it ends the search: the last
        hop that was understood counts.
        """
        if not forwarded or not self.trusts(peer):
            return _shown(peer)
        client = _shown(peer)
        for hop in reversed(forwarded.split(",")[-MAX_HOPS:]):
            address = parse_address(_forwarded_for(hop) if header == "forwarded" else hop)
            if address is None:
                break
            client = str(address)
            if not any(address in network for network in self._networks):
                break
        return client


@lru_cache(maxsize=1024)
def parse_address(text: str) -> IpAddress | None:
    """Read an address, maybe with a port or in brackets; an IPv4 address mapped into IPv6 is the IPv4 one."""
    plain = text.strip().strip('"')
    if plain.startswith("["):
        plain = plain[1:].partition("]")[0]
    elif plain.count(":") == 1:
        plain = plain.partition(":")[0]
    try:
        address = ipaddress.ip_address(plain.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


@lru_cache(maxsize=1024)
def address_group(text: str) -> str:
    """What is counted as one client: an IPv4 address, or the /64 that one IPv6 subscriber owns."""
    address = parse_address(text)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, _IPV6_CLIENT_BITS), strict=False))
    return str(address) if address is not None else UNIX


@lru_cache(maxsize=1024)
def _shown(peer: str) -> str:
    address = parse_address(peer)
    return UNIX if address is None else str(address)


def _forwarded_for(hop: str) -> str:
    match = _FORWARDED_FOR.search(hop)
    return "" if match is None else match[1] or match[2] or ""
