"""Request bodies: safe parsing, its limits, and the typed values of PROPFIND, PROPPATCH and LOCK."""

import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from davdrive.dav.xml.lockinfo import MAX_OWNER_CHARACTERS, LockInfo, parse_lockinfo
from davdrive.dav.xml.names import DAV, PropertyName, dav
from davdrive.dav.xml.parse import XmlLimits, parse_xml
from davdrive.dav.xml.propfind import ALLPROP, MAX_PROPERTIES, Propfind, PropfindKind, parse_propfind
from davdrive.dav.xml.proppatch import PropertyChange, parse_proppatch
from davdrive.errors import BadRequest, DriveError, EntitiesRefused, TooLarge

APACHE = "http://apache.org/dav/props/"


def propfind(inside: str) -> bytes:
    return f'<D:propfind xmlns:D="DAV:">{inside}</D:propfind>'.encode()


def proppatch(inside: str, attributes: str = "") -> bytes:
    return f'<D:propertyupdate xmlns:D="DAV:" {attributes}>{inside}</D:propertyupdate>'.encode()


def lockinfo(scope: str = "<D:exclusive/>", kind: str = "<D:write/>", more: str = "") -> bytes:
    body = f"<D:lockscope>{scope}</D:lockscope><D:locktype>{kind}</D:locktype>{more}"
    return f'<?xml version="1.0"?><D:lockinfo xmlns:D="DAV:">{body}</D:lockinfo>'.encode()


MALFORMED = [
    b"<",
    b"<a>",
    b"<a></b>",
    b"not xml",
    b"<a/><b/>",
    b"<a>&unknown;</a>",
    b"<a>\x00</a>",
    b"<a>&#0;</a>",
    b"<a>\xff</a>",
    b'<a x="1" x="2"/>',
    b'<?xml version="1.0" encoding="no-such"?><a/>',
    b'<?xml version="1.0" encoding="utf-7"?><a/>',
    b'<?xml version="1.0" encoding="shift_jis"?><a/>',
    b"\xff\xfe<\x00a\x00",
    # Namespaces in XML: litmus' propfind_invalid2 is the first of these.
    b'<D:propfind xmlns:D="DAV:"><D:prop><bar:foo xmlns:bar=""/></D:prop></D:propfind>',
    b'<D:propfind xmlns:D="DAV:"><D:prop><bar:foo/></D:prop></D:propfind>',
    b'<a b:c="1"/>',
    b'<a xmlns:b="u" xmlns:c="u" b:x="1" c:x="2"/>',
    b'<a:b:c xmlns:a="u"/>',
    b'<a xmlns:xml="u"/>',
    b'<a xmlns:xmlns="u"/>',
]


@pytest.mark.parametrize("body", MALFORMED)
def test_what_is_not_well_formed_is_a_bad_request(body: bytes) -> None:
    with pytest.raises(BadRequest, match="XML body"):
        parse_xml(body)


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1/x.dtd"><a/>',
        b'<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1/x"> %p;]><a/>',
        b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><a>&b;</a>',
        b"<!DOCTYPE a><a/>",
    ],
)
def test_document_types_and_entities_are_refused_before_they_mean_anything(body: bytes) -> None:
    with pytest.raises(EntitiesRefused):
        parse_xml(body)


def test_utf_16_and_latin_1_are_read_like_utf_8() -> None:
    text = '<?xml version="1.0" encoding="{}"?><a>é</a>'
    for encoding in ("utf-8", "utf-16", "latin-1"):
        assert parse_xml(text.format(encoding).encode(encoding)).text == "é"


