"""The head of a request, from bytes to WSGI environ keys, strictly (RFC 9112 §2 to §5).

One regular expression judges the whole header block; only when it fails is the exact reason looked for.
"""

import re

from davdrive.server.header_names import environ_key, joined
from davdrive.server.limits import ServerLimits
from davdrive.server.refusal import Refusal
from davdrive.server.target import parse_target

TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]"
REQUEST_LINE = re.compile(rb"(" + TOKEN + rb"++) ([^\x00-\x20\x7f]++) HTTP/([0-9])\.([0-9])\r\n")
FIELD = rb"(?:" + TOKEN + rb"++:[^\x00-\x08\x0a-\x1f\x7f]*+\r\n)"
FIELDS = re.compile(FIELD + rb"*+")
HOST = re.compile(r"(?:[A-Za-z0-9._~%!$&'*+;=-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?")


def parse_head(head: bytes, environ: dict[str, object], limits: ServerLimits) -> None:
    """Parse `head` (from the request line through the last header's CRLF) into `environ`.

    Sets REQUEST_METHOD, REQUEST_URI (path and query as sent), PATH_INFO, QUERY_STRING, SERVER_PROTOCOL and a key for
    each header. Raises `Refusal`.
    """
    line = REQUEST_LINE.match(head)
    if line is None:
        raise _bad_request_line(head, limits)
    begin = line.end()
    if begin > limits.request_line_bytes:
        raise Refusal(414, "The request line is too long.")
    if len(head) > limits.header_bytes:
        raise Refusal(431, f"The request's header is larger than {limits.header_bytes} bytes.")
    if FIELDS.fullmatch(head, begin) is None:
        raise _bad_field(head[begin:])
    method, raw, major, minor = line.groups()
    if major != b"1":
        raise Refusal(505, "This server speaks HTTP/1.1.")
    http10 = minor == b"0"
    environ["SERVER_PROTOCOL"] = "HTTP/1.0" if http10 else "HTTP/1.1"
    environ["REQUEST_METHOD"] = verb = method.decode("latin-1")
    target = parse_target(verb, raw.decode("latin-1"))
    environ["REQUEST_URI"], environ["PATH_INFO"], environ["QUERY_STRING"], authority = target
    _fields(head[begin:-2].decode("latin-1"), environ, limits)
    _host(environ, authority, http10)


def _fields(block: str, environ: dict[str, object], limits: ServerLimits) -> None:
    if not block:
        return
    lines = block.split("\r\n")
    if len(lines) > limits.header_count:
        raise Refusal(431, f"The request has more than {limits.header_count} header fields.")
    for line in lines:
        name, _, value = line.partition(":")
        key = environ_key(name)
        value = value.strip(" \t")
        environ[key] = joined(key, str(environ[key]), value) if key in environ else value


def _host(environ: dict[str, object], authority: str | None, http10: bool) -> None:
    """RFC 9112 §3.2: one Host in HTTP/1.1; the authority of an absolute-form target takes its place (§3.2.2)."""
    host = environ.get("HTTP_HOST")
    if host is None:
        if not http10:
            raise Refusal(400, "The request has no Host header.")
    elif HOST.fullmatch(str(host)) is None:
        raise Refusal(400, "The Host header is malformed.")
    if authority is not None:
        if HOST.fullmatch(authority) is None:
            raise Refusal(400, "The host in the request target is malformed.")
        environ["HTTP_HOST"] = authority


def _bad_request_line(head: bytes, limits: ServerLimits) -> Refusal:
    line = head.partition(b"\n")[0]
    if len(line) > limits.request_line_bytes:
        return Refusal(414, "The request line is too long.")
    if re.search(rb" HTTP/[02-9]", line):
        return Refusal(505, "This server speaks HTTP/1.1.")
    return Refusal(400, "The request line is malformed; it must be METHOD SP target SP HTTP/1.1 CRLF.")


def _bad_field(block: bytes) -> Refusal:
    good = re.match(FIELD + rb"*+", block)
    line = block[good.end() if good else 0 :].partition(b"\n")[0]
    if line[:1] in (b" ", b"\t"):
        return Refusal(400, "A header is folded over two lines, which HTTP/1.1 forbids.")
    if line[:1] == b":":
        return Refusal(400, "A header has an empty name.")
    if re.match(TOKEN + rb"+[ \t]+:", line):
        return Refusal(400, "A header has white space between its name and the colon.")
    return Refusal(400, "A header is malformed, or holds a control character or a bare line feed.")
