"""Options about who may come and how much they may ask for."""

from typing import Annotated

from pydantic import Field, SecretStr

from davdrive.settings.kinds import ByteCount, Count, PositiveCount, PositiveSeconds, Seconds, Section


class AuthSettings(Section):
    """Passwords: how they are sent, kept, remembered and guarded from guessing."""

    basic: bool = True
    # For Windows without TLS. It needs a second secret a user in the database, so it is off.
    digest: bool = False
    realm: Annotated[str, Field(pattern=r'^[^"\\\x00-\x1f]{1,64}$')] = "davdrive"
    # Refuse passwords that came in the clear from another machine.
    require_tls: bool = False
    # How long a password that was verified costs no hash. A removed user, a revoked app password and a changed password
    # are heeded at once, or on PostgreSQL after `known_s`.
    remember_s: Seconds = 300
    remember_entries: PositiveCount = 4096
    # How long a user that was looked up in PostgreSQL is not asked for again: it saves every request a round trip.
    # A removal, a revocation or a new password takes so long until every node heeds it; a role counts at once. SQLite
    # is always asked.
    known_s: Seconds = 2
    password_bytes: ByteCount = 1024
    # OWASP's advice for argon2id: 19 MiB, two passes, one lane; about 20 ms.
    argon2_memory_kib: Annotated[PositiveCount, Field(ge=8)] = 19_456
    argon2_passes: PositiveCount = 2
    argon2_lanes: Annotated[PositiveCount, Field(le=16)] = 1
    # Hashes at once in a worker: each holds `argon2_memory_kib`.
    argon2_at_once: PositiveCount = 2
    digest_nonce_s: PositiveSeconds = 300
    digest_nonces: PositiveCount = 4096
    # Failures without a delay, then a delay that doubles from `throttle_first_s`.
    throttle_user_free: Count = 5
    throttle_address_free: Count = 20
    throttle_first_s: PositiveSeconds = 1
    # Short for a user, or a stranger could lock the owner out; long for an address.
    throttle_user_max_s: PositiveSeconds = 30
    throttle_address_max_s: PositiveSeconds = 900
    # Failures older than this are forgotten.
    throttle_forget_s: PositiveSeconds = 3600
    # Signs what must hold on every node (nonces, links). Empty: made at the first start, kept in the database.
    secret: SecretStr = SecretStr("")


class RateSettings(Section):
    """Token buckets, shared by the workers of a machine. 0 is no limit, which is right at home and in an office."""

    user_requests_per_s: Seconds = 0
    user_requests_burst: Count = 0
    user_upload_bytes_per_s: ByteCount = 0
    user_download_bytes_per_s: ByteCount = 0
    user_transfers: Count = 0
    address_requests_per_s: Seconds = 0
    address_requests_burst: Count = 0
    address_upload_bytes_per_s: ByteCount = 0
    address_download_bytes_per_s: ByteCount = 0
    address_transfers: Count = 0
    # Bytes may come in bursts of this many seconds of their rate.
    bytes_burst_s: PositiveSeconds = 4
    # A stream is slowed; a request that would have to wait longer than this gets 429.
    longest_wait_s: Seconds = 0
    # Buckets remembered at once, 32 bytes each; the longest unused one makes room.
    table_slots: Annotated[PositiveCount, Field(ge=64)] = 65_536
