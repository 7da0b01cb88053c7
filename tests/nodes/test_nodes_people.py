"""People at several nodes: who is let in, and how soon somebody is not any more, wherever the change was made."""

import re
import time
from collections.abc import Callable, Iterator

import pytest

from tests.serving.test_serving_digest import PASSWORD, respond
from tests.support.http import Answer, Client
from tests.support.nodes import Cluster, running_cluster, store_settings
from tests.support.postgres import Postgres
from tests.support.seaweed import Seaweed
from tests.support.serving import USERS

KNOWN_S = 1.0
SLACK_S = 3.0
FREE_GUESSES = 4


@pytest.fixture(scope="module")
def three(postgres: Postgres, seaweed: Seaweed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    url = postgres.fresh()
    settings = {
        **store_settings(url, seaweed),
        "DAVDRIVE_AUTH__KNOWN_S": str(KNOWN_S),
        "DAVDRIVE_AUTH__DIGEST": "true",
        "DAVDRIVE_AUTH__THROTTLE_USER_FREE": str(FREE_GUESSES),
        "DAVDRIVE_AUTH__THROTTLE_FIRST_S": "30",
    }
    with running_cluster(settings, tmp_path_factory.mktemp("people"), 3, users=USERS) as cluster:
        yield cluster
    postgres.drop(url)


def everywhere(cluster: Cluster, user: str, password: str, path: str = "/") -> list[int]:
    """What each node answers."""
    return [Client(node.address, user, password).do("GET", path).status for node in cluster.nodes]


def heeded_in_time(cluster: Cluster, change: Callable[[], object], ask: Callable[[], list[int]], status: int) -> None:
    """Every node answers `status` no later than a node may remember a user."""
    change()
    ends = time.monotonic() + KNOWN_S + SLACK_S
    while ask() != [status] * len(cluster.nodes):
        assert time.monotonic() < ends, ask()
        time.sleep(0.1)


def new_user(cluster: Cluster, name: str) -> str:
    cluster.command("user", "add", name, "--password-stdin", stdin=f"{name}s\n")
    assert everywhere(cluster, name, f"{name}s") == [200] * 3
    return f"{name}s"


def test_a_removed_user_is_shut_out_of_every_node_after_the_time_that_is_promised(three: Cluster) -> None:
    password = new_user(three, "dora")
    heeded_in_time(
        three, lambda: three.command("user", "remove", "dora"), lambda: everywhere(three, "dora", password), 401
    )


def test_a_changed_password_counts_at_every_node_and_the_old_one_no_more(three: Cluster) -> None:
    password = new_user(three, "emil")
    heeded_in_time(
        three,
        lambda: three.command("user", "passwd", "emil", "--password-stdin", stdin="another\n"),
        lambda: everywhere(three, "emil", password),
        401,
    )
    assert everywhere(three, "emil", "another") == [200] * 3


def test_an_app_password_is_good_at_every_node_until_it_is_revoked_at_any(three: Cluster) -> None:
    said = three.command("app-password", "add", "bob", "phone").stdout
    secret = re.search(r"\b\d+-\S{16,}", said)
    assert secret is not None, said
    device = secret[0]
    assert everywhere(three, "bob", device) == [200] * 3
    revoke = ("app-password", "remove", "bob", device.partition("-")[0])
    heeded_in_time(three, lambda: three.command(*revoke), lambda: everywhere(three, "bob", device), 401)
    assert everywhere(three, "bob", USERS["bob"]) == [200] * 3


def test_a_role_counts_at_once_and_so_does_its_end(three: Cluster) -> None:
    three.nodes[0].client("bob").put("shown", b"x")
    for role, status in (("viewer", 200), ("none", 404), ("editor", 200), ("none", 404)):
        three.command("drive", "grant", "bob", "alice", role)
        assert everywhere(three, "alice", USERS["alice"], "/bob/shown") == [status] * 3


def test_guesses_at_every_node_count_together(three: Cluster) -> None:
    new_user(three, "fred")
    answers: list[Answer] = [
        Client(three.nodes[number % 3].address, "fred", "guess").do("GET", "/") for number in range(FREE_GUESSES + 2)
    ]
    assert [answer.status for answer in answers[:FREE_GUESSES]] == [401] * FREE_GUESSES
    assert answers[-1].status == 429
    assert int(answers[-1].get("Retry-After")) > 0


def test_a_digest_nonce_of_one_node_is_known_to_the_others(three: Cluster) -> None:
    three.command("user", "add", "dave", "--password-stdin", stdin=PASSWORD + "\n")
    challenge = Client(three.nodes[0].address).do("GET", "/dave/").all("WWW-Authenticate")[0]
    for count, node in enumerate(three.nodes, 1):
        authorization = respond(challenge, "GET", "/dave/", nc=count)
        answer = Client(node.address).do("GET", "/dave/", headers={"Authorization": authorization})
        assert answer.status == 200, answer