def test_each_limit_is_held_at_its_value_and_one_past_it() -> None:
    limits = XmlLimits(200, depth=3, elements=5, attributes=2, namespaces=2, namespace_bytes=4, name_bytes=5)
    for good, bad in (
        (b"<a>" + b"x" * 193 + b"</a>", b"<a>" + b"x" * 194 + b"</a>"),
        (b"<a><b><c/></b></a>", b"<a><b><c><d/></c></b></a>"),
        (b"<a><b/><b/><b/><b/></a>", b"<a><b/><b/><b/><b/><b/></a>"),
        (b'<a b="" c=""/>', b'<a b="" c=""><d e=""/></a>'),
        ('<a xmlns="éé"/>'.encode(), '<a xmlns="ééé"/>'.encode()),
        (b"<abcde/>", b"<abcdef/>"),
        (b'<a xmlns="u" xmlns:b="v"><c xmlns="w"/></a>', b'<a xmlns="u" xmlns:b="v"><c xmlns:d="w"/></a>'),
    ):
        parse_xml(good, limits)
        with pytest.raises((BadRequest, TooLarge)):
            parse_xml(bad, limits)


def test_an_empty_propfind_asks_for_everything() -> None:
    assert parse_propfind(b"") == parse_propfind(b" \r\n") == ALLPROP


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ("<D:allprop/>", ALLPROP),
        ("<D:propname/>", Propfind(PropfindKind.PROPNAME)),
        ("<D:prop/>", Propfind(PropfindKind.PROP)),
        ("<D:prop><D:getetag/></D:prop>", Propfind(PropfindKind.PROP, (dav("getetag"),))),
        (
            '<D:prop><D:a/><a xmlns="u"/><b/><D:a/></D:prop>',
            Propfind(PropfindKind.PROP, (dav("a"), PropertyName("u", "a"), PropertyName("", "b"))),
        ),
        (
            "<D:allprop/><D:include><D:quota-used-bytes/></D:include>",
            Propfind(PropfindKind.ALLPROP, (dav("quota-used-bytes"),)),
        ),
        ('<E:expired-props xmlns:E="u"/><D:allprop/>', ALLPROP),  # RFC 4918 §17: unknown elements are ignored
        ("<!-- c --><?pi?><D:allprop><D:unknown/></D:allprop>", ALLPROP),
    ],
)
def test_each_kind_of_propfind_is_read(inside: str, expected: Propfind) -> None:
    assert parse_propfind(propfind(inside)) == expected


@pytest.mark.parametrize(
    "body",
    [
        propfind(""),
        propfind("<D:allprop/><D:propname/>"),
        propfind("<D:prop/><D:prop/>"),
        propfind("<D:propname/><D:include/>"),
        propfind("<prop/>"),
        b"<propfind><allprop/></propfind>",
        b'<D:propertyupdate xmlns:D="DAV:"/>',
    ],
)
def test_a_propfind_of_another_shape_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest):
        parse_propfind(body)


def test_a_propfind_may_name_as_many_properties_as_the_limit() -> None:
    names = "".join(f"<p{number}/>" for number in range(MAX_PROPERTIES))
    assert len(parse_propfind(propfind(f"<D:prop>{names}</D:prop>")).names) == MAX_PROPERTIES
    with pytest.raises(BadRequest, match="256 properties"):
        parse_propfind(propfind(f"<D:prop>{names}<one-more/></D:prop>"))


def test_changes_come_in_document_order() -> None:
    body = proppatch(
        '<D:set><D:prop><a xmlns="u">1</a><b/></D:prop></D:set><D:remove><D:prop><D:c/></D:prop></D:remove>'
        "<D:set><D:prop><b>2</b></D:prop></D:set>"
    )
    assert parse_proppatch(body) == (
        PropertyChange(PropertyName("u", "a"), '<a xmlns="u">1</a>', "1"),
        PropertyChange(PropertyName("", "b"), "<b/>"),
        PropertyChange(dav("c")),
        PropertyChange(PropertyName("", "b"), "<b>2</b>", "2"),
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        proppatch(""),
        proppatch("<D:set/>"),
        proppatch("<D:set><D:prop/></D:set>"),
        proppatch("<D:set><D:prop><a/></D:prop><D:prop><b/></D:prop></D:set>"),
        proppatch("<D:unknown/>"),
        propfind("<D:allprop/>"),
        proppatch(f"<D:set><D:prop>{'<a/>' * (MAX_PROPERTIES + 1)}</D:prop></D:set>"),
    ],
)
def test_a_proppatch_of_another_shape_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest):
        parse_proppatch(body)


