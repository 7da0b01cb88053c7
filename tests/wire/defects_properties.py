"""PROPFIND and PROPPATCH where stock WsgiDAV answers less than was asked."""

from tests.support.dav import D, Multistatus, listing, prop, update
from tests.support.peers import Peer
from tests.wire.defect import defect


@defect
def propname_names_properties(peer: Peer) -> None:
    peer.bob.put("f", b"x")
    found = listing(peer.bob, "f", b'<propfind xmlns="DAV:"><propname/></propfind>', "0").properties()
    assert {D + "getetag", D + "resourcetype", D + "lockdiscovery"} <= found.keys()


@defect
def include_adds_to_allprop(peer: Peer) -> None:
    peer.bob.mkcol("d")
    body = (
        b'<D:propfind xmlns:D="DAV:"><D:allprop/><D:include>'
        b'<D:quota-used-bytes/><x:unknown xmlns:x="urn:x"/></D:include></D:propfind>'
    )
    found = listing(peer.bob, "d", body, "0").properties()
    assert {D + "quota-used-bytes", "{urn:x}unknown"} <= found.keys()
    assert found["{urn:x}unknown"].status == 404


@defect
def getetag_is_the_quoted_etag_of_get(peer: Peer) -> None:
    peer.bob.put("f", b"x")
    etag = peer.bob.get("f").etag
    assert etag.startswith('"')
    assert listing(peer.bob, "f", prop(D + "getetag"), "0").text(D + "getetag") == etag


@defect
def a_property_keeps_the_language_that_was_in_scope(peer: Peer) -> None:
    peer.bob.put("f", b"x")
    body = (
        b'<D:propertyupdate xmlns:D="DAV:"><D:set xml:lang="de"><D:prop>'
        b'<x:title xmlns:x="urn:x">Titel</x:title></D:prop></D:set></D:propertyupdate>'
    )
    assert peer.bob.do("PROPPATCH", "f", body).status == 207
    title = listing(peer.bob, "f", prop("{urn:x}title"), "0").properties()["{urn:x}title"].element
    assert title.get("{http://www.w3.org/XML/1998/namespace}lang") == "de"


@defect
def a_depth_on_proppatch_is_passed_over(peer: Peer) -> None:
    peer.bob.put("f", b"x")
    answer = peer.bob.do("PROPPATCH", "f", update(("{urn:x}a", "1")), {"Depth": "1"})
    assert answer.status == 207
    assert Multistatus(answer.xml).properties()["{urn:x}a"].status == 200


@defect
def an_unmapped_url_lists_lock_among_its_methods(peer: Peer) -> None:
    answer = peer.bob.do("OPTIONS", "not-there")
    assert answer.status == 200
    assert "LOCK" in answer.get("Allow")
