"""Doing what one has no right to: through another method, another's token, another site's page."""

import statistics
import time

import pytest

from tests.support.dav import lockinfo
from tests.support.http import Client
from tests.support.serving import RunningServer

CHANGES = ("PUT", "MKCOL", "DELETE", "PROPPATCH", "LOCK", "PATCH", "COPY", "MOVE")


@pytest.mark.parametrize("method", CHANGES)
def test_one_who_may_only_look_changes_nothing_by_any_method(method: str, server: RunningServer, bob: Client) -> None:
    alice = server.client("alice", bob.base)
    body = lockinfo() if method == "LOCK" else b""
    place = "new" if method == "MKCOL" else "f"
    answer = alice.do(method, place, body, {"Destination": alice.url("copy")})
    assert answer.status in (403, 404, 405, 415, 400), answer.status
    assert bob.get("f").text == "bob's own words"
    assert bob.get("copy").status == bob.get("new").status == 404


@pytest.mark.parametrize("method", ["COPY", "MOVE"])
@pytest.mark.parametrize("user", ["alice", "mallory"])
def test_no_copy_or_move_into_a_drive_where_one_may_not_write(
    method: str, user: str, server: RunningServer, bob: Client
) -> None:
    thief = server.client(user)
    thief.put("own", b"own")
    for target in ("f", "copy", "d", "d/g"):
        answer = thief.do(method, "own", headers={"Destination": bob.url(target), "Overwrite": "T"})
        assert answer.status in (403, 404, 409), answer.status
    assert bob.get("f").text == "bob's own words"


def test_no_copy_out_of_a_drive_that_one_may_not_see(server: RunningServer, bob: Client) -> None:
    mallory = server.client("mallory")
    answer = mallory.do("COPY", bob.path("f"), headers={"Destination": mallory.url("stolen")})
    assert answer.status == 404
    assert mallory.get("stolen").status == 404
    answer = mallory.do("COPY", f"/remote.php/dav/files{bob.path('f')}", headers={"Destination": mallory.url("stolen")})
    assert answer.status == 404
    assert bob.get("f").status == 200


def test_anothers_lock_token_opens_renews_and_ends_nothing(server: RunningServer, bob: Client) -> None:
    """Everybody who may read sees the token (RFC 4918 §6.8); it is of use to its holder alone."""
    token = bob.do("LOCK", "f", lockinfo(), {"Timeout": "Second-600"}).token
    eve = server.client("eve", bob.base)
    assert eve.put("f", b"stolen", If=f"(<{token}>)").status == 423
    assert eve.do("LOCK", "f", headers={"If": f"(<{token}>)"}).status in (403, 412)
    assert eve.do("UNLOCK", "f", headers={"Lock-Token": f"<{token}>"}).status in (403, 409)
    assert eve.do("DELETE", "f", headers={"If": f"(<{token}>)"}).status == 423
    assert eve.do("MOVE", "f", headers={"If": f"(<{token}>)", "Destination": eve.url("moved")}).status == 423
    assert eve.do("PROPPATCH", "f", b"", {"If": f"(<{token}>)"}).status in (400, 423)
    assert bob.put("f", b"still bob's", If=f"(<{token}>)").status == 204
    assert bob.do("UNLOCK", "f", headers={"Lock-Token": f"<{token}>"}).status == 204


def test_a_token_of_another_drive_is_of_no_use(server: RunningServer, bob: Client) -> None:
    eve = server.client("eve")
    own = eve.put("own", b"own") and eve.do("LOCK", "own", lockinfo()).token
    token = bob.do("LOCK", "f", lockinfo()).token
    assert server.client("eve", bob.base).put("f", b"stolen", If=f"(<{own}>)").status == 423
    assert eve.do("UNLOCK", "own", headers={"Lock-Token": f"<{token}>"}).status == 409
    for client, place, held in ((eve, "own", own), (bob, "f", token)):
        assert client.do("UNLOCK", place, headers={"Lock-Token": f"<{held}>"}).status == 204


@pytest.mark.parametrize("guess", ["opaquelocktoken:", "DAV:no-lock", "urn:uuid:00000000-0000-4000-8000-000000000000"])
def test_no_made_up_token_opens_a_lock(guess: str, server: RunningServer, bob: Client) -> None:
    token = bob.do("LOCK", "f", lockinfo()).token
    eve = server.client("eve", bob.base)
    for condition in (f"(<{guess}>)", f"(Not <{guess}>)", f"(<{guess}>) (Not <{guess}>)", f"(<{token[:-1]}0>)"):
        assert eve.put("f", b"stolen", If=condition).status in (400, 412, 423)
    assert bob.do("UNLOCK", "f", headers={"Lock-Token": f"<{token}>"}).status == 204


def test_what_one_may_not_see_looks_like_what_is_not_there(server: RunningServer, bob: Client) -> None:
    mallory = server.client("mallory", "")
    for method in ("GET", "HEAD", "PROPFIND", "PUT", "DELETE", "MKCOL", "OPTIONS", "LOCK", "UNLOCK", "COPY"):
        headers = {"Destination": mallory.origin + "/mallory/x", "Lock-Token": "<urn:uuid:1>", "Depth": "0"}
        body = lockinfo() if method == "LOCK" else b""
        there = mallory.do(method, "/bob/f", body, headers)
        missing = mallory.do(method, "/nobody/f", body, headers)
        assert there.status == missing.status, method
        assert there.body.replace(b"bob", b"nobody") == missing.body, method


def test_another_sites_page_cannot_write_with_a_browsers_remembered_password(
    server: RunningServer, bob: Client
) -> None:
    """Such a page can send GET, HEAD and POST of three content types, and nothing else without being allowed to."""
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    for path in ("f", "d/", "", "/", "/-/tus/bob", "/-/tus/bob/", f"/remote.php/dav/files{bob.path('f')}"):
        for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
            for override in ({}, {"X-HTTP-Method-Override": "DELETE"}):
                answer = bob.do("POST", path, b"name=x", {**foreign, "Content-Type": content_type, **override})
                assert answer.status in (400, 403, 404, 405, 412, 415, 501), (path, answer.status)
    assert bob.get("f").text == "bob's own words"
    for path in ("f", "/-/tus/bob"):
        asked = bob.do("OPTIONS", path, headers={**foreign, "Access-Control-Request-Method": "PUT"})
        allowed = asked.get("Access-Control-Allow-Origin")
        assert allowed in ("", "null") or "evil" not in allowed
        assert allowed != "*" or "Authorization" not in asked.get("Access-Control-Allow-Headers")


def test_a_bad_password_costs_no_less_for_a_user_that_is_not_there(server: RunningServer) -> None:
    def times(user: str) -> float:
        spent = []
        for _ in range(5):
            began = time.perf_counter()
            assert Client(server.address, user, "wrong").do("GET", "/bob/f").status in (401, 429)
            spent.append(time.perf_counter() - began)
        return statistics.median(spent)

    known, unknown = times("eve"), times("nobody at all")
    assert unknown > known / 3, f"a user that is not there is refused in {unknown:.4f} s, another in {known:.4f} s"