def _set(inside: str, attributes: str = "") -> str:
    (change,) = parse_proppatch(proppatch(f"<D:set><D:prop>{inside}</D:prop></D:set>", attributes))
    assert change.xml is not None
    return change.xml


@pytest.mark.parametrize(
    ("inside", "attributes", "xml"),
    [
        ("<a>x &amp; y &lt; z</a>", "", "<a>x &amp; y &lt; z</a>"),
        ("<a>x</a>", 'xml:lang="de"', '<a xml:lang="de">x</a>'),
        ('<a xml:lang="fr">x</a>', 'xml:lang="de"', '<a xml:lang="fr">x</a>'),
        (
            '<a><b xml:lang="fr"/><c xml:lang=""/></a>',
            'xml:lang="de"',
            '<a xml:lang="de"><b xml:lang="fr"/><c xml:lang=""/></a>',
        ),
        ("<p:a>1</p:a>", 'xmlns:p="u" xmlns:q="v"', '<p:a xmlns:p="u">1</p:a>'),
        ('<p:a q:b="1"/>', 'xmlns:p="u" xmlns:q="v"', '<p:a xmlns:p="u" xmlns:q="v" q:b="1"/>'),
        (
            '<p:a t="q:date">r:x</p:a>',
            'xmlns:p="u" xmlns:q="v" xmlns:r="w" xmlns:s="y"',
            '<p:a xmlns:p="u" xmlns:q="v" xmlns:r="w" t="q:date">r:x</p:a>',
        ),
        ('<t:v xmlns:t="u"><foo xmlns="bar"/></t:v>', "", '<t:v xmlns:t="u"><foo xmlns="bar"/></t:v>'),
        ('<a xmlns="u"><b xmlns=""><c/></b></a>', "", '<a xmlns="u"><b xmlns=""><c/></b></a>'),
        ('<a xmlns="u"><b xmlns="u"/></a>', "", '<a xmlns="u"><b/></a>'),
        ("<a>\U00010000</a>", "", "<a>\U00010000</a>"),
        ('<a b="&quot;&lt;&#10;&#9;&gt;"> x&#13; </a>', "", '<a b="&quot;&lt;&#10;&#9;&gt;"> x&#13; </a>'),
        ("<a><![CDATA[<b>]]><!-- c --><?pi?></a>", "", "<a>&lt;b&gt;</a>"),
    ],
)
def test_a_property_carries_all_that_its_meaning_needs(inside: str, attributes: str, xml: str) -> None:
    assert _set(inside, attributes) == xml


def test_a_property_means_the_same_when_it_is_read_again() -> None:
    inside = '<p:a xmlns:p="u" q:x="1"><p:b xmlns:p="w" t="q:y"/>text<c xmlns="v"><D:d/></c></p:a>'
    once = _set(inside, 'xmlns:q="z" xml:lang="en"')
    assert _set(once) == once


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", None),
        (b" \n", None),
        (lockinfo(), LockInfo(True)),
        (lockinfo("<D:shared/>"), LockInfo(False)),
        (
            lockinfo(more="<D:owner><D:href>http://me</D:href></D:owner>"),
            LockInfo(True, '<D:owner xmlns:D="DAV:"><D:href>http://me</D:href></D:owner>'),
        ),
        (lockinfo(more="<D:owner/><x/>"), LockInfo(True, '<D:owner xmlns:D="DAV:"/>')),
    ],
)
def test_a_lock_is_asked_for_by_its_scope_and_owner(body: bytes, expected: LockInfo | None) -> None:
    assert parse_lockinfo(body) == expected


