"""Digest as an option: every worker knows the nonces of the others, and guessing is slowed as for passwords."""

import hashlib
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.commands import davdrive, environment
from tests.support.http import Answer, Client
from tests.support.serving import RunningServer, running_server

ON = {"DAVDRIVE_AUTH__DIGEST": "true"}
PASSWORD = "dave's sécret"


def challenges(answer: Answer) -> list[str]:
    return answer.all("WWW-Authenticate")


def respond(challenge: str, method: str, uri: str, password: str = PASSWORD, nc: int = 1) -> str:
    """A client's Authorization by RFC 7616 §3.4, written from the RFC and not with davdrive's code."""
    found = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))
    hashed = {"SHA-256": hashlib.sha256, "MD5": hashlib.md5}[found["algorithm"]]

    def h(text: str) -> str:
        return hashed(text.encode()).hexdigest()

    ha1, ha2 = h(f"dave:{found['realm']}:{password}"), h(f"{method}:{uri}")
    response = h(f"{ha1}:{found['nonce']}:{nc:08x}:c0ffee:auth:{ha2}")
    return (
        f'Digest username="dave", realm="{found["realm"]}", nonce="{found["nonce"]}", uri="{uri}", '
        f'response="{response}", algorithm={found["algorithm"]}, qop=auth, nc={nc:08x}, cnonce="c0ffee"'
    )


@pytest.fixture
def with_dave(data_dir: Path) -> Path:
    """A user whose password was set while Digest was on."""
    command = [sys.executable, "-m", "davdrive", "user", "add", "dave", "--password-stdin", "--data-dir", str(data_dir)]
    subprocess.run(command, input=PASSWORD + "\n", text=True, check=True, capture_output=True, env=environment(**ON))
    return data_dir


def ask(server: RunningServer, method: str, authorization: str, body: bytes = b"") -> Answer:
    return Client(server.address).do(method, "/dave/f", body, {"Authorization": authorization})


def test_both_schemes_are_offered_and_both_let_in_at_every_worker(with_dave: Path) -> None:
    with running_server(with_dave, workers=2, settings=ON) as server:
        offered = challenges(Client(server.address).do("GET", "/dave/f"))
        assert [challenge.split(" ")[0] for challenge in offered] == ["Digest", "Digest", "Basic"]
        sha, md5 = offered[:2]
        assert ask(server, "PUT", respond(sha, "PUT", "/dave/f"), b"content").status == 201
        workers = set()
        for nc in range(2, 30):
            answer = ask(server, "GET", respond(md5, "GET", "/dave/f", nc=nc))
            assert (answer.status, answer.body) == (200, b"content")
            workers.add(answer.get("X-Request-Id").partition("-")[0])
        assert len(workers) == 2
        assert Client(server.address, "dave", PASSWORD).do("GET", "/dave/f").body == b"content"
        assert server.client("bob").put("f", b"x").status == 201


def test_a_wrong_answer_is_refused_and_an_old_nonce_is_stale(with_dave: Path) -> None:
    with running_server(with_dave, settings=ON | {"DAVDRIVE_AUTH__DIGEST_NONCE_S": "0.001"}) as server:
        sha = challenges(Client(server.address).do("GET", "/dave/f"))[0]
        wrong = ask(server, "GET", respond(sha, "GET", "/dave/f", password="guess"))
        assert wrong.status == 401
        assert not any("stale" in challenge for challenge in challenges(wrong))
        for_other = ask(server, "GET", respond(sha, "GET", "/dave/other"))
        assert for_other.status == 401
        time.sleep(1.1)  # nonces count whole seconds
        stale = ask(server, "GET", respond(sha, "GET", "/dave/f"))
        assert stale.status == 401
        assert all("stale=true" in challenge for challenge in challenges(stale)[:2])


def test_guessing_by_digest_is_slowed_and_the_right_answer_must_wait_too(with_dave: Path) -> None:
    settings = ON | {"DAVDRIVE_AUTH__THROTTLE_USER_FREE": "2", "DAVDRIVE_AUTH__THROTTLE_FIRST_S": "30"}
    with running_server(with_dave, settings=settings) as server:
        sha = challenges(Client(server.address).do("GET", "/dave/f"))[0]
        found = [ask(server, "GET", respond(sha, "GET", "/dave/f", f"guess {n}", n + 1)).status for n in range(4)]
        assert found == [401, 401, 429, 429]
        assert ask(server, "GET", respond(sha, "GET", "/dave/f", nc=9)).status == 429


def test_without_the_option_no_digest_is_offered_or_taken_and_no_secret_is_kept(with_dave: Path) -> None:
    davdrive("user", "passwd", "dave", "--password-stdin", data_dir=with_dave, stdin=PASSWORD + "\n")
    with running_server(with_dave) as server:
        offered = challenges(Client(server.address).do("GET", "/dave/f"))
        assert [challenge.split(" ")[0] for challenge in offered] == ["Basic"]
        made_up = 'Digest realm="davdrive", nonce="x", algorithm=SHA-256'
        assert ask(server, "GET", respond(made_up, "GET", "/dave/f")).status == 401
    with running_server(with_dave, settings=ON) as server:
        sha = challenges(Client(server.address).do("GET", "/dave/f"))[0]
        assert ask(server, "GET", respond(sha, "GET", "/dave/f")).status == 401


def test_digest_alone_refuses_passwords(with_dave: Path) -> None:
    with running_server(with_dave, settings=ON | {"DAVDRIVE_AUTH__BASIC": "false"}) as server:
        assert len(challenges(Client(server.address).do("GET", "/dave/f"))) == 2
        assert Client(server.address, "dave", PASSWORD).do("GET", "/dave/f").status == 401
