"""How each reverse proxy is started with its example from config/, with nothing but its ports and files changed."""

import contextlib
import os
import random
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

CONFIG = Path(__file__).parents[2] / "config"
START_S = 15.0
PORTS = (20_000, 32_000)
APACHE_MODULES = (
    "mpm_event authz_core unixd log_config alias headers setenvif env reqtimeout socache_shmcb ssl proxy proxy_http"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a proxy under test works: a folder of its own with `cert.pem` and `key.pem`, and its ports."""

    folder: Path
    http: int
    https: int
    backend: int

    def example(self, name: str, *changes: tuple[str, str]) -> str:
        """The example's text with `changes` made, each of which must find something to change."""
        text = (CONFIG / name).read_text()
        for old, new in (("127.0.0.1:8080", f"127.0.0.1:{self.backend}"), *changes):
            assert old in text, f"{name} no longer holds {old!r}"
            text = text.replace(old, new)
        return text

    def write(self, name: str, text: str) -> Path:
        file = self.folder / name
        file.write_text(text)
        return file


@dataclass(frozen=True, slots=True)
class Program:
    """A reverse proxy: the Debian package it is in, its program, and the command line that runs it in `Place`."""

    package: str
    program: str
    command: Callable[[Place], list[str]]


def _certificates(place: Place) -> tuple[tuple[str, str], ...]:
    return (
        ("/etc/davdrive/fullchain.pem", str(place.folder / "cert.pem")),
        ("/etc/davdrive/privkey.pem", str(place.folder / "key.pem")),
    )


def _nginx(place: Place) -> list[str]:
    ports = (("listen 80;", f"listen {place.http};"), ("listen 443 ssl;", f"listen {place.https} ssl;"))
    place.write("davdrive.conf", place.example("nginx.conf", *ports, *_certificates(place)))
    temporary = "\n".join(
        f"    {kind}_temp_path {place.folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;\n" if os.geteuid() == 0 else ""
    main = f"""{user}daemon off;
pid {place.folder}/pid;
error_log {place.folder}/error.log;
events {{}}
http {{
    access_log off;
{temporary}
    include {place.folder}/davdrive.conf;
}}
"""
    return ["nginx", "-p", str(place.folder), "-e", f"{place.folder}/error.log", "-c", str(place.write("main", main))]


def _apache(place: Place) -> list[str]:
    ports = (("*:80>", f"*:{place.http}>"), ("*:443>", f"*:{place.https}>"))
    site = place.write("site.conf", place.example("apache.conf", *ports, *_certificates(place)))
    modules = Path("/usr/lib/apache2/modules")
    loads = [
        f"LoadModule {name}_module {modules}/mod_{name}.so"
        for name in APACHE_MODULES.split()
        if (modules / f"mod_{name}.so").exists()
    ]
    user = ["User www-data", "Group www-data"] if os.geteuid() == 0 else []
    main = [
        *loads,
        *user,
        f"ServerRoot {place.folder}",
        f"PidFile {place.folder}/pid",
        f"DefaultRuntimeDir {place.folder}",
        f"ErrorLog {place.folder}/error.log",
        "ServerName localhost",
        f"Listen {place.http}",
        f"Listen {place.https}",
        f"Include {site}",
    ]
    return ["apache2", "-f", str(place.write("main", "\n".join(main) + "\n")), "-DFOREGROUND"]


def _haproxy(place: Place) -> list[str]:
    both = (place.folder / "cert.pem").read_text() + (place.folder / "key.pem").read_text()
    pem = place.write("both.pem", both)
    ports = (("bind :80", f"bind 127.0.0.1:{place.http}"), ("bind :443", f"bind 127.0.0.1:{place.https}"))
    text = place.example("haproxy.cfg", *ports, ("/etc/davdrive/davdrive.pem", str(pem)))
    return ["haproxy", "-db", "-f", str(place.write("haproxy.cfg", text))]


def _caddy(place: Place) -> list[str]:
    site = f"https://drive.example.org:{place.https} {{\n\ttls {place.folder}/cert.pem {place.folder}/key.pem"
    text = place.example("Caddyfile", ("\ndrive.example.org {", f"\n{site}"))
    options = f"{{\n\tadmin off\n\thttp_port {place.http}\n\thttps_port {place.https}\n}}\n"
    return ["caddy", "run", "--config", str(place.write("Caddyfile", options + text)), "--adapter", "caddyfile"]


PROGRAMS = {
    "nginx": Program("nginx-light", "nginx", _nginx),
    "apache": Program("apache2", "apache2", _apache),
    "haproxy": Program("haproxy", "haproxy", _haproxy),
    "caddy": Program("caddy", "caddy", _caddy),
}


def free_port() -> int:
    """A port below those that the kernel hands out, so that nobody who asks it for one gets this one meanwhile."""
    while True:
        port = random.SystemRandom().randrange(*PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("0.0.0.0", port))
            return port


def wait_until_listening(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return when `port` answers; RuntimeError when the process ends before, or takes longer than START_S."""
    ends = time.monotonic() + START_S
    while time.monotonic() < ends and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError(f"the proxy does not listen (exit code {process.poll()})")
