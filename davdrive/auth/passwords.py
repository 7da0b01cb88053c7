"""Passwords as argon2id hashes (RFC 9106)."""

import threading
import unicodedata
from dataclasses import dataclass

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import Argon2Error, InvalidHashError

from davdrive.baton import resting


@dataclass(frozen=True, slots=True)
class HashCost:
    """What one hash costs. The defaults are OWASP's advice: 19 MiB, two passes, one lane.

    `at_once` bounds the hashes under way in this process, each of which holds `memory_kib`.
    """

    memory_kib: int = 19_456
    passes: int = 2
    lanes: int = 1
    at_once: int = 2
    password_bytes: int = 1024


class Passwords:
    """Hashes and verifies passwords; thread-safe, and bounded in memory by `cost.at_once`."""

    def __init__(self, cost: HashCost = HashCost()) -> None:
        self._cost = cost
        self._hasher = PasswordHasher(cost.passes, cost.memory_kib, cost.lanes)
        self._turns = threading.BoundedSemaphore(cost.at_once)
        # Made now, so that the first unknown user takes no longer than the second.
        self._nobody = self._hasher.hash("nobody's password")

    def hash(self, password: str) -> str:
        """Return the hash to store. A password over `cost.password_bytes` in UTF-8 is a ValueError."""
        prepared = _prepared(password)
        if len(prepared) > self._cost.password_bytes:
            raise ValueError(f"a password may have at most {self._cost.password_bytes} bytes in UTF-8")
        with resting(), self._turns:
            return self._hasher.hash(prepared)

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether `password` is the one behind the hash `stored`.

        None stands for a user that does not exist, and costs the same time as a wrong password. A damaged hash is
        never verified, and costs that time too.
        """
        prepared = _prepared(password)[: self._cost.password_bytes + 1]
        if len(prepared) > self._cost.password_bytes:
            stored, prepared = None, b""
        with resting(), self._turns:
            if stored is None:
                self._matches(self._nobody, prepared)
                return False
            return self._matches(stored, prepared)

    def is_cheap(self, stored: str) -> bool:
        """Whether the hash was made at less than today's cost, and is to be made anew by who knows the password.

        One that cost more is left: nodes with different settings would renew each other's for ever.
        """
        made = extract_parameters(stored)
        return made.memory_cost * made.time_cost < self._cost.memory_kib * self._cost.passes

    def _matches(self, stored: str, prepared: bytes) -> bool:
        try:
            return self._hasher.verify(stored, prepared)
        except InvalidHashError:
            self._matches(self._nobody, prepared)
            return False
        except Argon2Error:
            return False


def _prepared(password: str) -> bytes:
    """The bytes to hash: macOS types NFD and others NFC, and both are the same password (RFC 8265 §4.2.1)."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
