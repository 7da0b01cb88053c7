"""PROPFIND answers: which property is where, in which status, and how they stream."""

import time
from collections.abc import Iterable
from xml.etree.ElementTree import Element, fromstring

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from davdrive.dav.urls import collection_href, encode_name
from davdrive.dav.xml.active_lock import ActiveLock
from davdrive.dav.xml.live_properties import LIVE, Needs, is_protected
from davdrive.dav.xml.names import DAV, OC, UCB, PropertyName, dav, oc
from davdrive.dav.xml.propfind import ALLPROP, Propfind, PropfindKind
from davdrive.dav.xml.row import ResourceRow
from davdrive.dav.xml.row_plan import RowPlan

FILE = ResourceRow("/d/a.txt", "a.txt", False, 5, "e1", "text/plain", 1_700_000_000_999, 1_600_000_000_000, 42)
COLLECTION = ResourceRow("/d/sub/", "sub", True, None, None, None, 1_700_000_000_000, 1_600_000_000_000, 7)
DEAD = PropertyName("urn:x", "colour")
WITH_DEAD = FILE._replace(dead={DEAD: '<colour xmlns="urn:x">red</colour>'})
IN_ALLPROP = {"resourcetype", "displayname", "getlastmodified", "creationdate", "supportedlock", "lockdiscovery"}
PROPNAME = Propfind(PropfindKind.PROPNAME)


def prop(*names: PropertyName) -> Propfind:
    return Propfind(PropfindKind.PROP, names)


def answer(request: Propfind, *rows: ResourceRow, minimal: bool = False) -> Element:
    return fromstring(b"".join(RowPlan(request, minimal).answer(rows)))


def found(request: Propfind, row: ResourceRow, minimal: bool = False) -> dict[int, dict[str, Element]]:
    """Properties of the one response by status."""
    (response,) = answer(request, row, minimal=minimal)
    return {
        int(propstat.findtext("{DAV:}status", "").split()[1]): {
            each.tag: each for each in propstat.iterfind("{DAV:}prop/*")
        }
        for propstat in response.iter("{DAV:}propstat")
    }


def clark(names: Iterable[PropertyName]) -> set[str]:
    return {f"{{{each.namespace}}}{each.name}" if each.namespace else each.name for each in names}


def test_allprop_of_a_file_has_the_live_properties_of_the_rfc_and_its_dead_ones() -> None:
    expected = {*map(dav, [*IN_ALLPROP, "getcontentlength", "getetag", "getcontenttype"])}
    assert set(found(ALLPROP, FILE)[200]) == clark(expected)
    assert set(found(ALLPROP, WITH_DEAD)[200]) == clark({*expected, DEAD})
    assert set(found(ALLPROP, FILE)) == {200}


def test_allprop_of_a_collection_leaves_out_what_it_has_not() -> None:
    assert set(found(ALLPROP, COLLECTION)[200]) == clark(map(dav, IN_ALLPROP))
    assert set(found(ALLPROP, COLLECTION)) == {200}


def test_quota_and_owncloud_properties_come_only_when_they_are_named() -> None:
    request = Propfind(PropfindKind.ALLPROP, (dav("quota-used-bytes"), oc("fileid")))
    row = COLLECTION._replace(used_bytes=10)
    assert set(found(request, row)[200]) == clark({*map(dav, [*IN_ALLPROP, "quota-used-bytes"]), oc("fileid")})


def test_include_of_what_is_not_there_is_said_to_be_missing() -> None:
    request = Propfind(PropfindKind.ALLPROP, (DEAD, dav("quota-used-bytes")))
    assert set(found(request, FILE)[404]) == clark({DEAD, dav("quota-used-bytes")})
    assert set(found(request, WITH_DEAD)[404]) == clark({dav("quota-used-bytes")})
    assert len(found(request, WITH_DEAD)[200]) == 10


def test_values_are_those_of_the_row() -> None:
    names = map(
        dav, ("displayname", "getcontentlength", "getlastmodified", "creationdate", "getetag", "getcontenttype")
    )
    texts = [each.text for each in found(prop(*names), FILE)[200].values()]
    assert texts == ["a.txt", "5", "Tue, 14 Nov 2023 22:13:20 GMT", "2020-09-13T12:26:40Z", '"e1"', "text/plain"]


