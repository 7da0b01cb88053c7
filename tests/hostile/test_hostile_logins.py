"""Names and passwords at their limits, and Authorization in every shape (RFC 7617, RFC 9110 §11.4), over the wire."""

import base64

import pytest

from tests.support.commands import davdrive
from tests.support.http import Answer, Client, head
from tests.support.people import add_user
from tests.support.serving import RunningServer

LONGEST_NAME, LONGEST_PASSWORD = 255, 1024
"""Bytes. A name is one of a file too, and Argon2 need not hash more than anybody types."""


def basic(raw: bytes, scheme: str = "Basic ") -> str:
    return scheme + base64.b64encode(raw).decode()


def asked(server: RunningServer, value: str, path: str = "/bob/") -> Answer:
    return Client(server.address).do("PROPFIND", path, b"", {"Authorization": value, "Depth": "0"})


RIGHT = b"bob:bob's secret"
LET_IN = {
    "as it is": basic(RIGHT),
    "a scheme in small letters": basic(RIGHT, "basic "),
    "a scheme in capitals": basic(RIGHT, "BASIC "),
    "two spaces": basic(RIGHT, "Basic  "),
    "a domain, as Windows sends it": basic(b"DOMAIN\\" + RIGHT),
}
KEPT_OUT = {
    "nothing": "", "a scheme alone": "Basic", "a scheme and a space": "Basic ", "no scheme": basic(RIGHT, ""),
    "a tab": basic(RIGHT, "Basic\t"), "a colon": basic(RIGHT, "Basic: "), "an equals sign": basic(RIGHT, "Basic="),
    "a name in capitals": basic(RIGHT.upper()), "a name with a capital": basic(b"B" + RIGHT[1:]),
    "a space behind the name": basic(b"bob :bob's secret"), "a space before the name": basic(b" " + RIGHT),
    "a space behind the password": basic(RIGHT + b" "), "a NUL behind the password": basic(RIGHT + b"\0"),
    "a NUL behind the name": basic(b"bob\0:bob's secret"), "a line feed": basic(RIGHT + b"\n"),
    "the password's beginning": basic(RIGHT[:-1]), "more than the password": basic(RIGHT + b"x"),
    "an empty password": basic(b"bob:"), "an empty name": basic(b":bob's secret"), "a colon alone": basic(b":"),
    "no colon": basic(b"bob"), "a zero-width space": basic("bob\u200b:bob's secret".encode()),
    "full-width letters": basic("\uff42\uff4f\uff42:bob's secret".encode()), "no UTF-8": basic(b"b\xffb:bob's secret"),
    "a path for a name": basic(b"../bob:bob's secret"), "SQL": basic(b"bob' OR '1'='1:x"),
    "LIKE": basic(b"b%:bob's secret"),
    "two names": basic(RIGHT) + ", " + basic(b"eve:x"), "a parameter": basic(RIGHT) + ";a=b",
    "padding too much": basic(RIGHT) + "==", "padding inside": "Basic Ym9i=" + basic(RIGHT, ""),
    "base64 for URLs": "Basic " + base64.urlsafe_b64encode("bob:\xff\xfe?>".encode("latin-1")).decode(),
    "another scheme": basic(RIGHT, "Bearer "), "Digest": basic(RIGHT, "Digest "),
    "Negotiate": basic(RIGHT, "Negotiate "),
    "bytes over 127": "Basic \xe9\xe8", "an app password's number alone": basic(b"bob:1-"),
    "an app password of number 0": basic(b"bob:0-bob's secret"), "a huge number": basic(b"bob:" + b"9" * 15 + b"-x"),
    "a name over its limit": basic(b"u" * (LONGEST_NAME + 1) + b":x"), "a huge password": basic(b"bob:" + b"p" * 5000),
    "a header of 20,000": basic(b"bob:" + b"p" * 15_000),
}  # fmt: skip


@pytest.mark.parametrize("name", LET_IN)
def test_the_right_password_lets_in_in_each_shape_that_clients_send(name: str, server: RunningServer) -> None:
    assert asked(server, LET_IN[name]).status == 207


@pytest.mark.parametrize("name", KEPT_OUT)
def test_nothing_but_the_name_and_its_password_lets_in(name: str, server: RunningServer) -> None:
    for path in ("/bob/", "/-/tus/bob/x"):
        answer = asked(server, KEPT_OUT[name], path)
        assert answer.status == 401, path
        assert answer.get("WWW-Authenticate").startswith('Basic realm="davdrive"')


def test_every_door_asks_who_is_there(server: RunningServer) -> None:
    doors = ("/", "/bob/", "/nobody/", "/-/tus/bob/x", "/remote.php/dav/files/bob/", "/remote.php/dav/uploads/bob/")
    for path in doors:
        for method in ("GET", "HEAD", "PUT", "PROPFIND", "DELETE", "LOCK", "MOVE", "POST", "PATCH", "REPORT", "BOGUS"):
            assert Client(server.address).do(method, path).status == 401, (method, path)


def test_two_authorizations_are_none(server: RunningServer, bob: Client) -> None:
    """A proxy that judged the first must not let the second in behind it."""
    for lines in ((basic(RIGHT), basic(b"eve:x")), (basic(b"eve:x"), basic(RIGHT)), (basic(RIGHT), basic(RIGHT))):
        message = head("GET", bob.path("f"), {"Host": "x", "Authorization": lines[0], "authorization": lines[1]})
        with bob.connection() as connection:
            connection.send(message)
            assert connection.read().status == 400


def test_names_and_passwords_at_their_limits_let_in_and_one_past_them_cannot_be_made(server: RunningServer) -> None:
    name, password = "\u00fc" * (LONGEST_NAME // 2) + "u", "\u20ac" * (LONGEST_PASSWORD // 3) + "p"
    assert (len(name.encode()), len(password.encode())) == (LONGEST_NAME, LONGEST_PASSWORD)
    add_user(server.data_dir, name, password)
    client = Client(server.address, name, password, f"/{name}")
    assert client.do("PUT", "/" + "%C3%BC" * (LONGEST_NAME // 2) + "u/f", b"x").status == 201
    assert Client(server.address, name, password + "p").do("GET", "/").status == 401
    assert Client(server.address, name, password[:-1]).do("GET", "/").status == 401
    for bad_name, bad_password in ((name + "u", "x"), ("fine", password + "p"), ("fine", "")):
        made = davdrive(
            "user",
            "add",
            bad_name,
            "--password-stdin",
            data_dir=server.data_dir,
            stdin=bad_password + "\n",
            check=False,
        )
        assert made.returncode != 0
        assert "Traceback" not in made.stderr
