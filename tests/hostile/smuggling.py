"""Two ways to see where a request ends: what a proxy in front and the server behind it have read differently before.

Each row is a name, what stands in a PUT's head beside Host and Authorization, its body, and the status. Behind the body
there is always a second request, a DELETE, which nobody may ever see as one.
"""

from typing import NamedTuple


class Smuggled(NamedTuple):
    """One row of the table."""

    name: str
    framing: bytes
    body: bytes
    status: int = 400

    def __str__(self) -> str:
        return self.name


TE = b"Transfer-Encoding: "
WHOLE = b"5\r\nhello\r\n0\r\n\r\n"


def _coding(name: str, line: bytes, status: int = 400) -> Smuggled:
    return Smuggled(name, line + b"\r\n", WHOLE, status)


def _length(name: str, value: bytes) -> Smuggled:
    return Smuggled(f"a length that is {name}", b"Content-Length:" + value + b"\r\n", b"hello")


def _size(name: str, line: bytes) -> Smuggled:
    return Smuggled(f"a chunk size {name}", TE + b"chunked\r\n", line + b"\r\nhello\r\n0\r\n\r\n")


def _end(name: str, trailers: bytes) -> Smuggled:
    return Smuggled(name, TE + b"chunked\r\n", b"5\r\nhello\r\n0\r\n" + trailers)


