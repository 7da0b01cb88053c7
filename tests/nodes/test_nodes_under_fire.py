"""Eight clients on three nodes, on shared paths, while a node is killed, another restarted, and the store fails one
request in ten. What everybody saw has to be explainable by one order; nothing acknowledged may be missing."""

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path

import pytest

from tests.faults.fault_rig import QUICK, TIDY, all_is_well, objects_in, tidy_up
from tests.nodes.shared_file import LOCK_S, Pair, step
from tests.support.http import Answer
from tests.support.linear import NEVER, Operation, unexplained
from tests.support.nodes import Cluster, Node, running_cluster, store_settings
from tests.support.postgres import Postgres
from tests.support.s3_proxy import Faults, s3_proxy
from tests.support.seaweed import Seaweed

SECONDS = float(os.environ.get("DAVDRIVE_TEST_FIRE_S", "15"))
CLIENTS, NODES, GROUPS = 8, 3, 8
SHARE = 0.1
MIXTURE = ("answer-503", "reset", "lost-reply", "error-in-200", "cut-answer")
LARGE = 150_000
ODDS = {"GET": 30, "PUT": 25, "PUT_IF": 12, "MOVE": 8, "DELETE": 5, "LOCK": 20}
REFUSED = (503, 507)  # nothing happened, and the client is told so
LOCKINFO = b'<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>'


@dataclass
class Player:
    """One client. It asks a node at random, each time over a new connection, and writes down what it asked and got."""

    number: int
    nodes: list[Node]
    history: list[list[Operation]]
    random: random.Random
    known: dict[tuple[int, str], tuple[str, str]] = field(default_factory=dict)
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    count: int = 0

    def play(self, over: threading.Event) -> None:
        while not over.is_set():
            group, what = self.random.randrange(GROUPS), self.random.choices(list(ODDS), list(ODDS.values()))[0]
            if what == "LOCK":
                self._under_lock(group)
            elif what == "GET":
                self.get(group, self.random.choice("ab"))
            elif what.startswith("PUT"):
                self._put(group, self.random.choice("ab"), what == "PUT_IF")
            else:
                self._ask(what, group, {"name": "a"}, headers=self._destination(group) if what == "MOVE" else {})

    def get(self, group: int, name: str, node: Node | None = None) -> None:
        answer = self._ask("GET", group, {"name": name}, node=node)
        if answer is not None and answer.status == 200:
            self.known[group, name] = answer.etag, _text(answer.body)

    def _put(self, group: int, name: str, conditional: bool, token: str = "") -> None:
        text = self._new_text()
        detail, headers = {"name": name, "text": text}, {}
        if conditional and (group, name) in self.known:
            headers["If-Match"], detail["expected"] = self.known[group, name]
        if token:
            headers["If"], detail["token"] = f"(<{token}>)", token
        large = self.random.random() < 0.4
        answer = self._ask("PUT", group, detail, text.ljust(LARGE, ".").encode() if large else text.encode(), headers)
        if answer is not None and answer.status in (201, 204):
            self.known[group, name] = answer.etag, text

    def _under_lock(self, group: int) -> None:
        """As an editor does: lock, save, unlock."""
        answer = self._ask(
            "LOCK", group, {"name": "a", "unknown": self._new_text()}, LOCKINFO, {"Timeout": f"Second-{LOCK_S}"}
        )
        if answer is not None and answer.status in (200, 201):
            self._put(group, "a", False, answer.token)
            detail = {"name": "a", "token": answer.token}
            self._ask("UNLOCK", group, detail, headers={"Lock-Token": f"<{answer.token}>"})

    def _new_text(self) -> str:
        self.count += 1
        return f"{self.number}-{self.count}"

    def _destination(self, group: int) -> dict[str, str]:
        return {"Destination": f"/bob/{group}b", "Overwrite": "T"}

    def _ask(
        self,
        method: str,
        group: int,
        detail: dict[str, str],
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        node: Node | None = None,
    ) -> Answer | None:
        """Ask, and write down what came of it; None where no answer came."""
        client = (node or self.random.choice(self.nodes)).client()
        start = time.monotonic()
        try:
            answer = client.do(method, f"{group}{detail['name']}", body, headers)
        except ConnectionRefusedError:
            return None  # nobody was there to hear it
        except (OSError, HTTPException):
            if method != "GET":
                self.history[group].append(Operation(method, start, NEVER, detail))
            return None
        self.statuses[method, answer.status] += 1
        if answer.status not in REFUSED:
            said = {"LOCK": answer.token, "GET": _text(answer.body)}.get(method, "")
            result = (answer.status, said if answer.status < 300 else "")
            self.history[group].append(Operation(method, start, time.monotonic(), detail, result))
        return answer


