"""How often each change waits for PostgreSQL: for all that it has to know, and for its commit; counted on the wire."""

from dataclasses import dataclass, field
from itertools import count, islice

import pytest

from tests.metadata.counted import COLOUR, LARGE, LOCK, Site

UPLOADS = "/remote.php/dav/uploads/bob"
FILES = "http://127.0.0.1/remote.php/dav/files/bob"


@dataclass
class Request:
    """A request. In its path and headers `{n}` is the number of the round, `{token}` the lock token and `{place}` the
    Location that the request before it was given."""

    method: str
    path: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    def ask(self, site: Site, number: int) -> int:
        known = {
            "n": str(number),
            "token": site.headers.get("Lock-Token", ""),
            "place": site.headers.get("Location", "").removeprefix("http://127.0.0.1"),
        }
        headers = {name: value.format(**known) for name, value in self.headers.items()}
        return site.ask(self.method, self.path.format(**known), self.body, **headers)[0]


TIMES = b"""<propertyupdate xmlns="DAV:"><set><prop xmlns:Z="urn:schemas-microsoft-com:">
    <Z:Win32LastModifiedTime>Mon, 01 Jan 2024 00:00:00 GMT</Z:Win32LastModifiedTime></prop></set></propertyupdate>"""
PUT_NEW = Request("PUT", "/bob/new{n}", b"data")
LOCK_NEW = Request("LOCK", "/bob/new{n}", LOCK)
TREE = [Request("MKCOL", "/bob/tree{n}/"), Request("PUT", "/bob/tree{n}/file", b"data")]
TO = {"destination": "http://127.0.0.1/bob/moved{n}"}
HELD = {"if": "({token})"}
STREAM, UPDATE = "application/offset+octet-stream", "application/x-sabredav-partialupdate"
TUS = {"tus_resumable": "1.0.0"}
BEGIN = [Request("MKCOL", UPLOADS + "/up{n}")]
BEGIN_TUS = [Request("POST", "/-/tus/bob/", headers={**TUS, "upload_length": "4", "upload_metadata": "filename dHVz"})]
CHUNK = Request("PUT", UPLOADS + "/up{n}/00001", b"data")

CHANGES: dict[str, tuple[list[Request], Request, int, int]] = {
    "a small PUT, new": ([], PUT_NEW, 201, 2),
    "a small PUT, again": ([PUT_NEW], PUT_NEW, 204, 2),
    "a large PUT": ([], Request("PUT", "/bob/new{n}", bytes(LARGE)), 201, 3),  # looks ahead before it asks for the body
    "PUT with If-Match": ([PUT_NEW], Request("PUT", "/bob/new{n}", b"new", {"if_match": "*"}), 204, 2),
    "PUT with a token": ([LOCK_NEW], Request("PUT", "/bob/new{n}", b"new", HELD), 204, 2),
    "PUT with a tagged token": (
        [LOCK_NEW],
        Request("PUT", "/bob/new{n}", b"new", {"if": "<http://127.0.0.1/bob/new{n}> ({token})"}),
        204,
        2,
    ),
    "PUT that is refused": ([], Request("PUT", "/bob/small", b"new", {"if_none_match": "*"}), 412, 2),
    "PATCH of a part": (
        [PUT_NEW],
        Request("PATCH", "/bob/new{n}", b"DA", {"x_update_range": "bytes=0-1", "content_type": UPDATE}),
        204,
        5,
    ),
    "MKCOL": ([], Request("MKCOL", "/bob/new{n}"), 201, 2),
    "MKCOL of what is there": ([], Request("MKCOL", "/bob/small"), 405, 2),
    "DELETE": ([PUT_NEW], Request("DELETE", "/bob/new{n}"), 204, 2),
    "DELETE of a tree": (TREE, Request("DELETE", "/bob/tree{n}/"), 204, 2),
    "DELETE of nothing": ([], Request("DELETE", "/bob/nothing"), 404, 2),
    "LOCK": ([PUT_NEW], LOCK_NEW, 200, 2),
    "LOCK of a new name": ([], LOCK_NEW, 201, 2),
    "LOCK of a collection": ([], Request("LOCK", "/bob/some/", LOCK), 200, 2),
    "refreshing a lock": ([LOCK_NEW], Request("LOCK", "/bob/new{n}", b"", HELD), 200, 2),
    "UNLOCK": ([LOCK_NEW], Request("UNLOCK", "/bob/new{n}", b"", {"lock_token": "{token}"}), 204, 2),
    "PROPPATCH": ([PUT_NEW], Request("PROPPATCH", "/bob/new{n}", COLOUR), 207, 2),
    "PROPPATCH of Windows' times": ([PUT_NEW], Request("PROPPATCH", "/bob/new{n}", TIMES), 207, 2),
    "MOVE": ([PUT_NEW], Request("MOVE", "/bob/new{n}", headers=TO), 201, 2),
    "MOVE of a tree": (TREE, Request("MOVE", "/bob/tree{n}/", headers=TO), 201, 2),
    "MOVE over another": (
        [PUT_NEW, Request("PUT", "/bob/moved{n}", b"old")],
        Request("MOVE", "/bob/new{n}", headers=TO),
        204,
        2,
    ),
    "COPY": ([PUT_NEW], Request("COPY", "/bob/new{n}", headers=TO), 201, 3),
    "COPY of a tree": (TREE, Request("COPY", "/bob/tree{n}/", headers=TO), 201, 4),
    "beginning an upload": ([], BEGIN[0], 201, 3),
    "a chunk": (BEGIN, CHUNK, 201, 3),
    "completing an upload": (
        [*BEGIN, CHUNK],
        Request("MOVE", UPLOADS + "/up{n}/.file", headers={"destination": FILES + "/new{n}"}),
        201,
        6,
    ),
    "aborting an upload": ([*BEGIN, CHUNK], Request("DELETE", UPLOADS + "/up{n}"), 204, 4),
    "beginning with tus": ([], BEGIN_TUS[0], 201, 4),
    "appending with tus": (
        BEGIN_TUS,
        Request("PATCH", "{place}", b"da", {**TUS, "upload_offset": "0", "content_type": STREAM}),
        204,
        5,
    ),
}


_numbers = count()


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_waits_for_what_it_has_to_know_and_for_its_commit(site: Site, what: str) -> None:
    before, change, expected, most = CHANGES[what]
    turns = 0
    for number in islice(_numbers, 2):  # the first time everything is prepared
        site.headers = {}
        for each in before:
            assert each.ask(site, number) < 300, each
        turns = site.wire.turns
        assert change.ask(site, number) == expected
    assert site.wire.turns - turns == most
