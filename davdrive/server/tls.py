"""TLS: one context for new connections, replaced as a whole when certificates are renewed."""

import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """The PEM files: the certificate with its chain, its private key, and the key's passphrase if it has one.
    `least_version` of TLS is what a client must speak."""

    certificate: Path
    private_key: Path
    passphrase: str | None = None
    least_version: Literal["1.2", "1.3"] = "1.2"


class Tls:
    """Makes server-side TLS connections. Raises ValueError at once if the files cannot be used."""

    def __init__(self, files: TlsFiles) -> None:
        self._files = files
        self._context = _context(files)

    def reload(self) -> None:
        """Read the files again. On a ValueError the old certificate stays in use."""
        self._context = _context(self._files)

    def wrap(self, sock: socket.socket) -> ssl.SSLSocket:
        """A TLS socket whose handshake has not begun."""
        return self._context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)


def _context(files: TlsFiles) -> ssl.SSLContext:
    """TLS 1.2 or 1.3 and newer, HTTP/1.1 by ALPN, no compression."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS[files.least_version]
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(files.certificate, files.private_key, files.passphrase)
    except (OSError, ssl.SSLError) as error:
        raise ValueError(f"the TLS certificate or its private key cannot be used: {error}") from error
    return context
