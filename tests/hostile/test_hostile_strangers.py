"""What one may not see, by every door: each answer is that for a place that never was, but for the name in it."""

import base64
import statistics
import time

import pytest

from tests.support.dav import lockinfo, prop, update
from tests.support.http import Answer, Client
from tests.support.serving import RunningServer

TUS = {"Tus-Resumable": "1.0.0"}
STREAM = {"Content-Type": "application/offset+octet-stream"}
UPLOADS = "/remote.php/dav/uploads"
ROUNDS = 60
MOST_LONGER = 1.6


def told(answer: Answer, name: str = "bob") -> tuple[object, ...]:
    """All that an answer says, the drive's name in it made another's of the same length; not its time and number."""
    headers = [(key, value) for key, value in answer.headers if key not in ("Date", "X-Request-Id")]
    return answer.status, repr(headers).replace(name, "nob"), answer.body.replace(name.encode(), b"nob")


def bodies(method: str) -> bytes:
    """A body that the method takes."""
    return {"LOCK": lockinfo(), "PROPPATCH": update(("{urn:x}a", "b")), "PUT": b"x", "PATCH": b"x"}.get(method, b"")


WAYS = (
    "GET", "HEAD", "PUT", "MKCOL", "DELETE", "PROPFIND", "PROPPATCH", "LOCK", "UNLOCK", "COPY", "MOVE", "PATCH", "POST",
    "OPTIONS", "REPORT",
)  # fmt: skip


@pytest.mark.parametrize("method", WAYS)
def test_a_drive_that_is_not_ones_own_answers_like_one_that_never_was(
    method: str, server: RunningServer, bob: Client
) -> None:
    """Where something is, where nothing is, below a file; with conditions, and with a body that does not fit."""
    mallory = server.client("mallory", "")
    token = bob.do("LOCK", "d", lockinfo(), {"Timeout": "Second-60"}).token
    extra: tuple[dict[str, str], ...] = (
        {}, {"If-Match": bob.get("f").etag}, {"If-None-Match": "*"}, {"If": f"(<{token}>)"},
        {"Overwrite": "F"}, {"X-Update-Range": "append", "Content-Type": "application/x-sabredav-partialupdate"},
    )  # fmt: skip
    for mount in ("", "/remote.php/dav/files"):
        for place in ("f", "d", "d/g", "missing", "missing/x", "f/x", ""):
            for more in extra:
                path = mount + bob.path(place)
                always = {"Destination": f"{mallory.origin}/mallory/x", "Depth": "0", "Lock-Token": f"<{token}>"}
                there = mallory.do(method, path, bodies(method), {**always, **more})
                never = mallory.do(method, path.replace("/bob", "/nob"), bodies(method), {**always, **more})
                assert told(there) == told(never), (path, more)
    assert bob.do("UNLOCK", "d", headers={"Lock-Token": f"<{token}>"}).status == 204


@pytest.mark.parametrize("method", ["PUT", "MKCOL", "DELETE", "LOCK", "MOVE"])
def test_a_write_takes_as_long_where_something_is_as_where_nothing_is(
    method: str, server: RunningServer, bob: Client
) -> None:
    mallory = server.client("mallory", "")
    took: dict[str, list[float]] = {bob.path("d/g"): [], bob.path("d/g").replace("/bob", "/nob"): []}
    with mallory.connection() as connection:
        for _ in range(ROUNDS):
            for each, times in took.items():
                began = time.perf_counter()
                about = {"Destination": f"{mallory.origin}/mallory/x"}
                assert mallory.on(connection, method, each, bodies(method), about).status == 404
                times.append(time.perf_counter() - began)
    one, other = (statistics.median(each) for each in took.values())
    assert one < MOST_LONGER * other, f"{one * 1e6:.0f} µs where something is, {other * 1e6:.0f} µs where nothing is"