def _text(body: bytes) -> str:
    return body.decode(errors="replace").rstrip(".") if len(body) <= LARGE else "?"


@dataclass
class Battle:
    """What was played, by whom, and what the store did meanwhile."""

    cluster: Cluster
    players: list[Player]
    history: list[list[Operation]]
    faults: Faults

    def statuses(self) -> Counter[tuple[str, int]]:
        return sum((player.statuses for player in self.players), Counter())


def _disturb(nodes: list[Node], seconds: float) -> None:
    """Kill one node, restart another properly."""
    time.sleep(seconds * 0.3)
    nodes[1].kill()
    time.sleep(seconds * 0.1)
    nodes[1].start()
    time.sleep(seconds * 0.15)
    nodes[2].stop()
    nodes[2].start()
    time.sleep(seconds * 0.3)


@pytest.fixture(scope="module")
def battle(postgres: Postgres, seaweed: Seaweed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Battle]:
    folder: Path = tmp_path_factory.mktemp("battle")
    url, objects_url = postgres.fresh(), seaweed.url()
    with s3_proxy(seaweed.endpoint_url) as (endpoint, faults):
        settings = {**store_settings(url, seaweed, endpoint, objects_url), **QUICK, **TIDY}
        with running_cluster(settings, folder, NODES) as cluster:
            history: list[list[Operation]] = [[] for _ in range(GROUPS)]
            players = [Player(number, cluster.nodes, history, random.Random(number)) for number in range(CLIENTS)]
            faults.mixture, faults.share = MIXTURE, SHARE
            over = threading.Event()
            with ThreadPoolExecutor(CLIENTS) as pool:
                playing = [pool.submit(player.play, over) for player in players]
                try:
                    _disturb(cluster.nodes, SECONDS)
                finally:
                    over.set()
                for each in playing:
                    each.result()
            faults.mixture = ()
            for node in cluster.nodes:
                for group in range(GROUPS):
                    for name in "ab":
                        players[0].get(group, name, node)
            yield Battle(cluster, players, history, faults)
    postgres.drop(url)


def test_something_was_put_to_the_test(battle: Battle) -> None:
    statuses = battle.statuses()
    assert battle.faults.struck > 10
    assert sum(statuses.values()) > 200
    for wanted in (("GET", 200), ("PUT", 201), ("PUT", 204), ("PUT", 412), ("LOCK", 423), ("UNLOCK", 204)):
        assert statuses[wanted], (wanted, statuses)
    assert {status for _, status in statuses} <= {200, 201, 204, 404, 409, 412, 423, 503}, statuses
    assert statuses["MOVE", 201] + statuses["MOVE", 204]


@pytest.mark.parametrize("group", range(GROUPS))
def test_what_everybody_saw_of_a_pair_of_paths_is_explained_by_one_order(battle: Battle, group: int) -> None:
    stuck = unexplained(battle.history[group], Pair(), step)
    assert not stuck, stuck


def test_every_byte_is_there_and_upkeep_leaves_no_object_over(battle: Battle, seaweed: Seaweed) -> None:
    cluster = battle.cluster
    all_is_well(cluster, "--read-data")
    tidy_up(cluster)
    assert objects_in(seaweed, cluster.settings) == _named_objects(cluster)
    all_is_well(cluster, "--read-data")


def _named_objects(cluster: Cluster) -> set[str]:
    from davdrive.metadata.database import Database
    from davdrive.metadata.engine import DatabaseOptions
    from davdrive.metadata.statement import Statement

    prefix = cluster.settings["DAVDRIVE_OBJECTS__URL"].removeprefix("s3://").partition("/")[2]
    database = Database(DatabaseOptions(cluster.settings["DAVDRIVE_METADATA__URL"]))
    rows = database.read(lambda session: session.rows(Statement("SELECT DISTINCT object_key FROM segments")))
    database.close()
    return {f"{prefix}/{key}" for (key,) in rows}
