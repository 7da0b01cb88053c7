"""What a confused or hostile client sends, and the status that the RFCs give it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.support.dav import lockinfo, update
from tests.support.http import Body

XML_LIMIT = 1 << 20
BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><propfind xmlns="DAV:"><prop>&b;</prop></propfind>'
OUTSIDE = (
    b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><propfind xmlns="DAV:"><prop><displayname>&f;</displayname>'
    b"</prop></propfind>"
)
DEEP = b'<propfind xmlns="DAV:"><prop>' + b"<x>" * 500 + b"</x>" * 500 + b"</prop></propfind>"
LONG_PATH = "/".join(["d"] * 201)
Headers = Mapping[str, str | None]


@dataclass(frozen=True)
class Bad:
    """A request below a collection that holds the file `f` and the collection `d` with the file `d/g`.

    `headers` may name `{url}`, the collection's own URL. `says` has to be in the sentence.
    """

    name: str
    status: int
    method: str
    path: str = "f"
    body: Body = b""
    headers: Headers = field(default_factory=dict)
    says: str = ""
    element: str = ""

    def __str__(self) -> str:
        return self.name.replace(" ", "_")


def _destination(name: str, status: int, value: str | None, says: str = "") -> Bad:
    return Bad(f"MOVE to {name}", status, "MOVE", headers={"Destination": value}, says=says)


def _range(value: str, says: str = "") -> Bad:
    return Bad(f"range {value}", 416, "GET", headers={"Range": value}, says=says)


def _name(name: str, path: str, says: str = "", status: int = 400) -> Bad:
    return Bad(f"PUT {name}", status, "PUT", path, b"x", says=says)


def _xml(name: str, body: bytes, method: str = "PROPFIND", status: int = 400, element: str = "", says: str = "") -> Bad:
    return Bad(f"{method} with {name}", status, method, body=body, headers={"Depth": "0"}, element=element, says=says)


def _coding(value: str) -> Headers:
    return {"Content-Length": None, "Transfer-Encoding": value}


CASES = (
    Bad("SHA1 that does not match", 412, "PUT", body=b"x", headers={"OC-Checksum": "SHA1:" + "0" * 40}, says="sha1"),
    Bad("MD5 that does not match", 412, "PUT", "new", b"x", {"OC-Checksum": "MD5:" + "0" * 32}, "md5"),
    Bad("Repr-Digest of another", 412, "PUT", "new", b"x", {"Repr-Digest": f"sha-256=:{'A' * 43}=:"}, "sha256"),
    Bad("checksum without an algorithm", 400, "PUT", "new", b"x", {"OC-Checksum": "0123"}),
    Bad("checksum of a wrong length", 400, "PUT", "new", b"x", {"OC-Checksum": "SHA1:00"}),
    Bad("too short for Finder's length", 400, "PUT", body=[b"abc"], headers={"X-Expected-Entity-Length": "9"}),
    Bad("too long for Finder's length", 400, "PUT", body=[b"abc" * 9], headers={"X-Expected-Entity-Length": "9"}),
    Bad("Finder's length is no number", 400, "PUT", body=[b"abc"], headers={"X-Expected-Entity-Length": "many"}),
    Bad("X-OC-Mtime is no time", 400, "PUT", body=b"x", headers={"X-OC-Mtime": "yesterday"}),
    Bad("X-OC-Mtime is endless", 400, "PUT", body=b"x", headers={"X-OC-Mtime": "inf"}),
    Bad("Content-Range of a PUT", 400, "PUT", body=b"x", headers={"Content-Range": "bytes 0-0/2"}),
    _xml("a body that is no XML", b"<propfind"),
    _xml("a body of NULs", b"\0" * 30),
    _xml("another root element", b'<x xmlns="DAV:"/>'),
    _xml("another root namespace", b'<propfind xmlns="urn:x"><prop/></propfind>'),
    _xml("an unbound prefix", b"<D:propfind><D:prop/></D:propfind>"),
    _xml("entities", BOMB, element="no-external-entities"),
    _xml("an external entity", OUTSIDE, element="no-external-entities"),
    _xml("500 elements inside each other", DEEP, status=400),
    _xml("a body over 1 MiB", b'<propfind xmlns="DAV:">' + b" " * XML_LIMIT + b"<allprop/></propfind>", status=413),
    _xml("no XML", b"<x>", "PROPPATCH"),
    _xml("nothing", b"", "PROPPATCH"),
    _xml("a time that is none", update(("{DAV:}lastmodified", "noon")), "PROPPATCH"),
    _xml("no XML", b"<<<", "LOCK"),
    _xml("a scope that is none", lockinfo("greedy"), "LOCK"),
    _xml("no scope", b'<lockinfo xmlns="DAV:"><locktype><write/></locktype></lockinfo>', "LOCK"),
    _xml("an owner of 100,000 characters", lockinfo(owner="o" * 100_000), "LOCK", says="owner"),
    _xml("nothing and no If", b"", "LOCK", says="If"),
    _name("with half an escape", "a%4", "percent"),
    _name("with an escape that is none", "a%zz", "percent"),
    _name("with bytes that are no UTF-8", "a%FF", "UTF-8"),
    _name("with an overlong encoding of a slash", "a%C0%AF", "UTF-8"),
    _name("with half a surrogate", "a%ED%A0%80", "UTF-8"),
    _name("of a dot", "%2E"),
    _name("with a dot segment", "d/../f2"),
    _name("with an encoded dot segment", "d/%2e%2e/f2"),
    _name("with an encoded slash", "d%2Fg2", "slash"),
    _name("with NUL", "a%00b", "control"),
    _name("with a control character", "a%1Fb", "control"),
    _name("with DEL", "a%7Fb", "control"),
    _name("that XML cannot carry", "a%EF%BF%BFb", "XML"),
    _name("of 256 bytes", "n" * 256, "255"),
    _name("of 86 characters and 258 bytes", "%E2%82%AC" * 86, "255"),
    _name("201 names deep", LONG_PATH, "deep"),
    _name("in a collection that is not there", "nowhere/f", "nowhere", status=409),
    _name("in a file", "f/inside", "f", status=409),
    _name("where a collection is", "d", "collection", status=405),
    _name("with a slash at its end", "new/", "collection", status=405),
    Bad("PUT to the list of drives", 405, "PUT", "/", b"x"),
    Bad("PUT to a drive's root", 405, "PUT", "/bob", b"x"),
    Bad("MKCOL with a body", 415, "MKCOL", "new", b"<x/>", {"Content-Type": "application/xml"}, "body"),
    Bad("MKCOL with a chunked body", 415, "MKCOL", "new", [b"x"]),
    Bad("MKCOL over a file", 405, "MKCOL", "f"),
    Bad("MKCOL over a collection", 405, "MKCOL", "d"),
    Bad("MKCOL in nothing", 409, "MKCOL", "nowhere/d"),
    Bad("MKCOL of a drive", 405, "MKCOL", "/newdrive"),
    Bad("DELETE of nothing", 404, "DELETE", "gone"),
    Bad("DELETE of a drive", 403, "DELETE", "/bob/"),
    Bad("DELETE of the list of drives", 405, "DELETE", "/"),
    Bad("DELETE of members alone", 400, "DELETE", "d", headers={"Depth": "1"}),
    Bad("GET of nothing", 404, "GET", "gone"),
    Bad("GET of nothing below a file", 404, "GET", "f/g"),
    Bad("PROPFIND of nothing", 404, "PROPFIND", "gone", headers={"Depth": "0"}),
    Bad("PROPPATCH of nothing", 404, "PROPPATCH", "gone", update(("{urn:x}a", "b"))),
    Bad("depth of two", 400, "PROPFIND", headers={"Depth": "2"}, says="Depth"),
    Bad("depth of a word", 400, "PROPFIND", headers={"Depth": "deep"}, says="Depth"),
    Bad("PROPFIND of everything", 403, "PROPFIND", "d", headers={"Depth": "infinity"}, element="propfind-finite-depth"),
    Bad("PROPFIND without a depth", 403, "PROPFIND", "d", element="propfind-finite-depth"),
    Bad("COPY of depth 1", 400, "COPY", "d", headers={"Destination": "{url}e", "Depth": "1"}),
    Bad("LOCK of depth 1", 400, "LOCK", "d", lockinfo(), {"Depth": "1"}, "Depth"),
    Bad("time-out that is none", 400, "LOCK", "f", lockinfo(), {"Depth": "0", "Timeout": "Soon"}, "Timeout"),
    Bad("If that is no list", 400, "PUT", body=b"x", headers={"If": "nonsense"}, says="If"),
    Bad("If without an end", 400, "PUT", body=b"x", headers={"If": "(<urn:x>"}, says="If"),
    Bad("If with an empty list", 400, "PUT", body=b"x", headers={"If": "()"}, says="If"),
    Bad("If of a thousand lists", 400, "PUT", body=b"x", headers={"If": "(<a:b>)" * 1000}, says="If"),
    Bad("If-Match that is no ETag", 400, "PUT", body=b"x", headers={"If-Match": "abc def"}, says="If-Match"),
    Bad("Overwrite of a word", 400, "COPY", headers={"Destination": "{url}e", "Overwrite": "maybe"}, says="Overwrite"),
    _destination("nowhere", 400, None, "Destination"),
    _destination("an empty Destination", 400, ""),
    _destination("another server", 502, "http://elsewhere.example/f", "elsewhere.example"),
    _destination("another scheme", 502, "ftp://elsewhere.example/f"),
    _destination("a word", 400, "just-a-word"),
    _destination("half an escape", 400, "{url}a%4"),
    _destination("dot segments", 400, "{url}d/../x"),
    _destination("a fragment", 400, "{url}x#fragment"),
    _destination("a query", 400, "{url}x?query"),
    _destination("itself", 403, "{url}f", "same"),
    _destination("a drive", 403, "/bob/"),
    _destination("a drive that is not there", 409, "/nobody/f"),
    _destination("the list of drives", 403, "/"),
    _destination("a missing collection", 409, "{url}nowhere/f"),
    _destination("a name of 300 bytes", 400, "{url}" + "n" * 300),
    Bad("MOVE into itself", 403, "MOVE", "d", headers={"Destination": "{url}d/e"}),
    Bad("COPY into itself", 403, "COPY", "d", headers={"Destination": "{url}d/e"}),
    Bad("COPY over what holds it", 403, "COPY", "d/g", headers={"Destination": "{url}d"}),
    Bad("MOVE over something with Overwrite F", 412, "MOVE", headers={"Destination": "{url}d/g", "Overwrite": "F"}),
    Bad("MOVE of a drive", 403, "MOVE", "/bob", headers={"Destination": "{url}e"}),
    Bad("COPY of nothing", 404, "COPY", "gone", headers={"Destination": "{url}e"}),
    _range("bytes=1000-"),
    _range("bytes=-0"),
    _range("bytes=2000-3000,5000-", "range"),
    Bad("unknown method", 501, "FROBNICATE", says="FROBNICATE"),
    Bad("method of calendars", 405, "MKCALENDAR"),
    Bad("method of forms", 405, "POST", body=b"a=b"),
    Bad("UNLOCK without a token", 400, "UNLOCK", says="Lock-Token"),
    Bad("UNLOCK with no token's shape", 400, "UNLOCK", headers={"Lock-Token": "<>"}),
    Bad("UNLOCK of no lock", 409, "UNLOCK", "f", b"", {"Lock-Token": "<urn:x>"}, "", "lock-token-matches-request-uri"),
    Bad("refresh of no lock", 412, "LOCK", headers={"If": "(<urn:uuid:0>)"}),
    Bad("LOCK in nothing", 409, "LOCK", "nowhere/f", lockinfo(), {"Depth": "0"}),
    Bad("chunks that are none", 400, "PUT", "new", b"zz\r\n", _coding("chunked")),
    Bad("two lengths", 400, "PUT", "new", b"x", {"Content-Length": "1, 2"}),
    Bad("a length that is no number", 400, "PUT", "new", b"x", {"Content-Length": "1x"}),
    Bad("a negative length", 400, "PUT", "new", b"x", {"Content-Length": "-1"}),
    Bad("a transfer coding that nobody knows", 501, "PUT", "new", b"x", _coding("gzip, chunked")),
    Bad("a body whose end nobody can know", 400, "PUT", "new", b"x", _coding("gzip")),
    Bad("a file over the limit", 413, "PUT", "new", b"", {"Content-Length": str(1 << 60)}),
    Bad("a header of 100,000 bytes", 431, "GET", headers={"X-Long": "x" * 100_000}),
)  # fmt: skip