@pytest.mark.parametrize(
    "body",
    [
        lockinfo(""),
        lockinfo("<D:exclusive/><D:shared/>"),
        lockinfo("<D:other/>"),
        lockinfo(kind=""),
        lockinfo(kind="<D:read/>"),
        lockinfo(more="<D:lockscope><D:shared/></D:lockscope>"),
        lockinfo(more="<D:owner/><D:owner/>"),
        lockinfo(more=f"<D:owner>{'x' * MAX_OWNER_CHARACTERS}</D:owner>"),
        b'<D:lockinfo xmlns:D="DAV:"/>',
        propfind("<D:allprop/>"),
    ],
)
def test_a_lock_of_another_shape_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest):
        parse_lockinfo(body)


def test_names_of_other_servers_are_read_as_they_are() -> None:
    (change,) = parse_proppatch(
        proppatch(f'<D:set><D:prop><e:executable xmlns:e="{APACHE}">T</e:executable></D:prop></D:set>')
    )
    assert (change.name, change.text) == (PropertyName(APACHE, "executable"), "T")
    assert dav("x").namespace == DAV


PIECES = st.sampled_from(
    [
        "<D:propfind xmlns:D='DAV:'>",
        "</D:propfind>",
        "<D:prop>",
        "</D:prop>",
        "<D:allprop/>",
        "<a xmlns='u'>",
        "</a>",
        "&amp;",
        "&x;",
        "<!DOCTYPE a>",
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "<?xml version='1.0'?>",
        "text",
        "\ufeff",
        "<x:y/>",
        "xmlns:x=''",
        "<D:propertyupdate xmlns:D='DAV:'>",
        "</D:propertyupdate>",
        "<D:set>",
        "</D:set>",
        "<D:remove>",
        "</D:remove>",
    ]
)
BODIES = st.one_of(st.binary(), st.text().map(str.encode), st.lists(PIECES).map("".join).map(str.encode))


@settings(deadline=None)
@given(st.one_of(BODIES, BODIES.map(lambda body: body.decode(errors="replace").encode("utf-16"))))
def test_any_body_is_a_value_or_a_drive_error(body: bytes) -> None:
    for parse in (parse_propfind, parse_proppatch, parse_lockinfo):
        with contextlib.suppress(DriveError):
            parse(body)


MIB = 1 << 20


@pytest.mark.parametrize(
    "body",
    [
        b"<a>" * (MIB // 3),
        b"<a/>" * (MIB // 4),
        b"<a " + b"".join(b'b%d="" ' % number for number in range(100_000)) + b"/>",
        b"<a " + b"".join(b'xmlns:b%d="u" ' % number for number in range(60_000)) + b"/>",
        b"<a " + b"b" * (MIB - 10) + b"='1'/>",
        b"<a>" + b"&amp;" * (MIB // 5 - 10) + b"</a>",
        b"<a>" + b"\n" * (MIB - 10) + b"</a>",
        b"<!--" * (MIB // 4),
        b"<" + b"a" * (MIB - 10) + b"/>",
        b'<a xmlns="' + b"u" * (MIB // 2) + b'">' + b"<b/>" * 9_000 + b"</a>",
    ],
    ids=lambda body: bytes(body[:12]).decode(),
)
def test_the_largest_hostile_body_takes_no_time(body: bytes) -> None:
    began = time.perf_counter()
    with contextlib.suppress(DriveError):
        parse_propfind(body[:MIB])
    assert time.perf_counter() - began < 1


def test_a_property_that_mentions_every_namespace_everywhere_is_written_in_no_time() -> None:
    names = [f"n{number}" for number in range(126)]
    declared = " ".join(f'xmlns:{name}="urn:{name}"' for name in names)
    mentions = " ".join(f"{name}:" for name in names)
    inside = "".join(f'<b xmlns:n0="urn:{number}"/>' for number in range(9_900))
    began = time.process_time()
    assert len(_set(f"<a {declared}>{mentions}{inside}</a>")) < MIB
    assert time.process_time() - began < 1
