"""Object keys: random, never reused, and checked wherever one comes in or goes out.

A key is `ab/cd/abcd…`: 128 random bits in hex behind two fan-out folders made of their first digits. The folders keep
every directory of a local store small; the form is so narrow that a key can never leave the store's folder, and that
files which other programs put there are never taken for objects.
"""

import re
import secrets

KEY_BITS = 128
"""Random bits of a key: two keys of a store of 10¹² objects meet with a chance under 10⁻¹⁴."""

_KEY = re.compile(r"([0-9a-f]{2})/([0-9a-f]{2})/\1\2[0-9a-f]{28}")


def new_key() -> str:
    """A key that no object has, and that nobody can guess."""
    digits = secrets.token_hex(KEY_BITS // 8)
    return f"{digits[:2]}/{digits[2:4]}/{digits}"


def is_key(text: str) -> bool:
    """Whether `text` has the form of a key."""
    return _KEY.fullmatch(text) is not None


def check_key(key: str) -> str:
    """Return `key` if it has the form of one. ValueError otherwise: keys come from `new_key` by way of our own rows."""
    if not is_key(key):
        raise ValueError(f"{key[:64]!r} is not an object key")
    return key