def test_named_properties_are_found_or_missing_one_by_one() -> None:
    request = prop(dav("getetag"), dav("quota-used-bytes"), DEAD, PropertyName("", "bare"), oc("checksums"))
    assert {status: set(names) for status, names in found(request, FILE).items()} == {
        200: clark({dav("getetag")}),
        404: clark({dav("quota-used-bytes"), DEAD, PropertyName("", "bare"), oc("checksums")}),
    }
    assert set(found(request, WITH_DEAD)[200]) == clark({dav("getetag"), DEAD})
    assert found(request, WITH_DEAD)[200]["{urn:x}colour"].text == "red"


def test_what_a_row_has_not_is_missing_in_that_row_alone() -> None:
    request = prop(dav("getetag"), dav("getcontentlength"), dav("resourcetype"))
    assert {status: set(names) for status, names in found(request, COLLECTION).items()} == {
        200: {"{DAV:}resourcetype"},
        404: {"{DAV:}getetag", "{DAV:}getcontentlength"},
    }
    for row in (FILE, FILE._replace(etag=None), FILE._replace(size=None, etag=None), FILE):
        missing = {
            name for name, value in (("{DAV:}getetag", row.etag), ("{DAV:}getcontentlength", row.size)) if value is None
        }
        assert set(found(request, row).get(404, ())) == missing


def test_zero_is_a_value_and_not_missing() -> None:
    row = COLLECTION._replace(used_bytes=0, available_bytes=0)
    names = found(prop(dav("quota-used-bytes"), dav("quota-available-bytes")), row)[200]
    assert [each.text for each in names.values()] == ["0", "0"]
    assert found(prop(dav("getcontentlength")), FILE._replace(size=0))[200]["{DAV:}getcontentlength"].text == "0"


def test_a_collection_says_that_it_is_one() -> None:
    (kind,) = found(prop(dav("resourcetype")), COLLECTION)[200].values()
    assert [each.tag for each in kind] == ["{DAV:}collection"]
    (kind,) = found(prop(dav("resourcetype")), FILE)[200].values()
    assert not list(kind)


def test_propname_gives_names_without_values_and_only_those_that_are_there() -> None:
    names = found(PROPNAME, WITH_DEAD)[200]
    assert clark({dav("getetag"), oc("fileid"), DEAD}) <= set(names)
    assert not clark({dav("quota-used-bytes"), oc("checksums"), oc("permissions")}) & set(names)
    assert all(each.text is None and not len(each) for each in names.values())
    assert "{DAV:}getcontentlength" not in found(PROPNAME, COLLECTION)[200]
    assert "{DAV:}quota-used-bytes" in found(PROPNAME, COLLECTION._replace(used_bytes=1))[200]


def test_asked_for_nothing_the_answer_is_an_empty_propstat() -> None:
    assert found(prop(), FILE) == {200: {}}


def test_a_minimal_answer_leaves_out_what_was_not_found() -> None:
    assert found(prop(dav("getetag"), DEAD), FILE, minimal=True).keys() == {200}
    assert found(prop(DEAD), FILE, minimal=True) == {200: {}}


def test_owncloud_properties_are_as_sync_clients_read_them() -> None:
    row = FILE._replace(permissions="GDNVW", digests={"md5": "aa", "sha1": "bb"})
    names = found(prop(oc("id"), oc("fileid"), oc("size"), oc("permissions"), oc("checksums"), oc("downloadURL")), row)
    assert [each.text for each in list(names[200].values())[:4]] == ["00000042", "42", "5", "GDNVW"]
    (checksum,) = names[200][f"{{{OC}}}checksums"]
    assert (checksum.tag, checksum.text) == (f"{{{OC}}}checksum", "SHA1:bb MD5:aa")
    assert set(names[404]) == clark({oc("downloadURL")})


@pytest.mark.parametrize(("permissions", "status"), [("GDNVW", 404), ("G", 200), ("", 404)])
def test_only_a_file_that_cannot_be_written_is_read_only(permissions: str, status: int) -> None:
    assert found(prop(PropertyName(UCB, "IsReadOnly")), FILE._replace(permissions=permissions)).keys() == {status}


def test_locks_are_shown_with_all_that_a_second_user_needs() -> None:
    owner = '<D:owner xmlns:D="DAV:">ann</D:owner>'
    lock = ActiveLock("urn:uuid:1", True, True, "/d/", 180, owner)
    hidden = ActiveLock(None, False, False, "/d/a.txt")
    (discovery,) = found(prop(dav("lockdiscovery")), FILE._replace(locks=(lock, hidden)))[200].values()
    first, second = discovery
    assert first.find("{DAV:}lockscope/{DAV:}exclusive") is not None
    assert [first.findtext(f"{{DAV:}}{name}") for name in ("depth", "owner", "timeout")] == [
        "infinity",
        "ann",
        "Second-180",
    ]
    assert first.findtext("{DAV:}locktoken/{DAV:}href") == "urn:uuid:1"
    assert first.findtext("{DAV:}lockroot/{DAV:}href") == "/d/"
    assert second.find("{DAV:}lockscope/{DAV:}shared") is not None
    assert second.find("{DAV:}locktoken") is None
    assert [second.findtext(f"{{DAV:}}{name}") for name in ("depth", "timeout")] == ["0", "Infinite"]


