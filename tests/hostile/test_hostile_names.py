"""Names that mean more to a database, to Unicode or to a proxy than they say: the place judged is the place used."""

import unicodedata
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from tests.support.commands import davdrive
from tests.support.dav import listing, locked, names_in, submitted, unlock
from tests.support.http import Client
from tests.support.serving import RunningServer, running_server

WILDCARDS = ("%", "_", "a%", "a_c", "%c", "a\\%c", "[a-c]", "a*c", "a?c", "\\", "%%", "a'c", "a--c")
"""Each beside a name that it would match as a pattern."""
MATCHED = ("abc", "axc", "a%c", "b")


def encoded(name: str) -> str:
    return quote(name, safe="")


@pytest.mark.parametrize("wild", WILDCARDS)
def test_a_wildcard_in_a_name_reaches_no_neighbour(wild: str, bob: Client) -> None:
    """Locks below, members, and a tree that is moved, deleted or copied: each is found by the beginning of a path."""
    name = encoded(wild)
    for each in (*MATCHED, name):
        bob.mkcol(encoded(each) if each in MATCHED else each)
        bob.put((encoded(each) if each in MATCHED else each) + "/in", each.encode())
    token = locked(bob, "abc/in")
    assert bob.do("DELETE", name + "/").status == 204, "a neighbour's lock stood in the way"
    assert bob.get("abc/in").text == "abc"
    assert names_in(bob) == {"f", "d", *map(encoded, MATCHED)}
    bob.mkcol(name)
    bob.put(name + "/in", b"again")
    own = locked(bob, name, depth="infinity")
    assert bob.put("axc/in", b"free", If="(Not <urn:x>)").status == 204
    assert bob.put(name + "/in", b"x", If=f"(<{token}>)").status in (412, 423)
    assert bob.transfer("MOVE", name, "moved", If=submitted(own)).status == 201
    assert names_in(bob) == {"f", "d", "moved", *map(encoded, MATCHED)}
    assert unlock(bob, "abc/in", token).status == 204, "it went with a neighbour's move"
    assert bob.transfer("COPY", "moved", name).status == 201
    assert len(listing(bob, name).hrefs) == 2


def test_a_command_that_breaks_the_locks_of_a_name_breaks_no_neighbours(server: RunningServer, bob: Client) -> None:
    tokens = {}
    for name in ("p%", "pxx", "p_", "py"):
        bob.mkcol(encoded(name))
        bob.put(encoded(name) + "/in", b"x")
        tokens[name] = locked(bob, encoded(name) + "/in")
    for name in ("p%", "p_"):
        davdrive("lock", "break", f"{bob.base}/{name}/in", data_dir=server.data_dir)
    left = {name for name, token in tokens.items() if unlock(bob, encoded(name) + "/in", token).status == 204}
    assert left == {"pxx", "py"}


FORMS = ("NFC", "NFD")


@pytest.mark.parametrize("locked_as", FORMS)
def test_another_spelling_of_a_name_is_the_same_place_for_locks_rights_and_conditions(
    locked_as: str, server: RunningServer, bob: Client
) -> None:
    """What is checked under one form of a name and used under another lets writes past a lock."""
    one, other = (encoded(unicodedata.normalize(form, "gr\u00fc\u00dfe \u1e69")) for form in _order(locked_as))
    assert one != other
    bob.mkcol(one)
    bob.put(one + "/in", b"bob's")
    token = locked(bob, one, depth="infinity")
    eve = server.client("eve", bob.base)
    for path in (other, other + "/in", other + "/new"):
        assert eve.put(path, b"stolen").status in (405, 423)
        assert eve.delete(path).status in (404, 423)
        assert eve.transfer("MOVE", "f", path, Overwrite="T").status == 423
        assert eve.transfer("COPY", "f", path, Overwrite="T").status == 423
    assert bob.put(other + "/in", b"bob's", If=f"<{bob.url(one)}> {submitted(token)}").status == 204
    assert bob.transfer("MOVE", other, one + "/inside", If=submitted(token)).status == 403
    assert bob.transfer("COPY", one, other, If=submitted(token)).status == 403
    assert bob.do("PUT", other + "/in", b"x", {"If-None-Match": "*"}).status == 412
    assert unlock(bob, other, token).status == 204
    assert len(names_in(bob)) == 3


def _order(first: str) -> tuple[str, ...]:
    return (first, *(form for form in FORMS if form != first))


LOOK_ALIKES = ("%EF%BC%8E%EF%BC%8E", "%E2%80%A4%E2%80%A4", "%E2%80%A5", "b%E2%80%8Bob", "%EF%BD%82ob")


@pytest.mark.parametrize("raw", LOOK_ALIKES)
def test_no_look_alike_is_a_climb_or_somebody_elses_drive(raw: str, server: RunningServer, bob: Client) -> None:
    """NFKC would make dots of full-width ones, and `bob` of full-width letters; a name is kept by NFC alone."""
    mallory = server.client("mallory", "")
    assert mallory.do("GET", f"/{raw}{bob.path('f').removeprefix('/bob')}").status in (400, 404)
    assert bob.do("GET", f"{bob.base}/d/{raw}/f").status == 404
    assert bob.put(f"d/{raw}", b"only a name").status == 201
    assert bob.get("f").text == "bob's own words"


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that the world knows below a prefix, which its proxy strips."""
    settings = {
        "DAVDRIVE_PUBLIC_URLS": "https://drive.example.org/dav",
        "DAVDRIVE_SERVER__TRUSTED_PROXIES": "127.0.0.1",
    }
    with running_server(
        tmp_path_factory.mktemp("behind") / "data", {"bob": "b", "mallory": "m", "dav": "d"}, settings=settings
    ) as running:
        yield running


def test_a_prefix_that_a_proxy_strips_opens_no_second_door(behind: RunningServer) -> None:
    """What is judged is what is used: `/dav` in a Destination is the proxy's, or the drive `dav` of a direct client."""
    seen = {"X-Forwarded-Host": "drive.example.org", "X-Forwarded-Proto": "https", "Host": "drive.example.org"}
    bob, mallory = behind.client("bob", ""), behind.client("mallory", "")
    bob.do("PUT", "/bob/f", b"bob's")
    mallory.do("PUT", "/mallory/own", b"m")
    public = "https://drive.example.org"
    for target in (
        "/bob/f", "/dav/bob/f", "/dav/dav/bob/f", "/dav/../bob/f", "/dav/%2e%2e/bob/f", "/dav//bob/f", "//dav/bob/f",
        "/davbob/f", "/dav/remote.php/dav/files/bob/f", "/remote.php/dav/files/bob/f", "/DAV/bob/f", "/%64av/bob/f",
    ):  # fmt: skip
        for form in (target, public + target, behind.url + target):
            for method in ("COPY", "MOVE"):
                answer = mallory.do(method, "/mallory/own", b"", {**seen, "Destination": form, "Overwrite": "T"})
                assert answer.status in (400, 403, 404, 409, 502), (form, answer.status)
    assert bob.do("GET", "/bob/f").text == "bob's"
    assert mallory.do("GET", "/mallory/own").text == "m"
    made = {**seen, "Destination": f"{public}/dav/mallory/copy"}
    assert mallory.do("COPY", "/mallory/own", b"", made).status == 201
    assert mallory.do("GET", "/mallory/copy").text == "m"
