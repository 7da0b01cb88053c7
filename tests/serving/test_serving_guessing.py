"""Password guessing is counted in the database: one count for every worker and every server of a drive."""

import concurrent.futures
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from davdrive.auth.accounts import DatabaseFailures
from davdrive.auth.throttle import Failures, Rule
from davdrive.drive.open import open_database, sqlite_url
from davdrive.metadata.engine import DatabaseOptions
from tests.support.http import Client
from tests.support.serving import RunningServer, running_server

THROTTLE = {"DAVDRIVE_AUTH__THROTTLE_FIRST_S": "30", "DAVDRIVE_AUTH__THROTTLE_USER_MAX_S": "60"}
PROXY = {"DAVDRIVE_SERVER__TRUSTED_PROXIES": "127.0.0.1"}


@contextmanager
def two_servers(data_dir: Path, settings: dict[str, str]) -> Iterator[list[RunningServer]]:
    """Two servers over one data directory, the second with two workers."""
    with ExitStack() as stack:
        one = stack.enter_context(running_server(data_dir, workers=1, settings=THROTTLE | settings))
        yield [one, stack.enter_context(running_server(data_dir, workers=2, settings=THROTTLE | settings))]


def status(server: RunningServer, password: str, user: str = "bob", come_from: str = "") -> int:
    headers = {"X-Forwarded-For": come_from} if come_from else {}
    client = Client(server.address, user, password)
    return client.do("PROPFIND", f"/{user}/", headers={"Depth": "0", **headers}).status


def test_guesses_at_two_servers_count_together_and_then_even_the_right_password_must_wait(data_dir: Path) -> None:
    with two_servers(data_dir, {"DAVDRIVE_AUTH__THROTTLE_USER_FREE": "4"}) as (one, two):
        guesses = [status(server, f"guess {n}") for n in range(3) for server in (one, two)]
        assert guesses == [401] * 4 + [429] * 2
        assert [status(server, "bob's secret") for server in (one, two, two, two)] == [429] * 4
        assert status(two, "alice's secret", "alice") == 207
        wait = Client(two.address, "bob", "bob's secret").do("GET", "/bob/").get("Retry-After")
        assert 20 <= int(wait) <= 31


def test_an_unknown_user_is_slowed_like_a_known_one(data_dir: Path) -> None:
    with two_servers(data_dir, {"DAVDRIVE_AUTH__THROTTLE_USER_FREE": "2"}) as (one, two):
        known = [status(server, "guess") for _ in range(2) for server in (one, two)]
        unknown = [status(server, "guess", "nobody") for _ in range(2) for server in (one, two)]
        assert known == unknown == [401, 401, 429, 429]


def test_an_ipv6_subscriber_is_one_address_and_its_neighbour_is_not(data_dir: Path) -> None:
    with two_servers(data_dir, PROXY | {"DAVDRIVE_AUTH__THROTTLE_ADDRESS_FREE": "2"}) as (one, two):
        places = ["2001:db8:0:7::1", "2001:db8:0:7::2", "2001:db8:0:7:ffff::3", "2001:db8:0:7::4"]
        found = [status((one, two)[n % 2], "x", f"user{n}", place) for n, place in enumerate(places)]
        assert found == [401, 401, 429, 429]
        assert status(two, "bob's secret", come_from="2001:db8:0:7::9") == 429
        assert status(two, "bob's secret", come_from="2001:db8:0:8::9") == 207


def test_a_forwarding_header_that_no_trusted_proxy_sent_changes_nothing(data_dir: Path) -> None:
    with two_servers(data_dir, {"DAVDRIVE_AUTH__THROTTLE_ADDRESS_FREE": "2"}) as (one, two):
        found = [status(server, "x", f"user{n}", f"192.0.2.{n}") for n, server in enumerate((one, two) * 2)]
        assert found == [401, 401, 429, 429]
        assert status(one, "bob's secret", come_from="192.0.2.200") == 429


def test_a_burst_of_guesses_at_once_counts_in_full(data_dir: Path) -> None:
    with two_servers(data_dir, {"DAVDRIVE_AUTH__THROTTLE_USER_FREE": "3"}) as servers:
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            found = list(pool.map(lambda n: status(servers[n % 2], f"guess {n}"), range(24)))
        assert found.count(401) == 3
        assert found.count(429) == 21


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_first_attempts_at_the_same_moment_are_each_counted(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = sqlite_url(tmp_path) if kind == "sqlite" else request.getfixturevalue("postgres_url")
    database = open_database(DatabaseOptions(url, pool_size=8))
    failures, rule = DatabaseFailures(database), Rule(free=1000, first_s=1, max_s=1, forget_s=1000)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: failures.update("user:bob", lambda state: rule.counted(state, 1000.0)), range(40)))
    assert failures.update("user:bob", lambda state: state).count == 40
    assert failures.update("user:bob", lambda _: Failures()).count == 40
    assert failures.update("user:bob", lambda state: state).count == 0
    database.close()