@pytest.mark.parametrize("method", ["COPY", "MOVE"])
@pytest.mark.parametrize(("user", "sees"), [("mallory", False), ("alice", True)])
def test_rights_on_one_side_alone_are_none(
    method: str, user: str, sees: bool, server: RunningServer, bob: Client
) -> None:
    """All four: from and to a drive in which one may write, or may not. A viewer may copy out, and that is all."""
    thief = server.client(user)
    own, foreign = thief.path("own"), bob.path("f")
    thief.put("own", b"own")
    for source, target, allowed in (
        (own, thief.path("new"), True),
        (own, bob.path("new"), False),
        (own, foreign, False),
        (foreign, thief.path("new"), sees and method == "COPY"),
        (foreign, bob.path("new"), False),
        (foreign, bob.path("d/g"), False),
    ):
        for overwrite in ("F", "T"):
            answer = thief.do(method, source, headers={"Destination": target, "Overwrite": overwrite})
            assert (answer.status == 201) is allowed, (source, target, answer.status)
            if not allowed and not sees:
                never = {"Destination": target.replace("/bob", "/nob"), "Overwrite": overwrite}
                assert told(answer) == told(thief.do(method, source.replace("/bob", "/nob"), headers=never))
            thief.delete("new")
            thief.put("own", b"own")
    assert [bob.get(each).text for each in ("f", "d/g")] == ["bob's own words", "bob's other words"]
    assert bob.get("new").status == 404


def test_no_condition_asks_about_a_drive_that_one_may_not_see(server: RunningServer, bob: Client) -> None:
    """An If header names any place (RFC 4918 §10.4): its ETags and locks must not be tried out by strangers."""
    mallory = server.client("mallory")
    etag, token = bob.get("f").etag, bob.do("LOCK", "f", lockinfo(), {"Timeout": "Second-60"}).token
    for condition in (f"([{etag}])", f"(Not [{etag}])", f"(<{token}>)", f"(Not <{token}>)", "(Not <DAV:no-lock>)"):
        for method in ("PUT", "GET", "DELETE", "COPY", "MOVE", "LOCK"):
            answers = []
            for path in (bob.path("f"), bob.path("f").replace("/bob", "/nob")):
                mallory.put("own", b"own")
                about = {"If": f"<{bob.origin}{path}> {condition}", "Destination": bob.path("new")}
                answers.append(told(mallory.do(method, "own", bodies(method), about))[0])
                _unlocked(mallory, "own")
            assert answers[0] == answers[1], (method, condition)
    assert bob.do("UNLOCK", "f", headers={"Lock-Token": f"<{token}>"}).status == 204


def _unlocked(client: Client, name: str) -> None:
    shown = client.do("PROPFIND", name, prop("{DAV:}lockdiscovery"), {"Depth": "0"})
    if "locktoken" in shown.text:
        token = shown.text.partition("<D:locktoken><D:href>")[2].partition("<")[0]
        client.do("UNLOCK", name, headers={"Lock-Token": f"<{token}>"})