CASES = (
    Smuggled("CL.TE", b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
    Smuggled("TE.CL", b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", b"0\r\n\r\n"),
    Smuggled("CL.0", b"Content-Length: 0\r\nContent-Length: 99\r\n", b""),
    Smuggled("0.CL", b"Content-Length: 99\r\nContent-Length: 0\r\n", b""),
    Smuggled("CL.CL that agree", b"Content-Length: 5\r\nContent-Length: 5\r\n", b"hello"),
    Smuggled("CL.CL as a list", b"Content-Length: 5, 5\r\n", b"hello"),
    Smuggled("CL.TE over a look-alike", b"Content-Length: 5\r\nTransfer_Encoding: chunked\r\n", WHOLE),
    Smuggled("CL.TE in HTTP/1.1 with an unknown coding", b"Content-Length: 5\r\nTransfer-Encoding: x\r\n", WHOLE),
    _coding("TE with a vertical tab", TE + b"\x0bchunked"),
    _coding("TE with a form feed", TE + b"\x0cchunked"),
    _coding("TE with a NUL behind it", TE + b"chunked\0"),
    _coding("TE with a bare CR before it", b"X: y\rTransfer-Encoding: chunked"),
    _coding("TE with a bare LF before it", b"X: y\nTransfer-Encoding: chunked"),
    _coding("TE with a space before the colon", b"Transfer-Encoding : chunked"),
    _coding("TE with a tab before the colon", b"Transfer-Encoding\t: chunked"),
    _coding("TE folded", b"Transfer-Encoding:\r\n chunked"),
    _coding("TE folded with a tab", b"Transfer-Encoding: x\r\n\tchunked"),
    _coding("TE behind a fold", b"X: y\r\n Transfer-Encoding: chunked"),
    _coding("TE with a space before it", b" Transfer-Encoding: chunked"),
    _coding("TE in quotes", TE + b'"chunked"'),
    _coding("TE in single quotes", TE + b"'chunked'"),
    _coding("TE with a parameter", TE + b"chunked;q=1"),
    _coding("TE with a comma behind it", TE + b"chunked,"),
    _coding("TE with a comma before it", TE + b", chunked", 501),
    _coding("TE with another in front", TE + b"identity, chunked", 501),
    _coding("TE with gzip in front", TE + b"gzip, chunked", 501),
    _coding("TE with another behind it", TE + b"chunked, identity"),
    _coding("TE twice in a list", TE + b"chunked, chunked"),
    _coding("TE twice", TE + b"chunked\r\nTransfer-Encoding: chunked"),
    _coding("TE.TE, the other first", TE + b"cow\r\nTransfer-Encoding: chunked"),
    _coding("TE.TE, the other last", TE + b"chunked\r\nTransfer-Encoding: cow"),
    _coding("TE that is empty", TE),
    _coding("TE that is identity", TE + b"identity"),
    _coding("TE with an x", TE + b"xchunked"),
    _coding("TE cut off", TE + b"chunke"),
    _coding("TE with a Kelvin sign", TE + "chun\u212aed".encode()),
    _coding("TE with a byte order mark", "\ufeffTransfer-Encoding: chunked".encode()),
    _length("signed", b" +5"),
    _length("negative", b" -5"),
    _length("negative nothing", b" -0"),
    _length("blank", b" "),
    _length("nothing", b""),
    _length("hexadecimal", b" 0x5"),
    _length("octal", b" 0o5"),
    _length("with an underscore", b" 0_5"),
    _length("with a point", b" 5.0"),
    _length("with an exponent", b" 5e0"),
    _length("two numbers", b" 5 5"),
    _length("in quotes", b' "5"'),
    _length("in Arabic digits", " \u0665".encode()),
    _length("with a vertical tab", b" \x0b5"),
    _length("folded", b"\r\n 5"),
    _length("of twenty nines", b" " + b"9" * 20),
    _length("of twenty digits, zero and five", b" " + b"0" * 19 + b"5"),
    _size("with 0x", b"0x5"),
    _size("with a plus", b"+5"),
    _size("with a minus", b"-5"),
    _size("with an underscore", b"0_5"),
    _size("behind a space", b" 5"),
    _size("before a space", b"5 "),
    _size("before a tab", b"5\t"),
    _size("with a point", b"5.0"),
    _size("with a comma", b"5,5"),
    _size("in full-width digits", "\uff15".encode()),
    _size("with a NUL", b"5\0"),
    _size("with a bare CR", b"5\r"),
    _size("that is missing", b""),
    _size("of only an extension", b";a=b"),
    _size("of 64 bits and five", b"1" + b"0" * 15 + b"5"),
    _size("that is huge", b"f" * 300),
    _size("with sixteen zeros", b"0" * 16 + b"5"),
    _size("with an extension that has a bare CR", b"5;a=\rb"),
    _size("with an extension that has a NUL", b"5;a=\0"),
    _size("with an extension that has no end", b"5;" + b"a" * 3000),
    Smuggled("a chunk size that ends in a bare LF", TE + b"chunked\r\n", b"5\nhello\r\n0\r\n\r\n"),
    Smuggled("an extension that ends in a bare LF", TE + b"chunked\r\n", b"5;a\nhello\r\n0\r\n\r\n"),
    Smuggled("a chunk that ends in a bare LF", TE + b"chunked\r\n", b"5\r\nhello\n0\r\n\r\n"),
    Smuggled("a chunk without an end", TE + b"chunked\r\n", b"5\r\nhello0\r\n\r\n"),
    Smuggled("a chunk with two ends", TE + b"chunked\r\n", b"5\r\nhello\r\n\r\n0\r\n\r\n"),
    Smuggled("a chunk longer than it says", TE + b"chunked\r\n", b"4\r\nhello\r\n0\r\n\r\n"),
    Smuggled("a last chunk that ends in a bare LF", TE + b"chunked\r\n", b"5\r\nhello\r\n0\n\r\n"),
    Smuggled("a last chunk that is 0x0", TE + b"chunked\r\n", b"5\r\nhello\r\n0x0\r\n\r\n"),
    _end("a trailer that ends in a bare LF", b"X: y\n\r\n"),
    _end("an end that is a bare LF", b"\n"),
    _end("a request for a trailer", b"GET /bob/ HTTP/1.1\r\nHost: x\r\n\r\n"),
    _end("a trailer without a colon", b"nonsense\r\n\r\n"),
    _end("a trailer without a name", b": y\r\n\r\n"),
    _end("a folded trailer", b"X: y\r\n z\r\n\r\n"),
    _end("a trailer with a space before the colon", b"X : y\r\n\r\n"),
    _end("a trailer with a NUL", b"X: \0\r\n\r\n"),
    _end("a trailer with a bare CR", b"X: y\rz\r\n\r\n"),
    _end("a trailer that says a length", b"Content-Length: 9\r\n\r\n"),
    _end("a trailer that says a coding", b"Transfer-Encoding: chunked\r\n\r\n"),
    _end("a trailer that says a host", b"Host: evil.example\r\n\r\n"),
    _end("a trailer that says who it is", b"Authorization: Basic YTpi\r\n\r\n"),
    _end("trailers without an end", b"X: y\r\n" * 3000),
)  # fmt: skip
