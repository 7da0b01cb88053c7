"""HTTP Digest (RFC 7616) with SHA-256 and MD5 and qop=auth, for clients that send no Basic without TLS.

The database holds HA1 = H(user:realm:password) for a user and algorithm. For this realm it is worth as much as the
password, which is why Digest is an option and off by default.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from urllib.parse import urlsplit

from davdrive.auth.credentials import DigestAnswer
from davdrive.auth.nonces import NonceCounts, Nonces

# In the order of the challenge: a client takes the first that it knows (RFC 7616 §3.7).
ALGORITHMS: Mapping[str, str] = {"SHA-256": "sha256", "MD5": "md5"}


class Verdict(Enum):
    """What a client's answer is worth."""

    ACCEPTED = "accepted"
    # The password may be right, the nonce is too old: challenge with stale=true and the client asks no human.
    STALE = "stale"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class HashedSecret:
    """HA1 of one user, as lower-case hex, by algorithm name (`SHA-256`, `MD5`)."""

    ha1: Mapping[str, str]

    def packed(self) -> str:
        """One text to keep: `SHA-256=… MD5=…`."""
        return " ".join(f"{name}={value}" for name, value in self.ha1.items())

    @classmethod
    def unpacked(cls, text: str) -> "HashedSecret":
        """What `packed` made."""
        return cls(dict(item.split("=", 1) for item in text.split() if "=" in item))


def hash_secret(user: str, realm: str, password: str) -> HashedSecret:
    """What to store when a password is set (RFC 7616 §3.4.2)."""
    return HashedSecret({name: _hex(name, f"{user}:{realm}:{password}") for name in ALGORITHMS})


class Digest:
    """Challenges and judges answers. `realm` is the one that the stored secrets were hashed with."""

    def __init__(self, realm: str, nonces: Nonces, counts: NonceCounts) -> None:
        self._realm = realm
        self._nonces = nonces
        self._counts = counts
        self._nobody = hash_secret("", realm, "")

    def challenges(self, stale: bool = False) -> list[str]:
        """The values of WWW-Authenticate, one header each (RFC 7616 §3.3)."""
        nonce = self._nonces.make()
        end = ", stale=true" if stale else ""
        return [
            f'Digest realm="{self._realm}", qop="auth", algorithm={name}, nonce="{nonce}", charset=UTF-8{end}'
            for name in ALGORITHMS
        ]

    def judge(
        self, answer: DigestAnswer, method: str, target: str, secret_of: Callable[[str], HashedSecret | None]
    ) -> Verdict:
        """Judge an answer that came with `method` and the request's raw `target`.

        `secret_of` looks a user up; None is a user that does not exist, and is refused after the same work. A nonce
        count that was used before is stale and not refused: the client then tries once more by itself.
        """
        if answer.realm != self._realm or answer.qop.lower() != "auth" or answer.algorithm not in ALGORITHMS:
            return Verdict.REFUSED
        if not _same_target(answer.uri, target):
            return Verdict.REFUSED
        secret = secret_of(answer.user)
        expected = _response(answer, method, (secret or self._nobody).ha1.get(answer.algorithm, ""))
        matches = hmac.compare_digest(expected.encode(), answer.response.lower().encode("latin-1", "replace"))
        if not matches or secret is None or answer.algorithm not in secret.ha1:
            return Verdict.REFUSED
        if not self._nonces.is_fresh(answer.nonce) or not self._counts.use(answer.nonce, answer.nc):
            return Verdict.STALE
        return Verdict.ACCEPTED


def _response(answer: DigestAnswer, method: str, ha1: str) -> str:
    """RFC 7616 §3.4.1 for qop=auth."""
    ha2 = _hex(answer.algorithm, f"{method}:{answer.uri}", "latin-1")
    proof = f"{ha1}:{answer.nonce}:{answer.nc:08x}:{answer.cnonce}:{answer.qop}:{ha2}"
    return _hex(answer.algorithm, proof, "latin-1")


def _hex(algorithm: str, text: str, encoding: str = "utf-8") -> str:
    data = text.encode(encoding, "replace")
    return hashlib.new(ALGORITHMS[algorithm], data, usedforsecurity=False).hexdigest()


def _same_target(uri: str, target: str) -> bool:
    """Whether both name one resource: some clients and proxies send the one absolute and the other not."""
    return uri == target or _origin_form(uri) == _origin_form(target)


def _origin_form(uri: str) -> str:
    if uri.startswith("/"):
        return uri
    try:
        parts = urlsplit(uri)
    except ValueError:
        return uri
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "") if parts.scheme else uri
