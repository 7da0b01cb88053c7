"""What strangers write into the log and the metrics: one line a request, no secret, no series of their own."""

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.dav import lockinfo, update
from tests.support.eventually import until
from tests.support.http import Client, head
from tests.support.serving import RunningServer, running_server

USERS = {"bob": "correct-horse"}
SECRET = "correct-horse"
LAST = "/the-last-one"
FORGED = '2026-01-01T00:00:00.000Z 192.0.2.1 admin "DELETE /" 200 0B 0.1ms forged'
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202e\ufeff]")
ACCESS = re.compile(r'[-0-9]{10}T[:.0-9]+Z 127\.0\.0\.1 (bob|-) "[^ ]+ [^ ]+" [0-9]{3} [0-9]+B [.0-9]+ms [-0-9a-f]+')
LINE = re.compile(r"[-0-9]{10}T[:.0-9]+Z ")
PATHS = (
    "/bob/%0A" + FORGED.replace(" ", "%20"), "/bob/%0D%0Aforged", "/bob/%1B[2J%1B]0;owned%07", "/bob/%C2%85x",
    "/bob/%C2%9B31m", "/bob/%E2%80%A8x", "/bob/%E2%80%AEx", "/bob/\x85\x9b31m", "/bob/\xe2\x80\xa8\xe2\x80\xae",
    '/bob/"%20200%200B', "/bob/x?password=correct-horse&token=correct-horse", "/bob/%s%n%(asctime)s{0}", "/bob/\\n\\r",
)  # fmt: skip
METHODS = ("GET", "PUT", "PROPFIND", "MKCOL", "DELETE", "X" * 200, "G'T", "get", "SECRET|x", "%s", "JEFE~`^")