@pytest.mark.parametrize("user", ["mallory", "alice", "eve"])
def test_an_upload_of_anothers_is_not_there(user: str, server: RunningServer, bob: Client) -> None:
    """Also for those who may write in the drive: they neither see it nor touch it, by its name or by its id."""
    folder = f"{UPLOADS}/bob/{bob.base.rpartition('/')[2]}"
    assert bob.do("MKCOL", folder).status == 201
    assert bob.do("PUT", folder + "/1", b"first").status == 201
    name = base64.b64encode(b"tus").decode()
    about = {**TUS, "Upload-Length": "5", "Upload-Metadata": f"filename {name}"}
    place = bob.do("POST", f"/-/tus{bob.base}", b"", about).get("Location").removeprefix(bob.origin)
    other = server.client(user, "")
    offset = {**TUS, **STREAM, "Upload-Offset": "0"}
    doors = [
        ("PROPFIND", folder, b"", {"Depth": "1"}), ("PUT", folder + "/2", b"zz", {}), ("PUT", folder + "/1", b"zz", {}),
        ("DELETE", folder + "/1", b"", {}), ("DELETE", folder, b"", {}), ("GET", folder + "/1", b"", {}),
        ("MOVE", folder + "/.file", b"", {"Destination": f"/{user}/stolen"}),
        ("MOVE", folder + "/.file", b"", {"Destination": "/bob/stolen"}),
        ("HEAD", place, b"", TUS), ("PATCH", place, b"zz", offset), ("DELETE", place, b"", TUS),
        ("POST", place, b"zz", {**offset, "X-HTTP-Method-Override": "PATCH"}),
        ("HEAD", place.replace("/bob/", f"/{user}/"), b"", TUS),
    ]  # fmt: skip
    for method, path, body, headers in doors:
        never = path.replace(bob.base.rpartition("/")[2], "never").replace(place.rpartition("/")[2], "never")
        there = other.do(method, path, body, headers)
        assert there.status in (404, 405), (method, path, there.status)
        assert told(there) == told(other.do(method, never, body, headers)), (method, path)
    listed = other.do("PROPFIND", f"{UPLOADS}/bob", b"", {"Depth": "1"})
    assert folder not in listed.text
    assert bob.do("HEAD", place, headers=TUS).get("Upload-Offset") == "0"
    assert bob.do("MOVE", folder + "/.file", headers={"Destination": bob.url("whole")}).status == 201
    assert bob.get("whole").text == "first"
    assert bob.do("DELETE", place, headers=TUS).status == 204


def test_no_number_of_anothers_drive_is_told(server: RunningServer, bob: Client) -> None:
    """Quota, ids and names: a stranger's own list has the stranger's own drive."""
    numbers = prop("{DAV:}quota-used-bytes", "{DAV:}quota-available-bytes", "{http://owncloud.org/ns}id")
    mallory = server.client("mallory", "")
    own = mallory.do("PROPFIND", "/", numbers, {"Depth": "1"}).text
    bob.put("large", b"x" * 123_457)
    assert mallory.do("PROPFIND", "/", numbers, {"Depth": "1"}).text == own
    assert "bob" not in own
    assert "bob" not in mallory.do("GET", "/", headers={"Accept": "text/html"}).text
    for path in (bob.path("f"), "/bob/"):
        there = mallory.do("PROPFIND", path, numbers, {"Depth": "0"})
        assert told(there) == told(mallory.do("PROPFIND", path.replace("/bob", "/nob"), numbers, {"Depth": "0"}))


def test_a_lock_token_is_told_to_those_who_may_read_and_in_no_error_and_no_log(
    server: RunningServer, bob: Client
) -> None:
    """In lockdiscovery (RFC 4918 §6.8), where clients recover it; a refusal tells whose lock it is, not its token."""
    token = bob.do("LOCK", "f", lockinfo(), {"Timeout": "Second-60"}).token
    asked = prop("{DAV:}lockdiscovery")
    assert token in server.client("alice", bob.base).do("PROPFIND", "f", asked, {"Depth": "0"}).text
    assert token not in server.client("mallory", bob.base).do("PROPFIND", "f", asked, {"Depth": "0"}).text
    for user in ("alice", "eve", "mallory"):
        other = server.client(user, bob.base)
        for method in ("PUT", "DELETE", "LOCK", "MOVE", "COPY", "PROPPATCH", "PATCH", "UNLOCK", "MKCOL"):
            about = {"Destination": other.url("d/g"), "Lock-Token": "<urn:uuid:0>", "X-Update-Range": "append"}
            answer = other.do(method, "f", bodies(method), about)
            if method != "COPY" or user != "eve":
                assert answer.status >= 400, (user, method)
            assert token not in answer.text + repr(answer.headers)
    assert bob.do("UNLOCK", "f", headers={"Lock-Token": f"<{token}>"}).status == 204
    assert token not in server.log()
