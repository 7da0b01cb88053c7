"""The Authorization header: every value is understood or refused, none raises."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from davdrive.auth.credentials import (
    MAX_HEADER_CHARACTERS,
    MAX_USER_CHARACTERS,
    Absent,
    Basic,
    Bearer,
    DigestAnswer,
    Malformed,
    parse_authorization,
)

DIGEST = (
    'Digest username="ann", realm="r, \\"x\\"", nonce="n", uri="/a,b", response="ABC", algorithm=SHA-256, '
    'qop=auth, nc=0000000a, cnonce="c"'
)


def basic(raw: bytes, scheme: str = "Basic") -> str:
    return f"{scheme} {base64.b64encode(raw).decode()}"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, Absent()),
        ("", Absent()),
        ("   ", Absent()),
        (basic(b"ann:pw"), Basic("ann", "pw")),
        (basic(b"ann:pw", "bAsIc"), Basic("ann", "pw")),
        (basic(b"ann:p:w:"), Basic("ann", "p:w:")),
        (basic(b":"), Basic("", "")),
        (basic(b"DOMAIN\\ann:pw"), Basic("ann", "pw")),
        (basic("jürgen:naïve".encode()), Basic("jürgen", "naïve")),
        (basic("jürgen:naïve".encode("latin-1")), Basic("jürgen", "naïve")),
        (basic("ju\u0308rgen:x".encode()), Basic("jürgen", "x")),
        (basic(b"u" * MAX_USER_CHARACTERS + b":x"), Basic("u" * MAX_USER_CHARACTERS, "x")),
        ("Bearer abc", Bearer("abc")),
    ],
)
def test_good_credentials_are_understood(header: str | None, expected: object) -> None:
    assert parse_authorization(header) == expected


@pytest.mark.parametrize(
    "header",
    [
        "Basic",
        "Basic !!!",
        "Basic YQ",
        "Basic ÿÿÿÿ",
        basic(b"no colon"),
        basic(b"a\x00b:x"),
        basic(b"ann:p\nw"),
        basic(b"u" * (MAX_USER_CHARACTERS + 1) + b":x"),
        "Bearer",
        "Bearer  ",
        "Negotiate abc",
        "x" * (MAX_HEADER_CHARACTERS + 1),
        "Digest",
        'Digest username="a',
        'Digest username="a", username="b"',
        DIGEST.replace("nc=0000000a", "nc=-1"),
        DIGEST.replace('nonce="n", ', ""),
    ],
)
def test_garbage_is_malformed_with_a_sentence(header: str) -> None:
    found = parse_authorization(header)
    assert isinstance(found, Malformed)
    assert found.reason.endswith(".")


def test_a_digest_answer_is_understood_with_commas_and_quotes_in_it() -> None:
    assert parse_authorization(DIGEST) == DigestAnswer("ann", 'r, "x"', "n", "/a,b", "ABC", "SHA-256", "auth", "c", 10)


def test_a_digest_user_may_be_encoded_or_carry_a_domain() -> None:
    for sent in ("username*=UTF-8''J%C3%BCrgen", 'username="Jürgen"', r'username="CORP\\Jürgen"'):
        wire = DIGEST.replace('username="ann"', sent).encode().decode("latin-1")
        found = parse_authorization(wire)
        assert isinstance(found, DigestAnswer)
        assert found.user == "Jürgen"


def test_no_password_is_in_a_repr() -> None:
    assert "pw" not in repr(Basic("ann", "pw"))
    assert "tok" not in repr(Bearer("tok"))


@given(st.text(st.characters(max_codepoint=255), max_size=200))
def test_no_header_raises(text: str) -> None:
    for scheme in ("", "Basic ", "Digest ", "Bearer "):
        parse_authorization(scheme + text)


@given(st.binary(max_size=100))
def test_no_basic_credentials_raise(raw: bytes) -> None:
    parse_authorization(basic(raw))
