"""Random headers, names and bodies: never a 500, never over a second, never over 64 MiB more."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import strategies as st

from tests.hostile import fuzzing
from tests.hostile.fuzzing import Broken, Target
from tests.hostile.test_hostile_bodies import HEADERS
from tests.support.http import Client
from tests.support.serving import RunningServer
from tests.support.stock import stock_wsgidav

EXAMPLES = 1200
MOST_MORE_BYTES = 64 << 20
FEWEST_ANSWERS = EXAMPLES // 2


@pytest.fixture
def target(server: RunningServer, bob: Client) -> Iterator[Target]:
    server.forget_peak()
    before = server.rss_bytes()
    fired = Target(bob)
    yield fired
    fired.close()
    assert sum(fired.tally.values()) >= FEWEST_ANSWERS, f"hardly anything was answered: {fired.tally}"
    assert server.peak_rss_bytes() - before < MOST_MORE_BYTES
    bob.delete("f")
    bob.put("f", b"bob's own words")
    assert bob.get("f").text == "bob's own words"


def test_random_headers(target: Target) -> None:
    fuzzing.run(EXAMPLES, lambda m, h: target.fire(m, "f", b"", h), fuzzing.methods, fuzzing.headers)
    assert len(target.tally) >= 4, f"every header met the same end: {target.tally}"


def test_random_names(target: Target) -> None:
    fuzzing.run(EXAMPLES, lambda m, name: target.fire(m, "d/" + name), fuzzing.methods, fuzzing.raw_names)
    assert len(target.tally) >= 4, f"every name met the same end: {target.tally}"


def test_random_destinations(target: Target) -> None:
    def shot(method: str, name: str) -> None:
        target.fire(method, "f", b"", {"Destination": target.client.path(name)})

    fuzzing.run(EXAMPLES, shot, st.sampled_from(["COPY", "MOVE"]), fuzzing.raw_names)


def test_random_documents(target: Target) -> None:
    def shot(method: str, body: bytes) -> None:
        target.fire(method, "d" if method == "PROPFIND" else "f", body, {"Content-Type": "text/xml", "Depth": "1"})

    fuzzing.run(EXAMPLES, shot, st.sampled_from(["PROPFIND", "PROPPATCH", "LOCK", "REPORT"]), fuzzing.documents)
    assert target.tally[207], f"no document was ever understood: {target.tally}"


def test_random_heads(target: Target) -> None:
    def shot(raw: bytes) -> None:
        with target.client.connection() as connection:
            connection.send(b"GET /bob/f HTTP/1.1\r\nHost: x\r\n" + raw + b"\r\n\r\n")
            connection.sock.settimeout(0.02)
            try:
                status = int(connection.sock.recv(64).split(b" ")[1])
            except (TimeoutError, IndexError, ConnectionError):
                return  # still waiting for the end, or gone without a word
            target.tally[status] += 1
            if status >= 500 and status not in (501, 505):
                raise Broken(f"{status} for {raw!r}")

    fuzzing.run(EXAMPLES, shot, st.binary(max_size=40))


def test_the_stock_server_is_seen_to_break(tmp_path: Path) -> None:
    """What this rig is for: WsgiDAV as it comes answers some of these with a 500."""
    with stock_wsgidav(tmp_path / "stock") as stock:
        target = Target(stock.client("bob", ""))
        with contextlib.closing(target), pytest.raises(Broken):
            _fire_table(target)


def _fire_table(target: Target) -> None:
    target.fire("PUT", "f", b"content")
    for name, values in HEADERS.items():
        for value in values:
            for method in ("MOVE", "COPY", "GET", "PROPFIND", "LOCK", "PUT"):
                target.fire(method, "f", b"", {name: value})
