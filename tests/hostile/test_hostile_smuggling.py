"""A second request hidden behind or in the body of a first one (RFC 9112 §11.2): over the real server."""

import contextlib

import pytest

from tests.hostile.smuggling import CASES, WHOLE, Smuggled
from tests.support.http import Answer, Client, Connection, head
from tests.support.serving import RunningServer

FEWEST = 80
MUCH = 200_000
"""More than a server reads away of a body that it refused."""


def hidden(bob: Client) -> bytes:
    """The second request: it is bob's own, as a proxy's connection carries requests of many."""
    return head("DELETE", bob.path("f"), bob.headers())


def only_answer(connection: Connection) -> Answer:
    """The one answer that comes before the server ends the connection."""
    answer = connection.read("PUT")
    assert answer.closes
    rest = b""
    with contextlib.suppress(ConnectionResetError):  # closed all the same
        rest = connection.sock.recv(65536)
    assert rest == b"", f"a second answer: {rest[:200]!r}"
    return answer


@pytest.mark.parametrize("case", CASES, ids=str)
def test_no_hidden_request_is_carried_out_or_answered(case: Smuggled, bob: Client) -> None:
    first = head("PUT", bob.path("new"), bob.headers())[:-2]
    with bob.connection() as connection:
        connection.send(first + case.framing + b"\r\n" + case.body + hidden(bob))
        assert only_answer(connection).status == case.status
    assert bob.get("f").text == "bob's own words"
    assert bob.get("new").status == 404


def test_the_table_of_hidden_requests_is_long_and_its_second_request_would_work(bob: Client) -> None:
    """What none of them may do is done by the same bytes behind a body of a plain length, and behind plain chunks."""
    assert len(CASES) > FEWEST
    for framing, body in ((b"Content-Length: 5\r\n", b"hello"), (b"Transfer-Encoding: chunked\r\n", WHOLE)):
        bob.put("f", b"bob's own words")
        with bob.connection() as connection:
            first = head("PUT", bob.path("new"), bob.headers())[:-2]
            connection.send(first + framing + b"\r\n" + body + hidden(bob))
            assert connection.read("PUT").status in (201, 204)
            assert connection.read("DELETE").status == 204
        assert bob.get("f").status == 404


REFUSED = {
    "401": ("PUT", {"Authorization": None}, 401),
    "401 by a wrong password": ("PUT", {"Authorization": "Basic bm9ib2R5OndXfQ=="}, 401),
    "413": ("PUT", {"Content-Length": str(1 << 60)}, 413),
    "412": ("PUT", {"If-Match": '"other"'}, 412),
    "405": ("POST", {}, 405),
    "415": ("MKCOL", {}, 415),
    "417": ("PUT", {"Expect": "miracles"}, 417),
    "501": ("FROBNICATE", {}, 501),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_request_in_the_body_of_a_refused_one_is_never_carried_out(name: str, bob: Client) -> None:
    """The answer comes before the body is read: what is left of it must not be taken for the next request."""
    method, more, status = REFUSED[name]
    place = "new" if method == "MKCOL" else "f"
    inside = hidden(bob)
    for length in (len(inside) + MUCH, len(inside)):
        message = head(method, bob.path(place), bob.headers({"Content-Length": str(length), **more}))
        with bob.connection() as connection:
            connection.send(message + inside)
            answer = connection.read(method)
            assert answer.status == status
            if not answer.closes:  # the body was here as a whole, and was read away as what it is
                assert bob.on(connection, "GET", "f").text == "bob's own words"
            else:
                assert connection.is_closed_by_peer()
    assert bob.get("f").text == "bob's own words"


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "DELETE", "PROPFIND", "UNLOCK", "COPY"])
def test_a_body_where_none_is_awaited_is_no_request(method: str, bob: Client) -> None:
    inside = hidden(bob)
    about = {"Content-Length": str(len(inside)), "Depth": "0", "Destination": bob.url("copy")}
    with bob.connection() as connection:
        place = "d" if method == "DELETE" else "f"
        connection.send(head(method, bob.path(place), bob.headers(about)) + inside)
        answer = connection.read(method)
        assert answer.closes or bob.on(connection, "GET", "f").text == "bob's own words"
    assert bob.get("f").text == "bob's own words"


def test_whole_urls_as_targets_go_through_the_same_door(server: RunningServer, bob: Client) -> None:
    """A target that names a host (RFC 9112 §3.2.2): the path in it is judged like any other, whatever the host says."""
    mallory = server.client("mallory", "")
    for origin in (bob.origin, "http://evil.example", "HTTP://x:1", "https://127.0.0.1"):
        with bob.connection() as connection:
            connection.send(head("GET", origin + bob.path("f"), bob.headers()))
            assert connection.read().text == "bob's own words"
        for path in (bob.path("f"), f"/remote.php/dav/files{bob.path('f')}", f"/mallory/..{bob.path('f')}"):
            message = head("GET", origin + path, mallory.headers())
            with mallory.connection() as connection:
                connection.send(message)
                assert connection.read().status in (400, 404)
    for target in ("http://x\\@y/bob/", "http://u:p@x/bob/", "http:///bob/", "http:/bob/f", "//bob/f", "http://x#/bob/f"):
        with mallory.connection() as connection:
            connection.send(head("DELETE", target, mallory.headers()))
            assert connection.read().status in (400, 404)
    with bob.connection() as connection:  # the host of the target is what Destination is compared with, Host is not
        about = {"Destination": "http://evil.example" + bob.path("copy")}
        connection.send(head("COPY", bob.origin + bob.path("f"), bob.headers({**about, "Host": "evil.example"})))
        assert connection.read().status == 502
