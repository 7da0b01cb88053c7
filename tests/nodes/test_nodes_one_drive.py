"""What one node does, the others know: locks, moves, preconditions, bytes, restarts."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

from tests.support.dav import locked, names_in, take_lock, unlock
from tests.support.http import Client
from tests.support.nodes import Cluster

LARGE = 40 << 20
SMALL_TREE = 150


def test_a_lock_taken_at_one_node_stops_a_write_at_another(sides: list[Client], cluster: Cluster) -> None:
    here, there, _ = sides
    here.put("f", b"old")
    token = locked(here, "f")
    assert there.put("f", b"new").status == 423
    alice = Client(there.address, "alice", cluster.nodes[1].users["alice"], here.base)
    assert alice.put("f", b"new").status == 404  # not hers to see at all
    assert there.put("f", b"new", If=f"(<{token}>)").status == 204
    assert unlock(there, "f", token).status == 204
    assert here.put("f", b"newer").status == 204


def test_only_one_of_three_nodes_grants_an_exclusive_lock(sides: list[Client]) -> None:
    for number in range(10):
        start = threading.Barrier(3)

        def take(side: Client, start: threading.Barrier = start, path: str = f"f{number}") -> int:
            start.wait(10)
            return take_lock(side, path).status

        with ThreadPoolExecutor(3) as pool:
            assert sorted(pool.map(take, sides)) == [201, 423, 423]


def test_only_one_of_three_nodes_wins_a_put_with_one_etag(sides: list[Client]) -> None:
    etag = sides[0].put("f", b"0").etag
    for _ in range(10):
        start = threading.Barrier(3)

        def write(side: Client, start: threading.Barrier = start, etag: str = etag) -> tuple[int, str]:
            start.wait(10)
            answer = side.put("f", side.address[1].to_bytes(4, "big"), If_Match=etag)
            return answer.status, answer.etag

        with ThreadPoolExecutor(3) as pool:
            answers = sorted(pool.map(write, sides))
        assert [status for status, _ in answers] == [204, 412, 412]
        etag = answers[0][1]


def test_a_move_at_one_node_is_whole_at_another(sides: list[Client]) -> None:
    here, there, third = sides
    here.mkcol("a")
    for number in range(SMALL_TREE):
        here.put(f"a/n{number}", b"x")
    seen: list[tuple[int, int]] = []
    over = threading.Event()

    def watch(side: Client) -> None:
        while not over.is_set():
            names = names_in(side)
            assert len(names) == 1, names  # one of the two, never both and never neither
            (name,) = names
            answer = side.do("PROPFIND", f"{name}/", b"", {"Depth": "1"})
            seen.append((answer.status, answer.body.count(b"<D:response>")))

    with ThreadPoolExecutor(2) as pool:
        watching = [pool.submit(watch, side) for side in (there, third)]
        for _ in range(15):
            assert here.transfer("MOVE", "a", "b").status == 201
            assert here.transfer("MOVE", "b", "a").status == 201
        over.set()
        for each in watching:
            each.result()
    assert {count for status, count in seen if status == 207} == {SMALL_TREE + 1}
    assert {status for status, _ in seen} <= {207, 404}


def test_bytes_stored_through_one_node_come_back_through_every_other(sides: list[Client]) -> None:
    data = os.urandom(LARGE)
    assert sides[0].put("large", data).status == 201
    for side in sides:
        assert side.get("large").body == data
        part = side.get("large", Range="bytes=16777210-16777225")
        assert (part.status, part.body) == (206, data[16777210:16777226])


def test_a_node_that_restarts_loses_nothing_and_neither_does_one_that_is_killed(
    sides: list[Client], cluster: Cluster
) -> None:
    node, here, there = cluster.nodes[0], sides[0], sides[1]
    here.put("f", b"kept")
    token = locked(here, "f")
    for end in (node.stop, node.kill):
        end()
        assert there.get("f").body == b"kept"
        assert there.put("f", b"no").status == 423
        node.start()
        assert here.get("f").body == b"kept"
        assert here.put("f", b"kept", If=f"(<{token}>)").status == 204
    assert unlock(here, "f", token).status == 204


def test_a_new_user_and_a_role_count_at_every_node(cluster: Cluster) -> None:
    cluster.command("user", "add", "carol", "--password-stdin", stdin="carols\n")
    cluster.nodes[0].client("alice").put("shared", b"alices")
    for node in cluster.nodes:
        carol = Client(node.address, "carol", "carols")
        assert carol.do("GET", "/carol/").status == 200
        assert carol.do("GET", "/alice/shared").status == 404
    cluster.command("drive", "grant", "alice", "carol", "viewer")
    for node in cluster.nodes:
        carol = Client(node.address, "carol", "carols")
        assert carol.do("GET", "/alice/shared").body == b"alices"
        assert carol.do("PUT", "/alice/shared", b"x").status == 403


def test_commands_need_no_data_directory(cluster: Cluster) -> None:
    assert "bob" in cluster.command("user", "list").stdout
    assert "/bob/" in cluster.command("drive", "list").stdout
    cluster.command("check", "--read-data")
    cluster.command("upkeep")
