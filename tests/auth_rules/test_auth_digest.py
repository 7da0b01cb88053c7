"""Digest: the RFC's own example, our nonces alone, no replay, no exception."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from davdrive.auth.credentials import DigestAnswer, parse_authorization
from davdrive.auth.digest import Digest, HashedSecret, Verdict, _response, hash_secret
from davdrive.auth.nonces import MemoryNonceCounts, Nonces

REALM = "davdrive"
SECRET = hash_secret("Jürgen", REALM, "pw")


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def server(clock: Clock | None = None, secret: bytes = b"s", nonces: int = 10) -> Digest:
    return Digest(REALM, Nonces(secret, 300, clock or Clock()), MemoryNonceCounts(nonces))


def nonce_of(digest: Digest) -> str:
    return digest.challenges()[0].split('nonce="')[1].split('"')[0]


def answer(
    nonce: str, nc: int = 1, user: str = "Jürgen", password: str = "pw", algorithm: str = "SHA-256", uri: str = "/a"
) -> DigestAnswer:
    hashed = {"SHA-256": hashlib.sha256, "MD5": hashlib.md5}[algorithm]
    ha1 = hashed(f"{user}:{REALM}:{password}".encode()).hexdigest()
    ha2 = hashed(f"GET:{uri}".encode()).hexdigest()
    response = hashed(f"{ha1}:{nonce}:{nc:08x}:cn:auth:{ha2}".encode()).hexdigest()
    header = (
        f'Digest username="{user}", realm="{REALM}", nonce="{nonce}", uri="{uri}", qop=auth, nc={nc:08x}, '
        f'cnonce="cn", response="{response}", algorithm={algorithm}'
    )
    parsed = parse_authorization(header.encode().decode("latin-1"))
    assert isinstance(parsed, DigestAnswer)
    return parsed


def lookup(user: str) -> HashedSecret | None:
    return SECRET if user == "Jürgen" else None


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_example_of_rfc_7616_section_3_9_1(algorithm: str, response: str) -> None:
    example = DigestAnswer(
        user="Mufasa",
        realm="http-auth@example.org",
        nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        uri="/dir/index.html",
        response=response,
        algorithm=algorithm,
        qop="auth",
        cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        nc=1,
    )
    ha1 = hash_secret("Mufasa", "http-auth@example.org", "Circle of Life").ha1[algorithm]
    assert _response(example, "GET", ha1) == response


@pytest.mark.parametrize("algorithm", ["SHA-256", "MD5"])
def test_the_right_password_is_accepted_with_either_algorithm(algorithm: str) -> None:
    digest = server()
    assert digest.judge(answer(nonce_of(digest), algorithm=algorithm), "GET", "/a", lookup) is Verdict.ACCEPTED


def test_the_challenge_prefers_sha_256() -> None:
    first, second = server().challenges(stale=True)
    assert "algorithm=SHA-256" in first
    assert "algorithm=MD5" in second
    assert first.endswith(", stale=true")


@pytest.mark.parametrize("changed", [{"password": "no"}, {"user": "nobody"}, {"uri": "/b"}])
def test_a_wrong_password_user_or_resource_is_refused(changed: dict[str, str]) -> None:
    digest = server()
    assert digest.judge(answer(nonce_of(digest), **changed), "GET", "/a", lookup) is Verdict.REFUSED  # type: ignore[arg-type]


def test_an_absolute_uri_of_the_same_resource_is_the_same() -> None:
    digest = server()
    sent = answer(nonce_of(digest), uri="http://h/a?b")
    assert digest.judge(sent, "GET", "/a?b", lookup) is Verdict.ACCEPTED


def test_an_answer_to_another_method_is_refused() -> None:
    digest = server()
    assert digest.judge(answer(nonce_of(digest)), "PUT", "/a", lookup) is Verdict.REFUSED


def test_a_nonce_of_another_process_with_the_same_secret_is_known() -> None:
    assert server().judge(answer(nonce_of(server())), "GET", "/a", lookup) is Verdict.ACCEPTED
    assert server().judge(answer(nonce_of(server(secret=b"t"))), "GET", "/a", lookup) is Verdict.STALE


def test_an_old_nonce_is_stale_and_a_forged_one_too() -> None:
    clock = Clock()
    digest = server(clock)
    nonce = nonce_of(digest)
    clock.now += 300
    assert digest.judge(answer(nonce), "GET", "/a", lookup) is Verdict.ACCEPTED
    clock.now += 1
    assert digest.judge(answer(nonce, 2), "GET", "/a", lookup) is Verdict.STALE
    for forged in ("", "AAAA", "=", "x" * 500, nonce[:-4] + "AAAA"):
        assert digest.judge(answer(forged), "GET", "/a", lookup) is Verdict.STALE


def test_a_replayed_count_is_not_accepted_but_one_overtaken_is() -> None:
    digest = server()
    nonce = nonce_of(digest)
    verdicts = [digest.judge(answer(nonce, nc), "GET", "/a", lookup) for nc in (1, 5, 3, 5, 3, 1, 4, 200, 5, 73, 72, 0)]
    accepted = [verdict is Verdict.ACCEPTED for verdict in verdicts]
    assert accepted == [True, True, True, False, False, False, True, True, False, True, False, False]


def test_the_counts_are_bounded() -> None:
    counts = MemoryNonceCounts(5)
    for number in range(50):
        assert counts.use(f"n{number}", 1)
    assert len(counts._seen) == 5


@given(st.lists(st.integers(1, 300), max_size=60))
def test_no_count_is_ever_accepted_twice(sequence: list[int]) -> None:
    counts = MemoryNonceCounts(5)
    accepted = [count for count in sequence if counts.use("n", count)]
    assert len(accepted) == len(set(accepted))


@given(st.text(st.characters(max_codepoint=255), max_size=20), st.text(max_size=20))
def test_no_answer_raises(text: str, target: str) -> None:
    digest = server()
    sent = DigestAnswer(text, REALM, text, target, text, "MD5", "auth", text, 1)
    assert digest.judge(sent, "GET", target, lookup) is not Verdict.ACCEPTED
