"""The If header's grammar, its limits, and whose resources its tags name."""

import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from davdrive.dav.headers.if_header import IfLimits, read_if
from davdrive.dav.headers.own_urls import own_urls
from davdrive.drive.conditions import EntityTag, StateCondition, StateList
from davdrive.drive.names import DrivePath
from davdrive.errors import BadRequest, DriveError

RESOLVE = own_urls({"wsgi.url_scheme": "http", "HTTP_HOST": "h"}).resolve
A, B = StateCondition(token="urn:a"), StateCondition(token="urn:b")
TAG, WEAK = StateCondition(etag=EntityTag("x")), StateCondition(etag=EntityTag("y", weak=True))
PLACE = DrivePath("alice", ("f",))


@pytest.mark.parametrize(
    ("value", "lists"),
    [
        (None, ()),
        ("(<urn:a>)", (StateList((A,)),)),
        ("  ( <urn:a>  )  ", (StateList((A,)),)),
        ('(<urn:a> ["x"])', (StateList((A, TAG)),)),
        ('(["x"] [W/"y"])', (StateList((TAG, WEAK)),)),
        ("(<urn:a>)(<urn:b>)", (StateList((A,)), StateList((B,)))),
        ("(Not <urn:a>)", (StateList((StateCondition(token="urn:a", negated=True),)),)),
        ("(not<urn:a>)", (StateList((StateCondition(token="urn:a", negated=True),)),)),
        ('(Not ["x"] <urn:b>)', (StateList((StateCondition(etag=EntityTag("x"), negated=True), B)),)),
        ('(["a,)b>("])', (StateList((StateCondition(etag=EntityTag("a,)b>(")),)),)),
        ("</alice/f> (<urn:a>)", (StateList((A,), PLACE),)),
        ("<http://h/alice/f>(<urn:a>)", (StateList((A,), PLACE),)),
        ("<http://h/alice/f> (<urn:a>) (<urn:b>)", (StateList((A,), PLACE), StateList((B,), PLACE))),
        ("</alice/f> (<urn:a>) </alice> (<urn:b>)", (StateList((A,), PLACE), StateList((B,), DrivePath("alice")))),
        ("<http://other/alice/f> (<urn:a>)", (StateList((A,), None, elsewhere=True),)),
        ("<urn:z> (<urn:a>) </alice/f> (<urn:b>)", (StateList((A,), None, True), StateList((B,), PLACE))),
        ("</alice/%66> (<urn:a>)", (StateList((A,), PLACE),)),
    ],
)
def test_the_grammar_of_the_rfc_is_read(value: str | None, lists: tuple[StateList, ...]) -> None:
    assert read_if(value, RESOLVE) == lists


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "()",
        "(",
        ")",
        "(<urn:a>",
        "<urn:a>",
        "</alice/f>",
        "</a> </b> (<urn:a>)",
        "(<urn:a>) </alice/f> (<urn:b>)",
        "(<>)",
        "(<a b>)",
        "([x])",
        "([])",
        '(["x)',
        "(Not)",
        "(Not Not <urn:a>)",
        "(Nottingham <urn:a>)",
        "urn:a",
        "(urn:a)",
        "(<urn:a>),(<urn:b>)",
        "((<urn:a>))",
        "(<urn:a>) x",
        "</alice/%zz> (<urn:a>)",
        "</a/../b> (<urn:a>)",
        "</a?b> (<urn:a>)",
        "<relative> (<urn:a>)",
        "(<urn:a>)</alice/f>",
        "</alice/f> (<urn:a>) </alice/f>",
        '["x"]',
        "(Not",
    ],
)
def test_what_the_grammar_does_not_allow_is_refused(value: str) -> None:
    with pytest.raises(BadRequest):
        read_if(value, RESOLVE)


def test_as_many_lists_and_conditions_as_the_limits_and_no_more() -> None:
    limits = IfLimits(characters=100, lists=3, conditions=4)
    assert len(read_if("(<a>)" * 3, RESOLVE, limits)) == 3
    assert len(read_if("(<a><a>)(<a><a>)", RESOLVE, limits)) == 2
    assert read_if("(<" + "a" * 96 + ">)", RESOLVE, limits)
    for value in ("(<a>)" * 4, "(<a><a><a><a><a>)", "(<" + "a" * 97 + ">)"):
        with pytest.raises(BadRequest, match="more than"):
            read_if(value, RESOLVE, limits)


@settings(deadline=None)
@given(
    st.one_of(
        st.text(),
        st.text(alphabet='()<>[]"W/not Nurn:a\t'),
        st.lists(st.sampled_from(["(", ")", "<urn:a>", '["x"]', "Not ", "</a/b> "])).map("".join),
    )
)
def test_any_if_header_is_lists_or_a_drive_error(value: str) -> None:
    with contextlib.suppress(DriveError):
        lists = read_if(value, RESOLVE)
        assert lists
        assert all(each.conditions for each in lists)


@pytest.mark.parametrize("piece", ["(", "<", "(<a>)", '["', "Not ", "( ", " ", "(Not ", "</a>", "\t(", '(["a'])
def test_the_longest_if_header_of_any_piece_takes_no_time(piece: str) -> None:
    began = time.perf_counter()
    for value in (piece * (60_000 // len(piece)), "(" + piece * (60_000 // len(piece)), piece + " " * 60_000 + piece):
        with contextlib.suppress(DriveError):
            read_if(value, RESOLVE)
    assert time.perf_counter() - began < 1
