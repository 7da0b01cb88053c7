"""What counts as one client address, and how many connections each has open."""

import ipaddress
import threading

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def address_key(address: str) -> str:
    """What counts as one address: an IPv4 address, or the /64 of an IPv6 one."""
    if ":" not in address:
        return address
    plain = ipaddress.IPv6Address(address.partition("%")[0])
    if plain.ipv4_mapped is not None:
        return str(plain.ipv4_mapped)
    return str(ipaddress.IPv6Network((plain, 64), strict=False))


def is_within(address: str, networks: list[Network]) -> bool:
    """Does an address belong to one of the networks?"""
    plain = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(plain, "ipv4_mapped", None)
    return any((mapped or plain) in network for network in networks)


class Addresses:
    """How many connections each address has open. Thread-safe."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._lock = threading.Lock()

    def add(self, key: str, most: int) -> bool:
        """Count one more; False if the address has `most` already."""
        with self._lock:
            count = self._counts.get(key, 0)
            if count >= most:
                return False
            self._counts[key] = count + 1
            return True

    def remove(self, key: str) -> None:
        """One fewer."""
        with self._lock:
            count = self._counts[key] - 1
            if count:
                self._counts[key] = count
            else:
                del self._counts[key]