def test_supportedlock_offers_both_scopes() -> None:
    (supported,) = found(prop(dav("supportedlock")), FILE)[200].values()
    scopes = [scope.tag for entry in supported for scope in entry.iterfind("{DAV:}lockscope/*")]
    assert scopes == ["{DAV:}exclusive", "{DAV:}shared"]


@pytest.mark.parametrize(
    ("request_", "needs"),
    [
        (prop(dav("getetag")), Needs.NOTHING),
        (prop(dav("getetag"), DEAD), Needs.DEAD),
        (prop(dav("lockdiscovery"), oc("permissions")), Needs.LOCKS | Needs.PERMISSIONS),
        (prop(dav("quota-used-bytes"), oc("checksums")), Needs.QUOTA | Needs.DIGESTS),
        (ALLPROP, Needs.DEAD | Needs.LOCKS),
    ],
)
def test_a_plan_says_what_it_needs_so_that_a_query_can_leave_out_the_rest(request_: Propfind, needs: Needs) -> None:
    assert RowPlan(request_).needs == needs


def test_every_live_property_is_protected_and_no_dead_one() -> None:
    assert all(map(is_protected, LIVE))
    assert not is_protected(DEAD)
    assert not is_protected(dav("lastmodified"))


def test_namespaces_are_declared_once_and_dav_has_a_prefix() -> None:
    body = b"".join(RowPlan(prop(dav("getetag"), oc("size"), DEAD)).answer([FILE] * 50)).decode()
    assert body.startswith('<?xml version="1.0" encoding="utf-8"?>\n<D:multistatus xmlns:D="DAV:" ')
    assert body.count("xmlns") == 3
    assert "\n" not in body[60:]


def test_a_thousand_files_with_the_properties_that_windows_asks_for_fit_well_into_its_limit() -> None:
    names = ("creationdate", "displayname", "getcontentlength", "getetag", "getlastmodified", "resourcetype")
    body = b"".join(RowPlan(prop(*map(dav, names))).answer([FILE] * 2000))
    assert len(body) < 1_000_000


def test_an_answer_comes_in_blocks_and_takes_rows_only_as_it_needs_them() -> None:
    taken = 0

    def rows() -> Iterable[ResourceRow]:
        nonlocal taken
        for _ in range(10_000):
            taken += 1
            yield FILE

    blocks = RowPlan(ALLPROP).answer(rows())
    first = next(blocks)
    assert 60_000 < len(first) < 70_000
    assert taken < 200
    rest = list(blocks)
    assert all(len(block) < 70_000 for block in rest)
    assert len(fromstring(first + b"".join(rest))) == 10_000


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@settings(deadline=None)
@given(TEXT, TEXT)
def test_any_name_and_media_type_is_answered_in_well_formed_xml(name: str, media_type: str) -> None:
    row = FILE._replace(href="/d/" + encode_name(name), name=name, media_type=media_type)
    names = found(ALLPROP, row)[200]
    if not any(ord(each) < 32 or each in "\ufffe\uffff" for each in name):
        assert names["{DAV:}displayname"].text == name


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [*LIVE, DEAD, PropertyName("", "bare"), PropertyName("100%s", "p"), PropertyName(DAV, "lastmodified")]
        ),
        unique=True,
    )
)
def test_every_property_that_is_named_is_answered_exactly_once(names: list[PropertyName]) -> None:
    for row in (FILE, COLLECTION, WITH_DEAD):
        answered = [name for group in found(prop(*names), row).values() for name in group]
        assert sorted(answered) == sorted(clark(names))


def test_ten_thousand_rows_are_written_in_a_fraction_of_a_second() -> None:
    base = collection_href("bench", ("many",))
    rows = [FILE._replace(href=base + encode_name(f"f{n}"), name=f"f{n}", modified_ms=n * 10**6) for n in range(10_000)]
    began = time.perf_counter()
    size = sum(map(len, RowPlan(ALLPROP).answer(rows)))
    assert size > 5_000_000
    assert time.perf_counter() - began < 0.5  # 0.04 s on an idle machine
