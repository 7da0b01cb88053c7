"""How often a request waits for PostgreSQL: GET and PROPFIND at most twice, counted on the wire."""

import pytest

from tests.metadata.counted import Site

MOST = 2

NAMED = b"""<propfind xmlns="DAV:"><prop><resourcetype/><getetag/><checksums xmlns="http://owncloud.org/ns"/>
    <lockdiscovery/><colour xmlns="urn:x"/></prop></propfind>"""

READS = [
    ("GET", "/bob/small", {}),
    ("GET", "/bob/dressed/deep/b", {}),
    ("GET", "/bob/large", {}),
    ("GET", "/bob/large", {"range": "bytes=5-9"}),
    ("HEAD", "/bob/large", {}),
    ("GET", "/bob/nothing", {}),
    ("GET", "/bob/small", {"if_none_match": "*"}),
    ("GET", "/bob/small", {"if": "(Not <DAV:no-lock>)"}),
    ("PROPFIND", "/bob/", {"depth": "0"}),
    ("PROPFIND", "/bob/small", {"depth": "0"}),
    ("PROPFIND", "/bob/nothing/at/all", {"depth": "0"}),
    ("PROPFIND", "/", {"depth": "1"}),
    ("PROPFIND", "/bob/", {"depth": "1"}),
    ("PROPFIND", "/bob/some/", {"depth": "1"}),
    ("PROPFIND", "/bob/empty/", {"depth": "1"}),
    ("PROPFIND", "/bob/dressed/", {"depth": "1"}),
    ("PROPFIND", "/bob/dressed/a", {"depth": "0"}),
]


@pytest.mark.parametrize("body", [b"", NAMED], ids=["allprop", "named"])
@pytest.mark.parametrize(("method", "path", "headers"), READS, ids=lambda value: str(value))
def test_a_read_waits_for_the_database_twice_at_most(
    site: Site, method: str, path: str, headers: dict[str, str], body: bytes
) -> None:
    status, turns = site.turns(method, path, body if method == "PROPFIND" else b"", **headers)
    assert status in (200, 206, 207, 304, 404)
    assert 1 <= turns <= MOST
