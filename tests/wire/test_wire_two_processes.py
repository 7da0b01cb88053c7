"""Two server processes over one data directory: what only one may get, only one gets (P3, P4, P5)."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.commands import davdrive
from tests.support.dav import listing, lockinfo, names_in
from tests.support.http import Answer, Client, Connection
from tests.support.serving import RunningServer, running_server, start_server
from tests.support.stock import stock_wsgidav

ROUNDS = 40
CLIENTS_EACH = 3
EXCLUSIVE = lockinfo()
Attempt = Callable[[Client, Connection, int], Answer]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[RunningServer]]:
    """Two `davdrive serve --workers 1` over one data directory."""
    data_dir: Path = tmp_path_factory.mktemp("both") / "data"
    users = {"bob": "bob's secret"}
    with running_server(data_dir, users) as first:
        second = start_server(data_dir, users)
        try:
            yield [first, second]
        finally:
            second.stop()
        assert davdrive("check", data_dir=data_dir).returncode == 0


class Race:
    """Clients of both servers that send at one moment."""

    def __init__(self, servers: list[RunningServer], pool: ThreadPoolExecutor) -> None:
        self.clients = [server.client() for server in servers for _ in range(CLIENTS_EACH)]
        self.pool = pool

    def run(self, attempt: Attempt) -> list[Answer]:
        """Everybody's answer; `attempt` gets the client, a connection that stands already, and the client's number."""
        gate = threading.Barrier(len(self.clients))

        def one(number: int) -> Answer:
            client = self.clients[number]
            with client.connection() as connection:
                gate.wait()
                return attempt(client, connection, number)

        return list(self.pool.map(one, range(len(self.clients))))


@pytest.fixture
def race(both: list[RunningServer]) -> Iterator[Race]:
    with ThreadPoolExecutor(2 * CLIENTS_EACH) as pool:
        yield Race(both, pool)


def statuses(answers: list[Answer]) -> list[int]:
    return sorted(each.status for each in answers)


def test_only_one_gets_an_exclusive_lock(race: Race) -> None:
    others = len(race.clients) - 1
    for number in range(ROUNDS):
        name = f"locked{number}"
        won = 201 if number % 2 else 200
        if won == 200:
            race.clients[0].put(name, b"x")
        answers = race.run(lambda client, on, _, name=name: client.on(on, "LOCK", name, EXCLUSIVE, {"Depth": "0"}))  # type: ignore[misc]
        assert statuses(answers) == [won] + [423] * others
        token = next(each.token for each in answers if each.status == won)
        assert race.clients[-1].do("UNLOCK", name, headers={"Lock-Token": f"<{token}>"}).status == 204


def test_a_tree_and_a_member_are_never_both_locked(race: Race) -> None:
    client = race.clients[0]
    for number in range(ROUNDS // 2):
        client.mkcol(f"tree{number}")
        client.mkcol(f"tree{number}/inner")
        paths = [(f"tree{number}", "infinity"), (f"tree{number}/inner", "infinity"), (f"tree{number}/inner/new", "0")]

        def attempt(client: Client, on: Connection, which: int, paths: list[tuple[str, str]] = paths) -> Answer:
            path, depth = paths[which % 3]
            return client.on(on, "LOCK", path, EXCLUSIVE, {"Depth": depth})

        answers = race.run(attempt)
        assert len([each for each in answers if each.status in (200, 201)]) == 1


def test_only_one_wins_an_if_match_put_of_one_etag(race: Race) -> None:
    others = len(race.clients) - 1
    etag = race.clients[0].put("contended", b"first").etag
    for number in range(ROUNDS):
        size = 100 if number % 2 else 300_000  # kept in the row, and as objects

        def attempt(client: Client, on: Connection, which: int, size: int = size, etag: str = etag) -> Answer:
            return client.on(on, "PUT", "contended", b"%d" % which * size, {"If-Match": etag})

        answers = race.run(attempt)
        assert statuses(answers) == [204] + [412] * others
        winner = next(index for index, each in enumerate(answers) if each.status == 204)
        found = race.clients[0].get("contended")
        assert found.body == b"%d" % winner * size
        assert found.etag == answers[winner].etag
        etag = found.etag


def test_only_one_creates_a_file_that_must_be_new(race: Race) -> None:
    others = len(race.clients) - 1
    for number in range(ROUNDS):

        def attempt(client: Client, on: Connection, which: int, number: int = number) -> Answer:
            if which % 3 == 2:
                return client.on(on, "MKCOL", f"new{number}", b"", {"If-None-Match": "*"})
            return client.on(on, "PUT", f"new{number}", b"x", {"If-None-Match": "*"})

        answers = race.run(attempt)
        assert len([each for each in answers if each.status == 201]) == 1
        assert len([each for each in answers if each.status in (405, 412)]) == others


def test_collections_that_move_into_each_other_never_make_a_ring(race: Race) -> None:
    client = race.clients[0]
    for number in range(ROUNDS // 2):
        for name in ("a", "b"):
            client.mkcol(f"{name}{number}")

        def attempt(client: Client, on: Connection, which: int, number: int = number) -> Answer:
            one, other = ("a", "b") if which % 2 else ("b", "a")
            headers = {"Destination": client.url(f"{other}{number}/{one}"), "Overwrite": "F"}
            return client.on(on, "MOVE", f"{one}{number}", b"", headers)

        answers = race.run(attempt)
        assert len([each for each in answers if each.status == 201]) == 1
        names = {name for name in names_in(client) if name in (f"a{number}", f"b{number}")}
        assert len(names) == 1
        assert len(listing(client, f"{names.pop()}/").hrefs) == 2


def test_two_stock_servers_both_grant_an_exclusive_lock(tmp_path: Path) -> None:
    """WIRE §1: a lock manager whose mutex is of one process's threads."""
    with stock_wsgidav(tmp_path / "files") as first, stock_wsgidav(tmp_path / "files") as second:
        first.client("bob", "").put("f", b"x")
        granted = [each.client("bob", "").do("LOCK", "f", EXCLUSIVE, {"Depth": "0"}) for each in (first, second)]
        assert [each.status for each in granted] == [200, 200]
