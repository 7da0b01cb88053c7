"""Password hashes: argon2id, equal cost for those who do not exist, bounded."""

import threading
import time
import unicodedata

import pytest

from davdrive.auth.passwords import HashCost, Passwords

CHEAP = HashCost(memory_kib=64, passes=1)


@pytest.fixture(scope="module")
def passwords() -> Passwords:
    return Passwords(CHEAP)


def test_a_hash_is_argon2id_with_the_parameters_given_and_verifies_its_password_alone(passwords: Passwords) -> None:
    stored = passwords.hash("pässwörd")
    assert stored.startswith("$argon2id$v=19$m=64,t=1,p=1$")
    assert passwords.verify(stored, "pässwörd")
    assert not passwords.verify(stored, "passwörd")
    assert not passwords.verify(None, "pässwörd")


def test_the_default_cost_is_what_owasp_advises() -> None:
    assert Passwords().hash("x").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_password_typed_on_a_mac_is_the_same_password(passwords: Passwords) -> None:
    assert passwords.verify(passwords.hash("café"), unicodedata.normalize("NFD", "café"))


def test_the_longest_password_works_and_one_byte_more_is_refused(passwords: Passwords) -> None:
    longest = "x" * CHEAP.password_bytes
    stored = passwords.hash(longest)
    assert passwords.verify(stored, longest)
    assert not passwords.verify(stored, longest + "x")
    with pytest.raises(ValueError, match="at most 1024 bytes"):
        passwords.hash(longest + "x")


@pytest.mark.parametrize("stored", ["", "garbage", "$argon2id$v=19$m=64,t=1,p=1$AAAA$AAAA", "$2b$12$abc"])
def test_a_damaged_hash_verifies_nothing_and_raises_nothing(passwords: Passwords, stored: str) -> None:
    assert not passwords.verify(stored, "x")


@pytest.mark.parametrize(
    ("cost", "cheap"),
    [(CHEAP, False), (HashCost(128, 1), True), (HashCost(64, 2), True), (HashCost(32, 1), False)],
)
def test_a_hash_that_cost_less_is_cheap(passwords: Passwords, cost: HashCost, cheap: bool) -> None:
    assert Passwords(cost).is_cheap(passwords.hash("x")) is cheap


def test_an_unknown_user_costs_the_time_of_a_wrong_password() -> None:
    passwords = Passwords(HashCost(memory_kib=8192, passes=2))
    stored = passwords.hash("right")

    def best(hashed: str | None) -> float:
        times = []
        for _ in range(7):
            began = time.thread_time()
            passwords.verify(hashed, "wrong")
            times.append(time.thread_time() - began)
        return min(times)

    known, unknown, damaged = best(stored), best(None), best("garbage")
    assert known == pytest.approx(unknown, rel=0.5)
    assert known == pytest.approx(damaged, rel=0.5)


def test_no_more_hashes_than_allowed_are_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    passwords = Passwords(HashCost(memory_kib=64, passes=1, at_once=2))
    stored = passwords.hash("x")
    matches = passwords._matches
    gate, under_way, most = threading.Lock(), 0, 0

    def counted(hashed: str, prepared: bytes) -> bool:
        nonlocal under_way, most
        with gate:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.002)
        result = matches(hashed, prepared)
        with gate:
            under_way -= 1
        return result

    monkeypatch.setattr(passwords, "_matches", counted)
    threads = [threading.Thread(target=passwords.verify, args=(stored, "x")) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 2
