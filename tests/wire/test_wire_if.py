"""The If header in all its forms (RFC 4918 §10.4), judged with everything else when the change is committed."""

import pytest

from tests.support.dav import element_in, locked, take_lock, unchanged
from tests.support.http import Client
from tests.support.peers import Peer

WRONG = "urn:uuid:00000000-0000-4000-8000-000000000000"


@pytest.fixture
def tags(bob: Client) -> dict[str, str]:
    """What a case may name: the URL of `f` in its forms, its lock's token, ETags, and another file."""
    bob.put("f", b"old")
    bob.put("other", b"other")
    etag = bob.get("f").etag
    return {
        "url": bob.url("f"),
        "path": bob.path("f"),
        "elsewhere": "http://elsewhere.example/f",
        "other": bob.url("other"),
        "otheretag": bob.get("other").etag,
        "token": locked(bob, "f"),
        "etag": etag,
        "wrong": WRONG,
    }


CASES = [
    ("(<{token}>)", 204),
    ("(<{token}> [{etag}])", 204),
    ('(<{token}> ["other"])', 412),
    ("(<{token}>) ([{etag}])", 204),
    ("([{etag}])", 423),
    ("(Not <{wrong}>)", 423),
    ("(<{token}> Not <{wrong}>)", 204),
    ("(Not <{token}>)", 412),
    ('(<{token}> Not ["other"])', 204),
    ("(<{token}> Not [{etag}])", 412),
    ("(<{wrong}>)", 423),
    ("(<{wrong}>) (<{token}>)", 204),
    ('(<{wrong}> ["other"]) (<{token}> [{etag}])', 204),
    ("(<DAV:no-lock>)", 412),
    ("(<{token}>) (Not <DAV:no-lock>)", 204),
    ("(<{wrong}>) (Not <DAV:no-lock>)", 423),
    ("<{url}> (<{token}>)", 204),
    ("<{path}> (<{token}>)", 204),
    ("<{url}> (<{token}> [{etag}])", 204),
    ("<{other}> (<{token}>)", 412),
    ("<{other}> ([{otheretag}]) <{url}> (<{token}>)", 204),
    ("<{other}> ([{otheretag}]) <{url}> (<{wrong}>)", 423),
    ("<{elsewhere}> (<{token}>)", 412),
    ("<{elsewhere}> (Not <{token}>)", 204),
    ("<{url}>(<{token}>)(<{wrong}>)", 204),
    ("   (  <{token}>\t[{etag}]  )  ", 204),
    ("(<{token}> [W/{etag}])", 412),
]


@pytest.mark.parametrize(("value", "status"), CASES)
def test_a_put_under_a_lock_follows_the_if_header(value: str, status: int, tags: dict[str, str], bob: Client) -> None:
    answer = bob.put("f", b"new", If=value.format(**tags))
    assert answer.status == status, answer
    assert bob.get("f").body == (b"new" if status == 204 else b"old")
    if status == 423:
        assert element_in(answer, "lock-token-submitted")


def test_a_token_opens_the_lock_wherever_it_stands_in_a_header_that_holds(bob: Client) -> None:
    bob.mkcol("d")
    bob.put("d/f", b"x")
    token = locked(bob, "d", depth="infinity")
    assert bob.put("d/f", b"y", If=f"<{bob.url('d/')}> (<{token}>)").status == 204
    assert bob.put("d/f", b"y", If=f"<{bob.url('d')}> (<{token}>)").status == 204
    assert bob.put("d/f", b"y", If=f"(<{token}>)").status == 204


def test_a_move_names_the_locks_at_both_ends(bob: Client) -> None:
    bob.mkcol("from")
    bob.mkcol("to")
    bob.put("from/f", b"x")
    source, target = locked(bob, "from", depth="infinity"), locked(bob, "to", depth="infinity")
    one = f"<{bob.url('from')}> (<{source}>)"
    with unchanged(bob, "from/"):
        assert bob.transfer("MOVE", "from/f", "to/f", If=one).status == 423
    assert bob.transfer("MOVE", "from/f", "to/f", If=f"{one} <{bob.url('to')}> (<{target}>)").status == 201


def test_a_lock_can_demand_a_state(bob: Client) -> None:
    etag = bob.put("f", b"x").etag
    assert take_lock(bob, "f", If='(["other"])').status == 412
    assert take_lock(bob, "f", If=f"([{etag}])").status == 200


def test_a_get_and_a_propfind_can_demand_a_state(bob: Client) -> None:
    etag = bob.put("f", b"x").etag
    assert bob.get("f", If=f"([{etag}])").status == 200
    assert bob.get("f", If='(["other"])').status == 412


PRECONDITIONS = [
    ("If-Match", "{etag}", 204),
    ("If-Match", '"a", {etag}, "b"', 204),
    ("If-Match", "*", 204),
    ("If-Match", '"other"', 412),
    ("If-Match", "W/{etag}", 412),
    ("If-None-Match", "*", 412),
    ("If-None-Match", "{etag}", 412),
    ("If-None-Match", "W/{etag}", 412),
    ("If-None-Match", '"other"', 204),
    ("If-Unmodified-Since", "{changed}", 204),
    ("If-Unmodified-Since", "Sat, 01 Jan 2000 00:00:00 GMT", 412),
    ("If-Unmodified-Since", "no date at all", 204),
]


@pytest.mark.parametrize(("name", "value", "status"), PRECONDITIONS)
@pytest.mark.parametrize("method", ["PUT", "DELETE", "MOVE", "COPY", "LOCK"])
def test_every_write_judges_the_preconditions_of_http(
    method: str, name: str, value: str, status: int, peer: Peer
) -> None:
    bob = peer.bob
    bob.put("f", b"old")
    found = bob.get("f")
    headers = {name: value.format(etag=found.etag, changed=found.get("Last-Modified"))}
    if method in ("MOVE", "COPY"):
        headers["Destination"] = bob.url("g")
    answer = (
        take_lock(bob, "f", **headers) if method == "LOCK" else bob.do(method, "f", b"new" * (method == "PUT"), headers)
    )
    expected = status if status == 412 else {"PUT": 204, "DELETE": 204, "LOCK": 200}.get(method, 201)
    assert answer.status == expected, answer
    if status == 412:
        assert bob.get("f").body == b"old"
        assert bob.get("g").status == 404
