"""The reverse proxy examples in config/, each run by the real program before a server that tells what arrived."""

import contextlib
import hashlib
import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from proxy_backend import Backend
from proxy_programs import PROGRAMS, Place, free_port, wait_until_listening

HOST = "drive.example.org"
TIMEOUT_S = 15.0


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificate")
    if not shutil.which("openssl"):
        pytest.skip("needs openssl (Debian package openssl)")
    command = f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN={HOST}"
    files = ["-addext", f"subjectAltName=DNS:{HOST}", "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"]
    subprocess.run([*command.split(), *files], check=True, capture_output=True)
    return folder


class Proxy:
    """A proxy under test, and the backend behind it."""

    def __init__(self, name: str, place: Place, backend: Backend) -> None:
        self.name = name
        self.place = place
        self.backend = backend

    def socket(self) -> ssl.SSLSocket:
        context = ssl.create_default_context(cafile=str(self.place.folder / "cert.pem"))
        plain = socket.create_connection(("127.0.0.1", self.place.https), TIMEOUT_S)
        return context.wrap_socket(plain, server_hostname=HOST)

    def request(self, method: str, target: str = "/", body: Any = None, **headers: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection(HOST)
        connection.sock = self.socket()
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, target, body, fields, encode_chunked=not isinstance(body, bytes | None))
        response = connection.getresponse()
        response.stored = response.read()  # type: ignore[attr-defined]
        connection.close()
        return response

    def told(self, method: str, target: str = "/", body: Any = None, **headers: str) -> dict[str, Any]:
        """What the backend says that arrived, its headers as a dictionary of lists."""
        told: dict[str, Any] = json.loads(self.request(method, target, body, **headers).stored)  # type: ignore[attr-defined]
        lists: dict[str, list[str]] = {}
        for name, value in told["headers"]:
            lists.setdefault(name, []).append(value)
        return {**told, "headers": lists}


