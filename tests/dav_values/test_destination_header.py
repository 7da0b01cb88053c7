"""Destination and the URLs that are ours, with and without a proxy."""

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from davdrive.dav.headers.destination import read_destination
from davdrive.dav.headers.own_urls import MAX_URL_CHARACTERS, OwnUrls, own_urls
from davdrive.drive.names import DrivePath
from davdrive.errors import BadRequest, DriveError, ElsewhereDestination, Forbidden

MOUNTS = ("", "/remote.php/dav/files")


def own(
    host: str = "drive.example:8080", scheme: str = "http", forwarded: str | None = None, **options: Any
) -> OwnUrls:
    environ = {"wsgi.url_scheme": scheme, "HTTP_HOST": host}
    if forwarded is not None:
        environ["HTTP_X_FORWARDED_HOST"] = forwarded
    return own_urls(environ, mounts=MOUNTS, **options)


@pytest.mark.parametrize(
    "value",
    [
        "/alice/a/b.txt",
        "http://drive.example:8080/alice/a/b.txt",
        "HTTP://Drive.Example:8080/alice/a/b.txt",
        "http://drive.example.:8080/alice//a/b.txt",
        "http://alice:pw@drive.example:8080/alice/a/b.txt",
        "http://drive.example:8080/remote.php/dav/files/alice/a/b.txt",
        "/remote.php/dav/files/alice/a/b.txt",
        " /alice/a/b.txt/ ",
    ],
)
def test_a_destination_on_this_server_is_a_place(value: str) -> None:
    assert read_destination(value, own()) == DrivePath("alice", ("a", "b.txt"))


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("/alice/what%3F", "what?"),
        ("/alice/a;b", "a;b"),
        ("/alice/a%3Bb", "a;b"),
        ("/alice/a%23b", "a#b"),
        ("http://drive.example:8080/alice/a%3fb;c=d", "a?b;c=d"),
    ],
)
def test_question_marks_semicolons_and_hashes_in_names_never_cut_the_path(value: str, name: str) -> None:
    assert read_destination(value, own()) == DrivePath("alice", (name,))


@pytest.mark.parametrize("value", ["/alice/a?b", "/alice/a#b", "http://drive.example:8080/alice/a?b", "/alice/?"])
def test_a_query_or_fragment_is_refused_and_not_cut_off(value: str) -> None:
    with pytest.raises(BadRequest, match="%3F"):
        read_destination(value, own())


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "  ",
        "alice/a",
        "a.txt",
        "//alice/a",
        "http:/alice",
        "http:///alice",
        "http://h:99999999/a",
        "http://[::1/a",
        "/alice/%zz",
        "/alice/../bob/x",
        "/alice/a%2Fb",
        "/alice/%00",
        "/" + "a" * MAX_URL_CHARACTERS,
        "?",
        "*",
    ],
)
def test_a_missing_or_malformed_destination_is_a_bad_request(value: str | None) -> None:
    if value == "http:/alice":  # an absolute URI of its own kind, which is not ours
        with pytest.raises(ElsewhereDestination):
            read_destination(value, own())
        return
    with pytest.raises(BadRequest):
        read_destination(value, own())


@pytest.mark.parametrize(
    "value",
    [
        "http://other.example/alice/a",
        "http://drive.example/alice/a",
        "http://drive.example:8081/alice/a",
        "https://drive.example:8080/alice/a",
        "ftp://drive.example:8080/alice/a",
        "urn:uuid:1",
    ],
)
def test_a_destination_elsewhere_says_so_and_names_the_setting(value: str) -> None:
    with pytest.raises(ElsewhereDestination, match="public URLs"):
        read_destination(value, own())


@pytest.mark.parametrize("value", ["/", "http://drive.example:8080", "http://drive.example:8080/"])
def test_a_destination_above_all_drives_is_forbidden(value: str) -> None:
    with pytest.raises(Forbidden):
        read_destination(value, own())


@pytest.mark.parametrize(
    ("host", "scheme", "value"),
    [
        ("h", "http", "http://h:80/alice/a"),
        ("h:80", "http", "http://h/alice/a"),
        ("h", "https", "https://h:443/alice/a"),
        ("[::1]:8080", "http", "http://[::1]:8080/alice/a"),
        ("[::1]", "http", "http://[::1]/alice/a"),
    ],
)
def test_default_ports_and_ipv6_hosts_are_understood(host: str, scheme: str, value: str) -> None:
    assert read_destination(value, own(host, scheme)) == DrivePath("alice", ("a",))


@pytest.mark.parametrize(
    "value", ["https://drive.example/alice/a", "http://drive.example/alice/a", "https://drive.example:443/alice/a"]
)
def test_a_trusted_proxy_may_have_changed_scheme_and_host(value: str) -> None:
    behind = own("127.0.0.1:8080", forwarded="drive.example", from_trusted_proxy=True)
    assert read_destination(value, behind) == DrivePath("alice", ("a",))


def test_a_forwarded_host_from_a_stranger_is_not_believed() -> None:
    with pytest.raises(ElsewhereDestination):
        read_destination("http://evil.example/alice/a", own(forwarded="evil.example"))


def test_a_public_url_is_ours_and_its_path_is_stripped() -> None:
    behind = own("127.0.0.1:8080", public_urls=("https://cloud.example/drive/",))
    assert read_destination("https://cloud.example/drive/alice/a", behind) == DrivePath("alice", ("a",))
    with pytest.raises(ElsewhereDestination):
        read_destination("https://cloud.example/driveway/alice/a", behind)


def test_the_prefix_of_a_public_url_is_that_of_absolute_paths_and_of_our_own_hrefs() -> None:
    behind = own("cloud.example", public_urls=("https://cloud.example/drive",), from_trusted_proxy=True)
    assert behind.prefix == "/drive"
    assert read_destination("/drive/alice/a", behind) == DrivePath("alice", ("a",))
    assert read_destination("http://cloud.example/drive/alice/a", behind) == DrivePath("alice", ("a",))


def test_a_mount_prefix_is_stripped_and_must_be_there() -> None:
    mounted = own(prefix="/dav")
    assert read_destination("/dav/alice/a", mounted) == DrivePath("alice", ("a",))
    with pytest.raises(ElsewhereDestination):
        read_destination("/alice/a", mounted)


def test_a_malformed_public_url_is_said_to_be_one() -> None:
    with pytest.raises(BadRequest, match="public URL"):
        own(public_urls=("/drive",))


@settings(deadline=None)
@given(
    st.one_of(st.text(), st.from_regex(r"(https?:)?/{0,3}[a-z@:\[\]%.;?#/0-9]*", fullmatch=True)), st.text(max_size=30)
)
def test_any_destination_is_a_place_or_a_drive_error(value: str, host: str) -> None:
    for urls in (own(), own(host, from_trusted_proxy=True, forwarded=host)):
        with contextlib.suppress(DriveError):
            read_destination(value, urls)
