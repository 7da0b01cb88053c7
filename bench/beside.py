#!/usr/bin/env python3
"""Measure davdrive beside other servers, one after another in one run, each with a fresh data directory.

    python bench/beside.py [--json FILE] [--rounds N] [SERVER ...] [-- options of davbench.py]

Servers: davdrive (one worker), davdrive-2 (two workers), apache, wsgidav, rclone; without names all that are installed
(apache2 from Debian, wsgidav and rclone from this environment: the extra `test`). The table has the medians of the
rounds. Everything listens on loopback and is gone afterwards.
"""

import argparse
import base64
import contextlib
import hashlib
import http.client
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

HERE = Path(__file__).parent
SCRIPTS = Path(sys.executable).parent
USER, PASSWORD = "user", "pass"
START_S = 40.0
APACHE_MODULES = "mpm_event authn_core authn_file authz_core authz_user auth_basic dav dav_fs dav_lock mime"


def davdrive(folder: Path, port: int, workers: int = 1) -> list[str]:
    """Nothing configured but the number of workers."""
    program, data = str(SCRIPTS / "davdrive"), str(folder / "data")
    add = [program, "user", "add", USER, "--password-stdin", "--data-dir", data]
    subprocess.run(add, input=PASSWORD, text=True, check=True, stdout=subprocess.DEVNULL)
    return [program, "serve", "--data-dir", data, "--listen", f"127.0.0.1:{port}", "--workers", str(workers)]


def davdrive_2(folder: Path, port: int) -> list[str]:
    return davdrive(folder, port, 2)


def wsgidav(folder: Path, port: int) -> list[str]:
    """The stock server: files in a folder, locks and properties in memory."""
    (folder / "data").mkdir()
    options = {
        "host": "127.0.0.1",
        "port": port,
        "provider_mapping": {"/": str(folder / "data")},
        "http_authenticator": {"accept_basic": True, "accept_digest": False, "default_to_digest": False},
        "simple_dc": {"user_mapping": {"*": {USER: {"password": PASSWORD}}}},
        "property_manager": True,
        "lock_storage": True,
        "dir_browser": {"enable": False},
        "logging": {"enable": False},
        "verbose": 0,
    }
    config = folder / "wsgidav.json"
    config.write_text(json.dumps(options))
    return [str(SCRIPTS / "wsgidav"), "--config", str(config)]


def rclone(folder: Path, port: int) -> list[str]:
    """`rclone serve webdav` over a folder, with its defaults."""
    (folder / "data").mkdir()
    address = ["--addr", f"127.0.0.1:{port}", "--user", USER, "--pass", PASSWORD]
    return [_program("rclone"), "serve", "webdav", str(folder / "data"), *address, "--config", str(folder / "none")]


def apache(folder: Path, port: int) -> list[str]:
    """mod_dav over a folder, event MPM."""
    program = _program("apache2")
    data, locks = folder / "data", folder / "locks"
    for each in (data, locks):
        each.mkdir()
        shutil.chown(each, "www-data", "www-data")
    digest = base64.b64encode(hashlib.sha1(PASSWORD.encode()).digest()).decode()
    (folder / "users").write_text(f"{USER}:{{SHA}}{digest}\n")
    (folder / "types").write_text("text/plain txt\n")
    modules = "\n".join(f"LoadModule {m}_module /usr/lib/apache2/modules/mod_{m}.so" for m in APACHE_MODULES.split())
    (folder / "httpd.conf").write_text(f"""
ServerRoot {folder}
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
PidFile {folder}/pid
ErrorLog {folder}/error.log
DefaultRuntimeDir {folder}
{modules}
User www-data
Group www-data
TypesConfig {folder}/types
MaxKeepAliveRequests 0
KeepAliveTimeout 60
DocumentRoot {data}
DavLockDB {locks}/db
<Directory {data}>
  Dav On
  DavDepthInfinity on
  AuthType Basic
  AuthName bench
  AuthUserFile {folder}/users
  Require valid-user
</Directory>
""")
    return [program, "-DFOREGROUND", "-f", str(folder / "httpd.conf")]


