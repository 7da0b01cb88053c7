"""Range and If-Range (RFC 9110 §13.1.5, §14): one, several, none, and too many."""

import email
from email.message import Message

import pytest

from tests.support.http import Answer, Client

INLINE, SEGMENTED = bytes(range(256)) * 4, bytes(range(256)) * 4096  # kept in the row, and as objects
SIZES = [INLINE, SEGMENTED]


def parts(answer: Answer) -> list[tuple[str, bytes]]:
    """The Content-Range and the bytes of each part."""
    whole = email.message_from_bytes(
        b"Content-Type: " + answer.get("Content-Type").encode() + b"\r\n\r\n" + answer.body
    )
    found = whole.get_payload()
    assert isinstance(found, list)
    return [(each["Content-Range"], _bytes(each)) for each in found if isinstance(each, Message)]


def _bytes(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload


@pytest.fixture(params=SIZES, ids=["inline", "segments"])
def content(request: pytest.FixtureRequest, bob: Client) -> bytes:
    body: bytes = request.param
    bob.put("f", body, Content_Type="text/plain")
    return body


def test_one_range_is_206_with_its_place(content: bytes, bob: Client) -> None:
    size = len(content)
    for value, start, stop in (
        ("bytes=0-0", 0, 1),
        ("bytes=0-99", 0, 100),
        ("bytes=100-", 100, size),
        ("bytes=-100", size - 100, size),
        (f"bytes=10-{size + 99}", 10, size),
        (f"bytes=-{size * 2}", 0, size),
        ("bytes = 5-9", 5, 10),
    ):
        answer = bob.get("f", Range=value)
        assert answer.status == 206, value
        assert answer.body == content[start:stop]
        assert answer.get("Content-Range") == f"bytes {start}-{stop - 1}/{size}"
        assert answer.get("Content-Length") == str(stop - start)
        assert answer.etag


def test_several_ranges_are_parts_in_the_order_asked_for(content: bytes, bob: Client) -> None:
    size = len(content)
    answer = bob.get("f", Range="bytes=500-509,0-4,-3")
    assert answer.status == 206
    assert answer.get("Content-Range") == ""
    assert answer.get("Content-Length") == str(len(answer.body))
    assert parts(answer) == [
        (f"bytes 500-509/{size}", content[500:510]),
        (f"bytes 0-4/{size}", content[:5]),
        (f"bytes {size - 3}-{size - 1}/{size}", content[-3:]),
    ]


def test_ranges_outside_the_file_are_passed_over_while_one_is_inside(content: bytes, bob: Client) -> None:
    answer = bob.get("f", Range=f"bytes={len(content)}-,0-3")
    assert (answer.status, answer.body) == (206, content[:4])


def test_more_than_five_ranges_are_answered_with_the_whole_file(content: bytes, bob: Client) -> None:
    five, six = (",".join(f"{each * 10}-{each * 10}" for each in range(count)) for count in (5, 6))
    assert bob.get("f", Range=f"bytes={five}").status == 206
    answer = bob.get("f", Range=f"bytes={six}")
    assert (answer.status, answer.body) == (200, content)


def test_ranges_that_overlap_are_never_more_than_the_file(content: bytes, bob: Client) -> None:
    answer = bob.get("f", Range="bytes=0-,0-,0-,0-,0-")
    assert answer.status in (200, 206)
    assert len(answer.body) <= 5 * len(content) + 2000


def test_if_range_decides_between_the_part_and_the_whole(content: bytes, bob: Client) -> None:
    found = bob.get("f")
    changed = found.get("Last-Modified")
    cases = {
        found.etag: 206,
        f"W/{found.etag}": 200,
        '"other"': 200,
        changed: 206,
        "Sat, 01 Jan 2000 00:00:00 GMT": 200,
        "nonsense": 200,
    }
    for value, status in cases.items():
        answer = bob.get("f", Range="bytes=0-3", If_Range=value)
        assert answer.status == status, value
        assert answer.body == (content[:4] if status == 206 else content)


def test_a_range_of_nothing_and_of_an_empty_file_is_416(bob: Client) -> None:
    bob.put("empty", b"")
    for value in ("bytes=0-", "bytes=-5"):
        answer = bob.get("empty", Range=value)
        assert answer.status == 416
        assert answer.get("Content-Range") == "bytes */0"
    assert bob.get("empty").status == 200


def test_conditions_come_before_ranges(content: bytes, bob: Client) -> None:
    etag = bob.get("f").etag
    assert bob.get("f", Range="bytes=0-3", If_None_Match=etag).status == 304
    assert bob.get("f", Range="bytes=0-3", If_Match='"other"').status == 412


def test_head_says_what_get_would_without_a_body(content: bytes, bob: Client) -> None:
    head, whole = bob.do("HEAD", "f"), bob.get("f")
    assert head.body == b""
    for name in ("Content-Length", "Content-Type", "ETag", "Last-Modified", "Accept-Ranges"):
        assert head.get(name) == whole.get(name) != ""
