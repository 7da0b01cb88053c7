"""config/production.toml as it stands, only its addresses changed: real stores, a real proxy that ends TLS, no data
directory, no variable but the store's keys."""

import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.proxies.proxy_programs import CONFIG, PROGRAMS, Place, free_port, wait_until_listening
from tests.support.commands import environment
from tests.support.dav import lockinfo
from tests.support.http import Client
from tests.support.postgres import Postgres
from tests.support.programs import lacks, needs
from tests.support.seaweed import Seaweed
from tests.support.serving import HOST, wait_until_ready

NAME = "drive.example.org"
PASSWORD = "bob's secret"
LARGE = 20 << 20


def davdrive(config: Path, variables: Mapping[str, str], *arguments: str, stdin: str = "") -> str:
    done = subprocess.run(
        [sys.executable, "-m", "davdrive", *arguments, "--config", str(config)],
        input=stdin, capture_output=True, text=True, timeout=60, env=environment(**variables), check=False,
    )  # fmt: skip
    assert done.returncode == 0, done
    return done.stdout


class Production:
    """The server, and requests to it as its clients send them."""

    def __init__(self, place: Place, log: Path) -> None:
        self.place, self.log = place, log
        self.origin = f"https://{NAME}:{place.https}"

    def do(
        self, method: str, path: str, body: bytes = b"", **headers: str
    ) -> tuple[int, bytes, http.client.HTTPMessage]:
        context = ssl.create_default_context(cafile=str(self.place.folder / "cert.pem"))
        connection = http.client.HTTPConnection(f"{NAME}:{self.place.https}")
        plain = socket.create_connection((HOST, self.place.https), 20)
        connection.sock = context.wrap_socket(plain, server_hostname=NAME)
        fixed = Client((NAME, self.place.https), "bob", PASSWORD).headers()
        connection.request(method, path, body, {**fixed, **{name.replace("_", "-"): v for name, v in headers.items()}})
        answer = connection.getresponse()
        came = answer.status, answer.read(), answer.headers
        connection.close()
        return came


@pytest.fixture
def production(postgres: Postgres, seaweed: Seaweed, tmp_path: Path) -> Iterator[Production]:
    needs("openssl", "openssl")
    programs = os.environ["PATH"] + ":/usr/sbin"
    name = next((name for name in PROGRAMS if shutil.which(PROGRAMS[name].program, path=programs)), "")
    if not name:
        lacks("needs one of the proxies of config/ (Debian packages nginx-light, apache2, haproxy, caddy)")
    place = Place(tmp_path, free_port(), free_port(), free_port())
    certificate = f"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN={NAME}".split()
    files = ["-addext", f"subjectAltName=DNS:{NAME}", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run(["openssl", *certificate, *files], cwd=tmp_path, check=True, capture_output=True)
    url = postgres.fresh()
    text = (CONFIG / "production.toml").read_text()
    for old, new in {
        "postgresql+psycopg://davdrive@db.internal/davdrive": url,
        "s3://davdrive/objects": seaweed.url(),
        "https://s3.internal": seaweed.endpoint_url,
        "/run/davdrive": str(tmp_path / "run"),
        "127.0.0.1:8080": f"{HOST}:{place.backend}",
        f"https://{NAME}": f"https://{NAME}:{place.https}",
    }.items():
        assert old in text, old
        text = text.replace(old, new)
    config = place.write("production.toml", text)
    keys = {**seaweed.environment(), "HOME": "/proc/nobody", "DAVDRIVE_WORKERS": "2"}
    davdrive(config, keys, "user", "add", "bob", "--password-stdin", stdin=PASSWORD + "\n")
    said = davdrive(config, keys, "doctor")
    assert "BAD" not in said, said
    log = tmp_path / "log"
    with log.open("wb") as to_log, (tmp_path / "proxy.log").open("wb") as proxy_log:
        server = subprocess.Popen(
            [sys.executable, "-m", "davdrive", "serve", "--config", str(config)],
            stdout=to_log, stderr=to_log, env=environment(**keys), cwd="/proc",
        )  # fmt: skip
        proxy = subprocess.Popen(
            PROGRAMS[name].command(place), stdout=proxy_log, stderr=proxy_log,
            env={**os.environ, "PATH": programs, "HOME": str(tmp_path)},
        )  # fmt: skip
        try:
            wait_until_ready(server, (HOST, place.backend), log)
            wait_until_listening(place.https, proxy)
            yield Production(place, log)
            server.terminate()
            assert server.wait(30) == 0
        finally:
            for process in (proxy, server):
                process.kill()
                process.wait()
    davdrive(config, keys, "check", "--read-data")
    postgres.drop(url)


def test_the_production_example_serves_as_it_stands(production: Production, tmp_path: Path) -> None:
    body = os.urandom(LARGE)
    assert production.do("PUT", "/bob/f", body)[0] == 201
    status, _, told = production.do("LOCK", "/bob/f", lockinfo(), Depth="0")
    assert status == 200
    there, token = f"{production.origin}/bob/g", f"({told['Lock-Token']})"
    assert production.do("MOVE", "/bob/f", Destination=there, If=token)[0] == 201
    assert production.do("GET", "/bob/g")[1] == body
    assert production.do("GET", "/bob/g", Range="bytes=16777214-16777217")[1] == body[16777214:16777218]
    in_the_clear = Client((HOST, production.place.backend), "bob", PASSWORD).do("GET", "/bob/g")
    assert in_the_clear.status in (401, 403), "a password that came without TLS"
    lines = [line for line in production.log.read_text().splitlines() if line.startswith("{")]
    assert all(json.loads(line) for line in lines)
    assert not (tmp_path / "data").exists()