SERVERS: dict[str, Callable[[Path, int], list[str]]] = {
    "davdrive": davdrive,
    "davdrive-2": davdrive_2,
    "apache": apache,
    "wsgidav": wsgidav,
    "rclone": rclone,
}


def _program(name: str) -> str:
    found = shutil.which(name, path=os.pathsep.join([str(SCRIPTS), os.environ["PATH"], "/usr/sbin"]))
    if found is None:
        raise FileNotFoundError(name)
    return found


@contextlib.contextmanager
def running(name: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A server that answers, and the URL of a collection that the user may fill."""
    with tempfile.TemporaryDirectory(prefix=f"bench-{name}-", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        folder.chmod(0o755)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        process = subprocess.Popen(SERVERS[name](folder, port), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait(port)
            yield process, f"http://127.0.0.1:{port}/{USER + '/' if name.startswith('davdrive') else ''}"
        finally:
            process.terminate()
            process.wait(20)


def _wait(port: int) -> None:
    ends = time.monotonic() + START_S
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("OPTIONS", "/")
            if connection.getresponse().status < 500:
                return
        except OSError:
            if time.monotonic() > ends:
                raise
        finally:
            connection.close()
        time.sleep(0.2)


def measure(name: str, options: list[str]) -> dict[str, dict[str, float]]:
    """One round of davbench against a fresh server: its scenarios."""
    with running(name) as (process, url), tempfile.NamedTemporaryFile(suffix=".json") as out:
        bench = [sys.executable, str(HERE / "davbench.py"), "--url", url, "--user", USER, "--password", PASSWORD]
        bench += ["--pid", str(process.pid), "--name", name, "--json", out.name, *options]
        subprocess.run(bench, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        found = json.loads(Path(out.name).read_text())
        return {**found["scenarios"], "peak memory": {"mib": found["meta"]["peak_rss_mib"]}}


def value(result: dict[str, float]) -> tuple[float, str] | None:
    """The figure of a scenario, and how it is shown."""
    for key, form in (("per_s", "{:.0f}/s"), ("mb_s", "{:.0f} MB/s"), ("mib", "{:.0f} MiB"), ("seconds", "{:.3f} s")):
        if isinstance(result.get(key), (int, float)):
            return result[key], form
    return None


def table(results: dict[str, list[dict[str, dict[str, float]]]]) -> str:
    """Medians, a row a scenario."""
    names = list(results)
    scenarios = dict.fromkeys(key for rounds in results.values() for each in rounds for key in each)
    lines = ["| scenario | " + " | ".join(names) + " |", "|---|" + "---|" * len(names)]
    for scenario in scenarios:
        cells = []
        for name in names:
            found = [got for each in results[name] if (got := value(each.get(scenario, {}))) is not None]
            cells.append(found[0][1].format(statistics.median(v for v, _ in found)) if found else "–")
        lines.append(f"| {scenario} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("servers", nargs="*", metavar="SERVER", help=", ".join(SERVERS))
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--json", type=Path)
    own, options = sys.argv[1:], []
    if "--" in own:
        own, options = own[: own.index("--")], own[own.index("--") + 1 :]
    arguments = parser.parse_args(own)
    results: dict[str, list[dict[str, dict[str, float]]]] = {}
    for number in range(arguments.rounds):
        for name in arguments.servers or SERVERS:
            try:
                results.setdefault(name, []).append(measure(name, options))
            except FileNotFoundError as error:
                print(f"{name}: skipped, {error} is not installed", file=sys.stderr)
            print(f"round {number + 1}: {name} done", file=sys.stderr)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1) + "\n")
    print(table(results))


if __name__ == "__main__":
    main()
