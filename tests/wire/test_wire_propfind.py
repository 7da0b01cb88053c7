"""PROPFIND in its forms, quota, and PROPPATCH (RFC 4918 §9.1, §9.2; RFC 4331)."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.support.dav import OC, D, Multistatus, element_in, listing, prop, update
from tests.support.http import Client
from tests.support.peers import Peer
from tests.support.serving import running_server

ALLPROP = b'<propfind xmlns="DAV:"><allprop/></propfind>'
PROPNAME = b'<propfind xmlns="DAV:"><propname/></propfind>'
# RFC 4918 §15: what allprop has to name for a file.
DEFINED = {
    "creationdate", "displayname", "getcontentlength", "getcontenttype", "getetag", "getlastmodified", "lockdiscovery",
    "resourcetype", "supportedlock",
}  # fmt: skip


@pytest.fixture
def tree(bob: Client) -> Client:
    bob.mkcol("d")
    bob.put("d/f", b"content", Content_Type="text/plain")
    bob.do("PROPPATCH", "d/f", update(("{urn:x}colour", "red")))
    return bob


@pytest.mark.parametrize("body", [b"", ALLPROP], ids=["no body", "allprop"])
def test_allprop_has_everything_that_rfc_4918_defines_and_dead_properties(body: bytes, tree: Client) -> None:
    found = listing(tree, "d/f", body, "0").properties()
    assert {D + name for name in DEFINED} <= found.keys()
    assert found["{urn:x}colour"].text == "red"
    assert OC + "checksums" not in found, "what costs more is given when it is asked for"
    assert {each.status for each in found.values()} == {200}


def test_propname_names_everything_without_values(tree: Client) -> None:
    found = listing(tree, "d/f", PROPNAME, "0").properties()
    assert {D + name for name in DEFINED} | {"{urn:x}colour", OC + "checksums"} <= found.keys()
    assert all(not each.text and not len(each.element) for each in found.values())


def test_named_properties_come_with_404_for_those_that_are_not_there(tree: Client) -> None:
    found = listing(tree, "d/f", prop(D + "getetag", "{urn:x}colour", "{urn:x}nothing", D + "quota-used-bytes"), "0")
    assert {name: each.status for name, each in found.properties().items()} == {
        D + "getetag": 200, "{urn:x}colour": 200, "{urn:x}nothing": 404, D + "quota-used-bytes": 404,
    }  # fmt: skip


def test_depth_1_lists_the_collection_first_and_its_members_by_their_hrefs(tree: Client) -> None:
    tree.mkcol("d/e")
    tree.put("d/odd%20%26%20%23name%3F%25", b"x")
    listed = listing(tree, "d", prop(D + "resourcetype", D + "displayname"))
    assert listed.hrefs[0] == tree.path("d/")
    assert set(listed.hrefs[1:]) == {tree.path(each) for each in ("d/f", "d/e/", "d/" + quote("odd & #name?%"))}
    kinds = {
        href: bool(len(listed.properties(index)[D + "resourcetype"].element)) for index, href in enumerate(listed.hrefs)
    }
    assert kinds[tree.path("d/e/")] is True
    assert kinds[tree.path("d/f")] is False
    names = {listed.text(D + "displayname", index) for index in range(len(listed.hrefs))}
    assert names == {"d", "e", "f", "odd & #name?%"}


def test_every_href_leads_to_its_resource_under_every_address_of_the_drive(tree: Client) -> None:
    for base in (tree.base, f"/remote.php/dav/files{tree.base}"):
        other = tree.at(base)
        hrefs = listing(other, "d/").hrefs
        assert all(href.startswith(base) for href in hrefs)
        assert [other.do("HEAD", href).status for href in hrefs] == [200, 200]


@pytest.mark.parametrize(
    "name",
    ["a b", "ä", "日本", "a'b", 'a"b', "<a>", "a&b", "a;b", "a+b", "a%b", "a#b", "a?b", "a\\b", "a:b", "~", " ", "…"],
)
def test_a_name_comes_back_as_it_was_given(name: str, bob: Client) -> None:
    assert bob.put(quote(name, safe=""), b"x").status == 201
    listed = listing(bob, "", prop(D + "displayname"))
    assert listed.text(D + "displayname", 1) == name
    assert bob.do("GET", listed.hrefs[1]).body == b"x"


def test_quota_is_what_the_drive_has_used_and_may_use(peer: Peer) -> None:
    peer.server.command("drive", "quota", "victor", "1000000")
    victor = peer.server.client("victor")
    wanted = prop(D + "quota-used-bytes", D + "quota-available-bytes")
    before = int(listing(victor, "", wanted, "0").text(D + "quota-used-bytes"))
    victor.put("f", b"x" * 1000)
    listed = listing(victor, "", wanted, "0")
    assert int(listed.text(D + "quota-used-bytes")) == before + 1000
    assert int(listed.text(D + "quota-available-bytes")) == 999_000 - before
    assert D + "quota-used-bytes" not in listing(victor, "", ALLPROP, "0").properties(), "RFC 4331 §3"
    assert listing(peer.bob, "", wanted, "0").properties()[D + "quota-available-bytes"].status == 404


def test_the_list_of_drives_is_a_collection_of_those_one_may_see(peer: Peer) -> None:
    own = set(listing(peer.bob, "/").hrefs)  # other tests of the session may have made bob a member of more
    assert {"/", "/bob/"} <= own
    assert not {"/alice/", "/victor/", "/carol/"} & own
    assert set(listing(peer.client("victor"), "/").hrefs) == {"/", "/bob/", "/victor/"}
    assert listing(peer.bob, "/", depth="0").hrefs == ["/"]
    mounted = listing(peer.bob, "/remote.php/dav/files/").hrefs
    assert set(mounted) == {"/remote.php/dav/files" + href for href in own}


def test_proppatch_sets_and_removes_in_document_order(bob: Client) -> None:
    bob.put("f", b"x")
    body = (
        b'<D:propertyupdate xmlns:D="DAV:" xmlns:x="urn:x">'
        b"<D:set><D:prop><x:a>1</x:a><x:b>1</x:b></D:prop></D:set><D:remove><D:prop><x:a/></D:prop></D:remove>"
        b"<D:set><D:prop><x:b>2</x:b></D:prop></D:set><D:remove><D:prop><x:never/></D:prop></D:remove>"
        b"</D:propertyupdate>"
    )
    answer = bob.do("PROPPATCH", "f", body)
    assert {each.status for each in Multistatus(answer.xml).properties().values()} == {200}
    found = listing(bob, "f", prop("{urn:x}a", "{urn:x}b"), "0").properties()
    assert (found["{urn:x}a"].status, found["{urn:x}b"].text) == (404, "2")


def test_proppatch_does_everything_or_nothing(bob: Client) -> None:
    bob.put("f", b"x")
    answer = bob.do("PROPPATCH", "f", update(("{urn:x}a", "1"), (D + "getetag", "mine"), (D + "lastmodified", "1")))
    found = Multistatus(answer.xml).properties()
    assert {name: each.status for name, each in found.items()} == {
        "{urn:x}a": 424, D + "getetag": 403, D + "lastmodified": 424,
    }  # fmt: skip
    assert answer.xml.find(f".//{D}cannot-modify-protected-property") is not None
    assert listing(bob, "f", prop("{urn:x}a"), "0").properties()["{urn:x}a"].status == 404
    assert "1970" not in bob.get("f").get("Last-Modified")


def test_a_property_keeps_its_xml_its_namespaces_and_its_blanks(bob: Client) -> None:
    bob.put("f", b"x")
    value = (
        '<y:deep xmlns:y="urn:y" y:at="&lt;&amp;&quot;">  mixed <b>text</b> &#233; ]]&gt;\n</y:deep><plain xmlns=""/>'
    )
    assert bob.do("PROPPATCH", "f", update(("{urn:x}a", value))).status == 207
    element = listing(bob, "f", prop("{urn:x}a"), "0").properties()["{urn:x}a"].element
    deep = element.find("{urn:y}deep")
    assert deep is not None
    assert deep.get("{urn:y}at") == '<&"'
    assert "".join(deep.itertext()) == "  mixed text é ]]>\n"
    assert element.find("plain") is not None


def test_properties_go_with_a_copy_and_a_move_and_end_with_the_file(tree: Client) -> None:
    assert tree.transfer("COPY", "d", "e").status == 201
    assert tree.transfer("MOVE", "d", "moved").status == 201
    for path in ("e/f", "moved/f"):
        assert listing(tree, path, prop("{urn:x}colour"), "0").text("{urn:x}colour") == "red"
    tree.delete("e/f")
    tree.put("e/f", b"new")
    assert listing(tree, "e/f", prop("{urn:x}colour"), "0").properties()["{urn:x}colour"].status == 404


@pytest.fixture(scope="module")
def deep_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A server that permits Depth: infinity."""
    folder: Path = tmp_path_factory.mktemp("infinite") / "data"
    settings = {"DAVDRIVE_LIMITS__PROPFIND_INFINITY": "true"}
    with running_server(folder, {"bob": "b"}, settings=settings) as server:
        yield server.client()


def test_infinite_depth_is_a_setting(tree: Client, deep_server: Client) -> None:
    refused = tree.do("PROPFIND", "", headers={"Depth": "infinity"})
    assert refused.status == 403
    assert element_in(refused, "propfind-finite-depth")
    for path in ("a", "a/b", "a/b/c"):
        deep_server.mkcol(path)
    deep_server.put("a/b/c/f", b"x")
    assert listing(deep_server, "", depth="infinity").hrefs == [
        "/bob/", "/bob/a/", "/bob/a/b/", "/bob/a/b/c/", "/bob/a/b/c/f",
    ]  # fmt: skip
