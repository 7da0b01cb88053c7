"""Every header, body and name that takes a number, with each number at which somebody's integers end."""

import base64

from tests.hostile.fuzzing import LONGEST_S, timed
from tests.support.dav import lockinfo, unlock, update
from tests.support.http import Answer, Client

ENDS = (2**31, 2**32, 2**53, 2**63, 2**64)
NUMBERS = ("0", "1", "-1", *(str(end + more) for end in ENDS for more in (-1, 0)), str(10**19), "9" * 30, "9" * 400)
ALLOWED = (501, 502, 505, 507)
TUS = {"Tus-Resumable": "1.0.0"}
FOLDER = "{uploads}"

HEADERS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("GET", "f", {"Range": "bytes=N-"}),
    ("GET", "f", {"Range": "bytes=-N"}),
    ("GET", "f", {"Range": "bytes=0-N,1-N"}),
    ("GET", "f", {"If-Modified-Since": "N", "If-Range": "N"}),
    ("GET", "f", {"Accept": "text/html;q=N", "Want-Repr-Digest": "sha-256=N", "Prefer": "wait=N"}),
    ("GET", "f", {"Accept-Encoding": "gzip;q=N", "Max-Forwards": "N", "Keep-Alive": "timeout=N", "Dnt": "N"}),
    ("GET", "f", {"Host": "x:N"}),
    ("GET", "f", {"X-Forwarded-For": "1.2.3.4:N", "X-Forwarded-Host": "x:N", "Forwarded": "for=N;host=x:N"}),
    ("PATCH", "f", {"X-Update-Range": "bytes=N-", "Content-Type": "application/x-sabredav-partialupdate"}),
    ("PATCH", "f", {"X-Update-Range": "bytes=0-N", "Content-Type": "application/x-sabredav-partialupdate"}),
    ("PATCH", "f", {"X-Update-Range": "bytes=-N", "Content-Type": "application/x-sabredav-partialupdate"}),
    ("PUT", "new", {"Content-Range": "bytes 0-N/N"}),
    ("PUT", "new", {"Content-Range": "bytes N-N/*"}),
    ("PUT", "new", {"X-OC-Mtime": "N", "X-OC-CTime": "N"}),
    ("PUT", "new", {"X-OC-Mtime": "1.N"}),
    ("PUT", "new", {"OC-Total-Length": "N", "OC-Chunk-Offset": "N", "OC-Chunk-Size": "N"}),
    ("PUT", "new", {"X-Expected-Entity-Length": "N"}),
    ("PROPFIND", "d", {"Depth": "N"}),
    ("LOCK", "f", {"Timeout": "Second-N"}),
    ("LOCK", "f", {"Timeout": "Infinite, Second-N", "Depth": "N"}),
    ("COPY", "f", {"X-OC-Mtime": "N", "Destination": "{url}copy"}),
    ("COPY", "f", {"Destination": "http://x:N/bob/copy"}),
    ("COPY", "f", {"If": "<http://x:N/bob/f> (<a:b>)", "Destination": "{url}copy"}),
    ("PUT", FOLDER + "/N", {}),
    ("PUT", FOLDER + "/N-N", {}),
    ("PUT", FOLDER + "/0-N", {}),
    ("PUT", FOLDER + "/1", {"OC-Total-Length": "N"}),
    ("DELETE", FOLDER + "/N", {}),
    ("MKCOL", FOLDER + "N", {"OC-Total-Length": "N"}),
    ("POST", "/-/tus/bob", {**TUS, "Upload-Length": "N", "Upload-Metadata": "filename bmV3"}),
    ("HEAD", "/-/tus/bob/N", TUS),
    ("PATCH", "{upload}", {**TUS, "Upload-Offset": "N", "Content-Type": "application/offset+octet-stream"}),
    ("GET", "/N/f", {}),
    ("GET", "f?N=N", {"Cookie": "a=N", "X-Request-ID": "N"}),
)


def try_all_numbers(bob: Client) -> int:
    """Send every one of them; how many there were. The answer is never a fault of the server, and comes at once."""
    uploads = "/remote.php/dav/uploads/bob/numbers"
    assert bob.do("MKCOL", uploads).status == 201
    about = {**TUS, "Upload-Length": "5", "Upload-Metadata": "filename bnVtYmVy"}
    upload = bob.do("POST", "/-/tus/bob", b"", about).get("Location").removeprefix(bob.origin)
    places = {"{url}": bob.url(""), FOLDER: uploads, "{upload}": upload}
    tried = 0
    for number in NUMBERS:
        for method, place, headers in HEADERS:
            body = b"" if method in ("GET", "HEAD", "MKCOL", "DELETE", "COPY") else b"x"
            filled = {name: _filled(value, number, places) for name, value in headers.items()}
            answer = _try(bob, method, _filled(place, number, places), lockinfo() if method == "LOCK" else body, filled)
            if answer.token:
                assert unlock(bob, "f", answer.token).status == 204
            tried += 1
        for body in _bodies(number):
            _try(bob, "PROPPATCH", "f", body, {})
        secret = base64.b64encode(f"nobody{number[:3]}:{number}-secret".encode()).decode()
        _try(bob, "GET", "f", b"", {"Authorization": f"Basic {secret}"})
        mtime = base64.b64encode(number.encode()).decode()
        metadata = {"Upload-Length": "0", "Upload-Metadata": f"filename bnVtYmVy,mtime {mtime},ctime {mtime}"}
        _try(bob, "POST", "/-/tus/bob", b"", {**TUS, **metadata})
    for path in (uploads, "number", "new", "copy"):
        bob.do("DELETE", path)
    assert bob.put("f", b"x").status == 204, "all of it was free, and stays so"
    return tried


def _filled(text: str, number: str, places: dict[str, str]) -> str:
    text = text.replace("N", number)
    for key, value in places.items():
        text = text.replace(key, value)
    return text


def _bodies(number: str) -> list[bytes]:
    names = ("{DAV:}lastmodified", "{urn:schemas-microsoft-com:}Win32LastModifiedTime", "{urn:x}n")
    return [update((name, number)) for name in names]


def _try(bob: Client, method: str, place: str, body: bytes, headers: dict[str, str]) -> Answer:
    answer, took = timed(lambda: bob.do(method, place, body, headers))
    assert answer.status < 500 or answer.status in ALLOWED, (method, place, headers, answer.text[:300])
    assert took < LONGEST_S, (method, place, headers, took)
    return answer
