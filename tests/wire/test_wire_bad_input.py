"""Bad input: each has its RFC status and a sentence, the connection goes on or ends as was said, the tree stays."""

import socket
import time

import pytest

from tests.support.dav import element_in, lockinfo, sentence_of, unchanged, update
from tests.support.http import Answer, Client, Connection, head
from tests.support.peers import Peer
from tests.wire.bad_input_cases import CASES, Bad

FEWEST_WORDS = 3
SECONDS_FOR_ALL = 5  # some twenty requests of a few milliseconds each


@pytest.fixture
def tree(bob: Client) -> Client:
    """A collection with the file `f` and the collection `d` that holds `g`."""
    bob.put("f", b"content")
    bob.mkcol("d")
    bob.put("d/g", b"inside")
    return bob


def is_defined(client: Client, connection: Connection, answer: Answer) -> None:
    """The connection is closed where the answer said so, and otherwise good for the next request."""
    if answer.closes:
        assert connection.is_closed_by_peer()
    else:
        assert client.on(connection, "OPTIONS").status == 200


def is_explained(answer: Answer) -> None:
    """An error has a sentence, and nothing of the server's inside."""
    sentence = sentence_of(answer)
    assert len(sentence.split()) >= FEWEST_WORDS, sentence
    assert "Traceback" not in answer.text
    assert ".py" not in answer.text
    assert answer.get("Content-Length") == str(len(answer.body))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_bad_input_has_its_status_and_a_sentence_and_changes_nothing(case: Bad, tree: Client) -> None:
    headers = {name: value and value.replace("{url}", tree.url("")) for name, value in case.headers.items()}
    with unchanged(tree), unchanged(tree, "d/"), tree.connection() as connection:
        answer = tree.on(connection, case.method, case.path, case.body, headers)
        assert answer.status == case.status, answer
        is_explained(answer)
        assert case.says.lower() in sentence_of(answer).lower()
        assert not case.element or element_in(answer, case.element), answer.text
        is_defined(tree, connection, answer)


@pytest.mark.parametrize("length", [6, 1_000_000], ids=["inline", "segments"])
def test_a_body_cut_short_leaves_what_was_there(length: int, tree: Client) -> None:
    message = head("PUT", tree.path("f"), tree.headers({"Content-Length": str(length)}))
    with unchanged(tree), tree.connection() as connection:
        connection.send(message + b"short"[: length - 1])
        connection.sock.shutdown(socket.SHUT_WR)
        answer = connection.read("PUT")
        assert answer.status == 400
        is_explained(answer)
        assert connection.is_closed_by_peer()


def test_an_over_long_body_is_not_part_of_the_file_and_ends_the_connection(tree: Client) -> None:
    message = head("PUT", tree.path("new"), tree.headers({"Content-Length": "3"}))
    with tree.connection() as connection:
        connection.send(message + b"abcTRAILING GARBAGE\r\n\r\n")
        assert connection.read("PUT").status == 201
        answer = connection.read()
        assert answer.status == 400
        assert answer.closes
        assert connection.is_closed_by_peer()
    assert tree.get("new").body == b"abc"


def test_a_chunked_body_cut_short_leaves_what_was_there(tree: Client) -> None:
    message = head("PUT", tree.path("f"), tree.headers({"Transfer-Encoding": "chunked"}))
    with unchanged(tree), tree.connection() as connection:
        connection.send(message + b"5\r\nfirst\r\n")
        connection.sock.shutdown(socket.SHUT_WR)
        assert connection.read("PUT").status == 400


def test_an_unnamed_client_that_goes_away_changes_nothing(tree: Client) -> None:
    with unchanged(tree):
        for _ in range(5):
            with tree.connection() as connection:
                message = head("PUT", tree.path("f"), tree.headers({"Content-Length": "900000"}))
                connection.send(message + b"x" * 300_000)


@pytest.mark.parametrize("method", ["GET", "PUT", "PROPFIND", "DELETE", "LOCK", "MKCOL"])
def test_every_bad_name_is_refused_by_every_method(method: str, tree: Client) -> None:
    for path in ("%00", "a%0Ab", "%2e%2e", "%FF", "a%2fb", "a%"):
        answer = tree.do(method, path)
        assert answer.status == 400, (path, answer)


PIECES = (
    '"',
    ";",
    ",",
    " ",
    "a",
    "(",
    "<",
    ":",
    "/",
    "%41",
    "=",
    '\\"',
    "a,",
    "<a>",
    "(<a:b>",
    "a=b;",
    "W/",
    "-",
    "1-,",
)
HEADERS = (
    "If", "If-Match", "If-Range", "Range", "Destination", "Depth", "Timeout", "Overwrite", "Lock-Token", "OC-Checksum",
    "Digest", "Repr-Digest", "Want-Repr-Digest", "Prefer", "X-OC-Mtime", "If-Modified-Since", "Accept",
    "Accept-Encoding", "Content-Type", "Cookie", "X-Forwarded-For", "Forwarded", "Host", "Expect", "X-Update-Range",
)  # fmt: skip


@pytest.mark.parametrize("name", HEADERS)
def test_no_header_costs_more_than_its_length(name: str, tree: Client) -> None:
    """A pattern that goes back over what it read takes seconds for this; the server's interpreter with it."""
    method = "MOVE" if name == "Destination" else "LOCK" if name == "Timeout" else "GET"
    began = time.monotonic()
    with unchanged(tree, "d/"):
        for piece in PIECES:
            answer = tree.do(method, "f", headers={name: piece * (30_000 // len(piece))})
            assert answer.status < 500 or answer.status == 502, (piece, answer)
    assert time.monotonic() - began < SECONDS_FOR_ALL


@pytest.mark.parametrize("method", ["PROPPATCH", "LOCK", "PROPFIND"])
def test_no_xml_body_costs_more_than_its_length(method: str, tree: Client) -> None:
    began = time.monotonic()
    for piece in ("o", "o:", "o ", "&amp;", "<x/>", "<!-- -->", ".", "]]&gt;"):
        text = piece * (400_000 // len(piece))
        bodies = {"PROPPATCH": update(("{urn:x}a", text)), "LOCK": lockinfo(owner=text), "PROPFIND": text.encode()}
        assert tree.do(method, "f", bodies[method], {"Depth": "0"}).status < 500
    assert time.monotonic() - began < SECONDS_FOR_ALL


def test_raw_bytes_of_utf8_and_odd_characters_are_names(bob: Client) -> None:
    for raw, encoded in (("n\u00e4me", "n%C3%A4me"), ("a;b", "a%3Bb"), ("a&b='c'", "a%26b%3D%27c%27"), ("a+b", "a+b")):
        assert bob.put(raw.encode().decode("latin-1"), b"x").status == 201
        assert bob.get(encoded).body == b"x"


def test_a_full_drive_says_so_and_keeps_its_files(peer: Peer) -> None:
    peer.server.command("drive", "quota", "alice", "1000")
    alice = peer.server.client("alice")
    assert alice.put("f", b"x" * 600).status == 201
    for body in (b"y" * 600, b"y" * 600_000, [b"y" * 300, b"y" * 300]):
        answer = alice.put("g", body)
        assert answer.status == 507
        assert element_in(answer, "quota-not-exceeded")
    assert alice.get("g").status == 404
    assert alice.transfer("COPY", "f", "copied").status == 507
    assert alice.get("f").body == b"x" * 600
    peer.server.command("drive", "quota", "alice", "none")