@pytest.fixture(scope="module", params=["json", "text"])
def logged(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    settings = {
        "DAVDRIVE_LOG__FORMAT": request.param, "DAVDRIVE_LOG__ACCESS": "true", "DAVDRIVE_LOG__LEVEL": "debug",
        "DAVDRIVE_LOG__LIBRARIES": "debug", "DAVDRIVE_AUTH__THROTTLE_ADDRESS_FREE": "1000000",
        "DAVDRIVE_AUTH__THROTTLE_USER_FREE": "1000000", "DAVDRIVE_OBJECTS__INLINE_BYTES": "1",
        "DAVDRIVE_UPKEEP__IN_BACKGROUND": "false",  # it has lines and series of its own, at its own time
    }  # fmt: skip
    folder: Path = tmp_path_factory.mktemp("logged")
    with running_server(folder / "data", USERS, settings=settings) as running:
        yield running


def hostile_requests(bob: Client) -> int:
    """Send them; how many reached an application and so must have a line each."""
    sent = 0
    values = ("x\tforged", "\x85\x9b2J", "a" * 3000, FORGED, "\xe2\x80\xa8forged")
    for path in PATHS:
        for method in METHODS:
            bob.do(method, path, b"some bytes" if method == "PUT" else b"", {"User-Agent": values[sent % 5]})
            sent += 1
    for name in ("User-Agent", "Referer", "Destination", "If", "Depth", "X-Request-ID", "X-Forwarded-For", "Cookie"):
        for value in values:
            bob.do("COPY", "f", b"", {name: value})
            sent += 1
    for name in (b"bob\r\nforged", b"bob\x1b[2J", "bob\u2028x".encode(), FORGED.encode(), b"a:correct-horse"):
        secret = base64.b64encode(name + b":" + SECRET.encode()).decode()
        for scheme in ("Basic", "Bearer", "Negotiate", "Digest username="):
            bob.do("GET", "f", b"", {"Authorization": f"{scheme} {secret}"})
            sent += 1
    for body in (lockinfo(owner="\u202eforged&#10;" + FORGED), update(("{urn:x}a", "&#10;" + FORGED)), b"<\x1b[2J"):
        for method in ("LOCK", "PROPPATCH", "PROPFIND"):
            bob.do(method, "f", body, {"Depth": "0"})
            sent += 1
    return sent


def ask_last(client: Client, server: RunningServer, path: str) -> None:
    """A line comes after its answer: with this one's in the log, those of all requests before it are there."""
    client.do("GET", path)
    until(lambda: path in server.log())


def series(server: RunningServer) -> set[tuple[str, ...]]:
    """Every series by its name and labels, but for statuses and buckets."""
    text = Client(server.address).do("GET", "/-/metrics").text
    every = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {(s.name, *(value for key, value in sorted(s.labels.items()) if key not in ("status", "le"))) for s in every}


def test_every_request_is_one_line_that_says_so_and_no_other(logged: RunningServer) -> None:
    bob = logged.client("bob")
    bob.put("f", b"x")
    ask_last(bob, logged, "/the-one-before")
    begun = logged.log_file.stat().st_size
    sent = hostile_requests(bob)
    ask_last(bob, logged, LAST)
    lines = logged.log_file.read_bytes()[begun:].decode("utf-8", "strict").removesuffix("\n").split("\n")
    if lines[0].startswith("{"):
        told = [json.loads(line) for line in lines]
        access = [line for line in told if line["event"] == "request"]
        assert {line["user"] for line in access} <= {"bob", ""}
        assert {line["address"] for line in access} == {"127.0.0.1"}
        values = [str(value) for line in told if line["event"] != "request" for value in line.values()]
        assert not [value for value in values if CONTROL.search(value.replace("\n", ""))]
    else:
        assert all(LINE.match(line) for line in lines), [line for line in lines if not LINE.match(line)][:3]
        access = [line for line in lines if ACCESS.fullmatch(line)]
    assert not [line for line in lines if CONTROL.search(line)]
    assert len(access) == sent + 1
    assert not [line for line in lines if line.startswith("2026-01-01T00:00:00.000Z")]


def test_no_password_stands_in_the_log_however_it_was_sent(logged: RunningServer) -> None:
    bob = logged.client("bob")
    for user in ("bob", "nobody", "bob:" + SECRET, "\x00bob"):
        secret = base64.b64encode(f"{user}:{SECRET}".encode()).decode()
        for value in (secret, *(f"{scheme} {secret}" for scheme in ("Basic", "basic ", "Bearer", "Foo", "Basic x,"))):
            for method in ("GET", "PUT", "BOGUS"):
                bob.do(method, "f", b"", {"Authorization": value, "Cookie": f"session={secret}"})
        ask_last(bob, logged, f"/after-{secret[:12]}")
        assert secret not in logged.log()
    with bob.connection() as connection:  # a head that is refused: nothing of it is told
        connection.send(head("GET", "/bob/f", {**bob.headers(), "X A": SECRET}))
        assert connection.read().status == 400
    ask_last(bob, logged, "/after-a-refused-head")
    assert SECRET not in logged.log()


def test_no_stranger_makes_a_series(logged: RunningServer) -> None:
    """Memory and the database of whoever collects them grow with every label value: methods, users, paths, tokens."""
    bob = logged.client("bob")
    for method in ("GET", "PUT", "BOGUS", "PROPFIND", "PATCH", "POST", "COPY", "OPTIONS"):
        bob.do(method, "f")
    Client(logged.address).do("GET", "/bob/f")
    hostile_requests(bob)
    before = series(logged)
    for number in range(100):
        odd = Client(logged.address, f"user{number}" if number % 10 == 0 else "", "wrong", f"/drive{number}")
        odd.do(f"METHOD{number}", f"path{number}", b"", {"Host": f"h{number}", "X-Forwarded-For": f"192.0.2.{number}"})
        bob.do(f"ODD-{number}", f"p{number}", b"", {"If": f"(<urn:x:{number}>)", "User-Agent": str(number)})
    assert series(logged) == before
    text = Client(logged.address).do("GET", "/-/metrics").text
    for word in ("METHOD", "ODD", "user1", "drive1", "192.0.2", "bob"):
        assert word not in text
