"""Small requests that once cost much memory: what many of them leave behind, and answers that multiply what is kept."""

import tracemalloc

import pytest

from davdrive.dav.xml.propfind import parse_propfind
from davdrive.dav.xml.proppatch import parse_proppatch
from davdrive.errors import TooLarge
from davdrive.server import header_names
from tests.support.dav import lockinfo, update
from tests.support.http import Client, Connection
from tests.support.serving import RunningServer

MOST_MORE_BYTES = 64 << 20
MOST_SHARED = 16


def test_names_of_headers_that_nobody_sends_twice_are_not_remembered() -> None:
    """512 names of 60 KiB stayed for as long as the worker lived, without any password."""
    long = "X-" + "a" * 60_000
    assert header_names.environ_key(long) == "HTTP_" + long.upper().replace("-", "_")
    assert long not in header_names._keys
    assert header_names.environ_key("X-Short") in header_names._keys.values()


def test_dead_properties_of_many_files_are_listed_a_few_at_a_time(server: RunningServer, bob: Client) -> None:
    """Each may have 256 KiB of them; a page of a thousand files took a quarter of a gigabyte."""
    with bob.connection() as connection:
        for number in range(300):
            assert bob.on(connection, "PUT", f"d/p{number:03}", b"x").status == 201
            if number >= 100:
                body = update(("{urn:x}a", "v" * 250_000))
                assert bob.on(connection, "PROPPATCH", f"d/p{number:03}", body).status == 207
    server.forget_peak()
    before = server.rss_bytes()
    length = sum(map(len, _read_slowly(bob, "d/")))
    assert length > 200 * 250_000
    assert server.peak_rss_bytes() - before < MOST_MORE_BYTES
    bob.delete("d")


def _read_slowly(bob: Client, path: str) -> list[bytes]:
    with bob.connection() as connection:
        return [bob.on(connection, "PROPFIND", path, b"", {"Depth": "1"}).body]


def test_so_many_shared_locks_lie_over_a_resource_and_no_more(server: RunningServer, bob: Client) -> None:
    """A thousand with long owners, shown again for each of twenty members, took 687 MiB and five seconds."""
    body = lockinfo("shared", owner="o" * 8000)
    for number in range(20):
        bob.put(f"d/f{number}", b"x")
    with bob.connection() as connection:
        taken = [_lock(bob, connection, "d/", body) for _ in range(MOST_SHARED + 2)]
        assert [status for status, _ in taken] == [200] * MOST_SHARED + [413] * 2
        assert _lock(bob, connection, "d/f1", body)[0] == 413, "the locks above lie over it too"
        server.forget_peak()
        before = server.rss_bytes()
        listed = bob.on(connection, "PROPFIND", "d/", b"", {"Depth": "1"})
        assert listed.body.count(b"<D:activelock>") == MOST_SHARED * 22
        assert server.peak_rss_bytes() - before < MOST_MORE_BYTES
        for _, token in taken[:MOST_SHARED]:
            bob.on(connection, "UNLOCK", "d/", b"", {"Lock-Token": f"<{token}>"})
        assert _lock(bob, connection, "d/f1", body)[0] == 200


def test_shared_locks_below_count_for_a_lock_over_them(bob: Client) -> None:
    with bob.connection() as connection:
        taken = [_lock(bob, connection, "d/g", lockinfo("shared")) for _ in range(MOST_SHARED)]
        assert [status for status, _ in taken] == [200] * MOST_SHARED
        assert _lock(bob, connection, "d/", lockinfo("shared"))[0] == 413
        assert bob.on(connection, "LOCK", "d/", lockinfo("shared"), {"Depth": "0"}).status == 200


def _lock(bob: Client, connection: Connection, path: str, body: bytes) -> tuple[int, str]:
    answer = bob.on(connection, "LOCK", path, body, {"Timeout": "Second-600"})
    return answer.status, answer.token


def test_properties_that_each_mention_every_namespace_are_too_large() -> None:
    namespaces = " ".join(f'xmlns:p{number}="{"u" * 1000}{number}"' for number in range(126))
    mentions = "".join(f"p{number}: " for number in range(126))
    inside = "".join(f"<a{number}>{mentions}</a{number}>" for number in range(256))
    body = f"<D:propertyupdate xmlns:D='DAV:' {namespaces}><D:set><D:prop>{inside}</D:prop></D:set></D:propertyupdate>"
    with pytest.raises(TooLarge):
        parse_proppatch(body.encode())


def test_the_names_of_a_propfind_share_their_namespace() -> None:
    """A worker keeps 256 parsed bodies; each would have kept a copy of the namespace a name."""
    inside = "".join(f"<a:n{number}/>" for number in range(250))
    body = f"<propfind xmlns='DAV:' xmlns:a='{'u' * 1000}'><prop>{inside}</prop></propfind>".encode()
    tracemalloc.start()
    try:
        found = parse_propfind(body)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(found.names) == 250
    assert len({id(name.namespace) for name in found.names}) == 1
    assert kept < 150_000
