"""Options about who may come and how much they may ask for."""

# ruff: noqa: RUF009 - these functions return dataclass fields, and the sections are frozen

from dataclasses import dataclass

from davdrive.settings.kinds import count, duration, hidden, seconds, size, switch, text
from davdrive.settings.values import Secret


@dataclass(frozen=True, slots=True)
class AuthSettings:
    """Passwords: how they are sent, kept, remembered and guarded from guessing."""

    basic: bool = switch(True)
    # For Windows without TLS. It needs a second secret a user in the database, so it is off.
    digest: bool = switch(False)
    realm: str = text("davdrive", r'[^"\\\x00-\x1f]{1,64}', "write 1 to 64 characters without quotes")
    # Refuse passwords that came in the clear from another machine.
    require_tls: bool = switch(False)
    # How long a password that was verified costs no hash; also how long a removed user may linger in a worker.
    remember_s: float = seconds(300)
    remember_entries: int = count(4096, least=1)
    password_bytes: int = size(1024)
    # OWASP's advice for argon2id: 19 MiB, two passes, one lane; about 20 ms.
    argon2_memory_kib: int = count(19_456, least=8)
    argon2_passes: int = count(2, least=1)
    argon2_lanes: int = count(1, least=1, most=16)
    # Hashes at once in a worker: each holds `argon2_memory_kib`.
    argon2_at_once: int = count(2, least=1)
    digest_nonce_s: float = duration(300)
    digest_nonces: int = count(4096, least=1)
    # Failures without a delay, then a delay that doubles from `throttle_first_s`.
    throttle_user_free: int = count(5)
    throttle_address_free: int = count(20)
    throttle_first_s: float = duration(1)
    # Short for a user, or a stranger could lock the owner out; long for an address.
    throttle_user_max_s: float = duration(30)
    throttle_address_max_s: float = duration(900)
    # Failures older than this are forgotten.
    throttle_forget_s: float = duration(3600)
    # Signs what must hold on every node (nonces, links). Empty: made at the first start, kept in the database.
    secret: Secret = hidden()


@dataclass(frozen=True, slots=True)
class RateSettings:
    """Token buckets, shared by the workers of a machine. 0 is no limit, which is right at home and in an office."""

    user_requests_per_s: float = seconds(0)
    user_requests_burst: int = count(0)
    user_upload_bytes_per_s: int = size(0)
    user_download_bytes_per_s: int = size(0)
    user_transfers: int = count(0)
    address_requests_per_s: float = seconds(0)
    address_requests_burst: int = count(0)
    address_upload_bytes_per_s: int = size(0)
    address_download_bytes_per_s: int = size(0)
    address_transfers: int = count(0)
    # Bytes may come in bursts of this many seconds of their rate.
    bytes_burst_s: float = duration(4)
    # A stream is slowed; a request that would have to wait longer than this gets 429.
    longest_wait_s: float = seconds(0)
    # Buckets remembered at once, 32 bytes each; the longest unused one makes room.
    table_slots: int = count(65_536, least=64)
