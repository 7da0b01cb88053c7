"""Raw paths to names and names to hrefs."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from davdrive.dav.urls import MAX_RAW_PATH, collection_href, decode_names, decode_path, encode_name
from davdrive.drive.names import DrivePath, check_name
from davdrive.errors import BadName, DriveError
from tests.support.hrefs import href_of_file


@pytest.mark.parametrize(
    ("raw", "names"),
    [
        ("/", ()),
        ("", ()),
        ("/alice", ("alice",)),
        ("/alice/", ("alice",)),
        ("/alice/a/b.txt", ("alice", "a", "b.txt")),
        ("/alice//a///b", ("alice", "a", "b")),
        ("/alice/a%20b", ("alice", "a b")),
        ("/alice/a b", ("alice", "a b")),
        ("/alice/what%3F", ("alice", "what?")),
        ("/alice/a;v=1", ("alice", "a;v=1")),
        ("/alice/a%3bv", ("alice", "a;v")),
        ("/alice/100%25", ("alice", "100%")),
        ("/alice/%2525", ("alice", "%25")),
        ("/alice/a+b", ("alice", "a+b")),
        ("/alice/%e4%bd%a0", ("alice", "你")),
        ("/alice/\xe4\xbd\xa0", ("alice", "你")),  # raw UTF-8, as WSGI hands it on
        ("/alice/你", ("alice", "你")),
        ("/alice/e%CC%81", ("alice", "e\u0301")),
    ],
)
def test_a_raw_path_is_split_and_then_decoded_once(raw: str, names: tuple[str, ...]) -> None:
    assert decode_names(raw) == names


@pytest.mark.parametrize(
    "raw",
    [
        "/a/%",
        "/a/%2",
        "/a/%zz",
        "/a/%u0041",
        "/a/b%2Fc",
        "/a/b%2fc",
        "/a/%FF%FE",
        "/a/%c0%af",
        "/a/%ed%a0%80",
        "/a/\xff",
    ],
)
def test_bad_escapes_encoded_slashes_and_what_is_not_utf_8_are_refused(raw: str) -> None:
    with pytest.raises(BadName):
        decode_names(raw)


@pytest.mark.parametrize(
    "raw",
    [
        "/a/.",
        "/a/..",
        "/a/../b",
        "/a/%2e%2E/b",
        "/a/.%2e/b",
        "/..",
        "/a/%00",
        "/a/b%0d%0aSet",
        "/a/%7f",
        "/a/" + "n" * 256,
    ],
)
def test_names_that_no_drive_can_hold_are_refused_however_they_are_written(raw: str) -> None:
    with pytest.raises(BadName):
        decode_path(raw)


def test_a_path_is_a_drive_and_its_names_and_the_top_is_none() -> None:
    assert decode_path("/alice/a/b/") == DrivePath("alice", ("a", "b"))
    assert decode_path("/alice") == DrivePath("alice")
    assert decode_path("//") is None


def test_a_path_may_be_as_long_as_its_limit_and_no_longer() -> None:
    with pytest.raises(BadName):
        decode_names("/" * (MAX_RAW_PATH + 1))
    assert decode_names("/" * MAX_RAW_PATH) == ()


@pytest.mark.parametrize(
    ("name", "encoded"),
    [
        ("file-1.txt", "file-1.txt"),
        ("a b", "a%20b"),
        ("a&b<c>'\"", "a%26b%3Cc%3E%27%22"),
        ("?#;+%", "%3F%23%3B%2B%25"),
        ("é", "%C3%A9"),
    ],
)
def test_a_name_is_encoded_so_that_no_parser_can_mistake_it(name: str, encoded: str) -> None:
    assert encode_name(name) == encoded


def test_hrefs_of_collections_end_in_a_slash_and_begin_with_the_mount() -> None:
    assert collection_href("my drive", ("a", "b c"), "/dav") == "/dav/my%20drive/a/b%20c/"
    assert collection_href("d", ("a",)) == "/d/a/"
    assert collection_href("d", prefix="/dav") == "/dav/d/"
    assert href_of_file(DrivePath("d", ("a", "x.txt"))) == "/d/a/x.txt"


@settings(deadline=None)
@given(st.text(max_size=40))
def test_every_name_that_a_drive_can_hold_survives_its_href(name: str) -> None:
    try:
        check_name(name)
    except BadName:
        return
    href = href_of_file(DrivePath("drive", (name,)))
    assert href.isascii()
    assert not set("<>&\"'?#; \\^`{|}") & set(href)
    assert decode_path(href) == DrivePath("drive", (name,))


@settings(deadline=None)
@given(st.one_of(st.text(), st.text(alphabet="/%.25eEfF0aÿ ")))
def test_any_raw_path_is_a_place_or_a_drive_error(raw: str) -> None:
    with contextlib.suppress(DriveError):
        path = decode_path(raw)
        assert path is None or not any("/" in name or name in (".", "..") for name in path.names)