@pytest.fixture(scope="module", params=sorted(PROGRAMS))
def proxy(
    request: pytest.FixtureRequest, certificate: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxy]:
    program = PROGRAMS[request.param]
    if not shutil.which(program.program, path=os.environ["PATH"] + ":/usr/sbin"):
        pytest.skip(f"needs {program.program} (Debian package {program.package})")
    folder = tmp_path_factory.mktemp(request.param)
    for name in ("cert.pem", "key.pem"):
        shutil.copy(certificate / name, folder)
    backend = Backend()
    thread = threading.Thread(target=backend.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    place = Place(folder, free_port(), free_port(), backend.port)
    environment = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin", "HOME": str(folder)}
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(program.command(place), env=environment, stdout=output, stderr=output)
    try:
        wait_until_listening(place.https, process)
        wait_until_listening(place.http, process)
        yield Proxy(request.param, place, backend)
    except RuntimeError as error:
        pytest.fail(f"{error}: {(folder / 'output').read_text()}")
    finally:
        process.terminate()
        process.wait(TIMEOUT_S)
        backend.shutdown()
        thread.join()
        backend.server_close()


def test_host_scheme_and_address_arrive_and_a_client_cannot_forge_them(proxy: Proxy) -> None:
    forged = {"X_Forwarded_For": "1.2.3.4", "X_Forwarded_Proto": "http", "X_Forwarded_Host": "evil.example"}
    forged["X_Request_ID"] = "forged"
    headers = proxy.told("GET", **forged)["headers"]
    assert headers["host"] == [HOST]
    assert headers["x-forwarded-proto"] == ["https"]
    assert ", ".join(headers["x-forwarded-for"]).split(", ")[-1] == "127.0.0.1"
    assert headers.get("x-forwarded-host", [HOST]) == [HOST]
    assert "forged" not in headers.get("x-request-id", [])


def test_a_port_in_host_arrives_since_destination_will_name_it(proxy: Proxy) -> None:
    headers = proxy.told("MOVE", Host=f"{HOST}:8443", Destination=f"https://{HOST}:8443/b")["headers"]
    assert headers["host"] == [f"{HOST}:8443"]


@pytest.mark.parametrize(
    "target",
    ["/a/a%20b", "/a/100%25", "/a/a%2Fb", "/a/%C3%BC", "/a/u%cc%88", "/a/a%3Fb%23c?x=%20y", "/a//b/", "/a/%7e;a=b"],
)
def test_the_url_and_destination_arrive_as_the_client_encoded_them(proxy: Proxy, target: str) -> None:
    destination = f"https://{HOST}{target}"
    told = proxy.told("MOVE", target, Destination=destination, Overwrite="F", If="(<urn:uuid:1>)", Depth="infinity")
    assert told["target"] == target
    assert told["headers"]["destination"] == [destination]
    assert told["headers"]["overwrite"] == ["F"]
    assert told["headers"]["if"] == ["(<urn:uuid:1>)"]
    assert told["headers"]["depth"] == ["infinity"]


@pytest.mark.parametrize(
    "method",
    [
        "OPTIONS",
        "PROPFIND",
        "PROPPATCH",
        "MKCOL",
        "COPY",
        "MOVE",
        "LOCK",
        "UNLOCK",
        "REPORT",
        "SEARCH",
        "PATCH",
        "DELETE",
    ],
)
def test_every_method_passes(proxy: Proxy, method: str) -> None:
    assert proxy.told(method, "/ann/x")["method"] == method


def test_long_names_and_long_headers_pass(proxy: Proxy) -> None:
    target = "/ann/" + "/".join("%C3%BC" * 127 for _ in range(8))
    told = proxy.told("MOVE", target, Destination=f"https://{HOST}{target}", If=" ".join(["(<urn:uuid:1>)"] * 500))
    assert told["target"] == target


def test_an_etag_stays_strong_for_a_client_that_accepts_compression(proxy: Proxy) -> None:
    response = proxy.request("GET", Accept_Encoding="gzip, deflate, br")
    assert response.headers["ETag"] == '"strong"'
    assert response.headers["Content-Encoding"] is None


@pytest.mark.parametrize("chunked", [False, True])
def test_a_large_body_passes_whole(proxy: Proxy, chunked: bool) -> None:
    block, count = b"0123456789abcdef" * 65536, 40
    length = {} if chunked else {"Content_Length": str(len(block) * count)}
    encoding = {"Transfer_Encoding": "chunked"} if chunked else {}
    body = (block for _ in range(count)) if chunked else block * count
    told = proxy.told("PUT", "/ann/large", body, **length, **encoding)
    assert told["size"] == len(block) * count
    assert told["sha256"] == hashlib.sha256(block * count).hexdigest()


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_streams_to_the_server_while_the_client_still_sends(proxy: Proxy, chunked: bool) -> None:
    proxy.backend.first_part.clear()
    framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: 200000"
    half = b"x" * 100_000
    part = b"186a0\r\n" + half + b"\r\n" if chunked else half
    with proxy.socket() as client:
        client.sendall(b"PUT /ann/slow HTTP/1.1\r\nHost: " + HOST.encode() + b"\r\n" + framing + b"\r\n\r\n" + part)
        assert proxy.backend.first_part.wait(TIMEOUT_S), "the proxy keeps the body to itself"
        client.sendall(part + (b"0\r\n\r\n" if chunked else b""))
        assert client.recv(12) == b"HTTP/1.1 200"


def test_an_answer_streams_to_the_client_while_the_server_still_sends(proxy: Proxy) -> None:
    proxy.backend.client_saw.clear()
    with proxy.socket() as client:
        client.sendall(b"GET /drip HTTP/1.1\r\nHost: " + HOST.encode() + b"\r\n\r\n")
        seen = b""
        while not seen.endswith(b"first"):
            block = client.recv(4096)
            assert block
            seen += block
        proxy.backend.client_saw.set()
        while not seen.endswith(b"firstagain"):
            seen += client.recv(4096)


def test_a_refusal_arrives_though_the_client_sends_its_body_regardless(proxy: Proxy) -> None:
    length, block = 64 << 20, b"x" * 65536
    with proxy.socket() as client:
        client.sendall(f"PUT /refuse HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {length}\r\n\r\n".encode())
        with contextlib.suppress(OSError):  # the proxy may close after its answer
            for _ in range(length // len(block)):
                client.sendall(block)
        expected = (b"401", b"502") if proxy.name == "apache" else (b"401",)
        assert client.recv(12).removeprefix(b"HTTP/1.1 ") in expected


def test_a_refusal_arrives_before_the_body_of_a_client_that_asks_first(proxy: Proxy) -> None:
    head = f"PUT /refuse HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 64000000\r\nExpect: 100-continue\r\n\r\n"
    with proxy.socket() as client:
        client.sendall(head.encode())
        answer = client.recv(4096)
        if answer == b"HTTP/1.1 100 Continue\r\n\r\n":  # nginx always says so, and asks the server meanwhile
            answer = client.recv(4096)
        assert answer.startswith(b"HTTP/1.1 401")


def test_plain_http_is_redirected_and_the_method_kept(proxy: Proxy) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", proxy.place.http, timeout=TIMEOUT_S)
    connection.request("PROPFIND", "/ann/", headers={"Host": HOST})
    response = connection.getresponse()
    connection.close()
    assert response.status == 308
    assert response.headers["Location"].startswith(f"https://{HOST}")
    assert response.headers["Location"].endswith("/ann/")
