"""How long a request's body is: one framing per message, or none (RFC 9112 §6)."""

import re
from collections.abc import Mapping

from davdrive.server.limits import ServerLimits
from davdrive.server.refusal import Refusal

LENGTH = re.compile("[0-9]{1,19}")

CHUNKED = -1
"""What `body_size` answers for a chunked body."""


def body_size(environ: Mapping[str, object], limits: ServerLimits) -> int:
    """The declared size in bytes, 0 for no body, or `CHUNKED`; raises `Refusal` (400, 413, 501)."""
    coding = environ.get("HTTP_TRANSFER_ENCODING")
    length = environ.get("CONTENT_LENGTH")
    if coding is not None:
        return _chunked(str(coding), length, environ)
    if length is None:
        return 0
    text = str(length)
    if LENGTH.fullmatch(text) is None:
        raise Refusal(400, "The Content-Length is not a plain decimal number.")
    size = int(text)
    if size > limits.body_bytes:
        raise Refusal(413, f"The body is larger than {limits.body_bytes} bytes.")
    return size


def _chunked(coding: str, length: object, environ: Mapping[str, object]) -> int:
    if length is not None:
        raise Refusal(400, "The request has both a Content-Length and a Transfer-Encoding.")
    if environ["SERVER_PROTOCOL"] == "HTTP/1.0":
        raise Refusal(400, "HTTP/1.0 has no Transfer-Encoding.")
    codings = [part.strip(" \t").lower() for part in coding.split(",")]
    if codings == ["chunked"]:
        return CHUNKED
    if codings[-1] != "chunked" or codings.count("chunked") > 1:
        raise Refusal(400, "The last Transfer-Encoding must be chunked, and only once.")
    raise Refusal(501, "The only Transfer-Encoding that this server knows is chunked.")
