"""The checker itself: it accepts what could have happened and refuses what could not."""

from dataclasses import replace

import pytest

from tests.nodes.player import UNKNOWN, body_of, heard, text_of
from tests.nodes.shared_file import EMPTY, Pair, step
from tests.support.http import Answer
from tests.support.linear import NEVER, Operation, is_linearizable

TAG = '"0"'


def _op(what: str, start: float, end: float, result: object = None, **detail: str) -> Operation:
    return Operation(what, start, end, {"name": "a", **detail}, result)


def _accepted(*history: Operation) -> bool:
    return is_linearizable(history, Pair(), step)


def test_what_comes_one_after_the_other_has_to_follow() -> None:
    put = _op("PUT", 0, 1, (201,), text="x")
    assert _accepted(put, _op("GET", 2, 3, (200, "x")))
    assert not _accepted(put, _op("GET", 2, 3, (404, "")))
    assert not _accepted(put, _op("GET", 2, 3, (200, "y")))


def test_what_overlaps_may_have_come_in_either_order_but_everybody_saw_the_same() -> None:
    first, second = _op("PUT", 0, 9, (201,), text="x"), _op("PUT", 0, 9, (204,), text="y")
    assert _accepted(first, second, _op("GET", 10, 11, (200, "y")))
    assert not _accepted(first, second, _op("GET", 10, 11, (200, "x")))  # 201 was the first, so y was the last
    assert not _accepted(first, _op("PUT", 0, 9, (201,), text="y"))  # only one can have made it
    assert not _accepted(first, _op("GET", 2, 3, (200, "x")), _op("GET", 4, 5, (404, "")))


def test_a_write_that_was_acknowledged_may_not_be_lost() -> None:
    history = [
        _op("PUT", 0, 1, (201,), text="x"),
        _op("PUT", 2, 3, (204,), text="y", expected="x"),
        _op("PUT", 2, 3, (204,), text="z", expected="x"),
    ]
    assert _accepted(*history[:2])
    assert not _accepted(*history)  # a lost update
    assert _accepted(*history[:2], _op("PUT", 2, 3, (412,), text="z", expected="x"))


def test_a_write_without_an_answer_may_have_happened_at_any_time_or_never() -> None:
    lost = _op("PUT", 0, NEVER, text="x")
    assert _accepted(lost, _op("GET", 5, 6, (404, "")))
    assert _accepted(lost, _op("GET", 5, 6, (404, "")), _op("GET", 7, 8, (200, "x")))
    assert not _accepted(lost, _op("GET", 5, 6, (200, "x")), _op("GET", 7, 8, (404, "")))


@pytest.mark.parametrize(("sentence", "possible"), [(UNKNOWN, True), ("nothing was changed, try again", False)])
def test_a_lock_may_be_there_after_an_answer_that_nobody_knows_and_not_after_any_other_503(
    sentence: str, possible: bool
) -> None:
    detail = {"name": "a", "unknown": "t"}
    failed = heard("LOCK", 0, 1, detail, Answer(503, (), f"<error>{sentence}</error>".encode()))
    for refused in (_op("PUT", 2, 3, (423, ""), text="x"), _op("LOCK", 2, 3, (423, ""))):
        assert _accepted(failed, refused) is possible
    assert _accepted(failed, _op("PUT", 2, 3, (201, ""), text="x"))


@pytest.mark.parametrize(("second", "possible"), [(423, True), (201, False), (200, False)])
def test_two_exclusive_locks_are_never_granted(second: int, possible: bool) -> None:
    first = _op("LOCK", 0, 1, (201, "t1"))
    assert _accepted(first, _op("LOCK", 1.2, 2, (second, "t2"))) is possible
    assert _accepted(first, _op("LOCK", 8, 9, (200, "t2")))  # the first one has expired
    assert not _accepted(first, _op("LOCK", 8, 9, (423, "")))


def test_empty_files_are_told_apart_by_the_etags_that_their_locks_do_not_tell() -> None:
    """Two LOCKs made one each, and the first one's ETag fails at the second one."""
    first, second = f'{EMPTY}"1"', f'{EMPTY}"2"'
    history = [
        _op("LOCK", 0, 1, (201, "t")),
        _op("GET", 1, 1.1, (200, first)),
        _op("UNLOCK", 1.2, 1.3, (204, ""), token="t"),
        _op("DELETE", 1.4, 1.5, (204, "")),
        _op("LOCK", 1.6, 1.7, (201, "u")),
        _op("UNLOCK", 1.8, 1.9, (204, ""), token="u"),
    ]
    seen = _op("GET", 1.8, 3, (200, second))
    put = _op("PUT", 2, 2.5, (412, ""), text="x", expected=first)
    assert _accepted(*history, put)
    assert _accepted(*history, seen, put)
    assert _accepted(*history, _op("PUT", 2, 2.5, (204, ""), text="x", expected=second))
    assert not _accepted(*history, _op("GET", 1.8, 1.9, (200, second)), replace(put, result=(204, "")))
    assert not _accepted(*history[:2], _op("PUT", 1.2, 1.3, (412, ""), text="x", expected=first))
    assert not _accepted(*history[:2], _op("GET", 1.2, 1.3, (200, second)))  # one content has one ETag


def test_a_lock_stops_others_and_opens_to_its_token() -> None:
    lock = _op("LOCK", 0, 1, (201, "t"))
    assert _accepted(lock, _op("PUT", 1, 2, (423,), text="x"), _op("PUT", 1, 2, (204,), text="y", token="t"))
    assert not _accepted(lock, _op("PUT", 1, 2, (204,), text="x"))
    assert not _accepted(lock, _op("UNLOCK", 1, 1.5, (204,), token="t"), _op("PUT", 2, 2.1, (423,), text="x"))
    assert not _accepted(lock, _op("MOVE", 1, 2, (201,)))


def test_a_lock_that_was_refreshed_lives_on_and_one_that_expired_may_be_taken_up_again() -> None:
    lock = _op("LOCK", 0, 1, (201, "t"))
    refreshed = _op("REFRESH", 4, 5, (200, ""), token="t")
    assert _accepted(lock, refreshed, _op("PUT", 8, 9, (423, ""), text="x"))
    assert not _accepted(lock, refreshed, _op("PUT", 8, 8.1, (204, ""), text="x"))  # past a lock
    assert _accepted(lock, _op("REFRESH", 8, 9, (200, ""), token="t"), _op("PUT", 12, 12.5, (423, ""), text="x"))
    taken = _op("LOCK", 8, 9, (200, "u"))
    assert _accepted(lock, taken, _op("REFRESH", 10, 11, (412, ""), token="t"))
    assert not _accepted(lock, taken, _op("REFRESH", 10, 11, (200, ""), token="t"))  # resurrected
    released = _op("UNLOCK", 2, 3, (204, ""), token="t")
    assert not _accepted(lock, released, _op("REFRESH", 3.5, 4, (200, ""), token="t"))


@pytest.mark.parametrize("large", [False, True])
def test_a_body_that_is_cut_or_made_of_two_is_no_text(large: bool) -> None:
    body, other = body_of("1-23", True), body_of("4-56", True)
    assert text_of(body_of("1-23", large), TAG) == "1-23"
    assert text_of(b"", TAG) == EMPTY + TAG
    half = len(body) // 10 * 5
    for torn in (body[:half], body[: half + 2], body[:half] + other[half:], body + b"1"):
        assert text_of(torn, TAG).startswith("torn")


def test_a_move_takes_the_content_along() -> None:
    put, move = _op("PUT", 0, 1, (201,), text="x"), _op("MOVE", 2, 3, (201,))
    there = Operation("GET", 4, 5, {"name": "b"}, (200, "x"))
    assert _accepted(put, move, there, _op("GET", 4, 5, (404, "")))
    assert not _accepted(put, move, _op("GET", 4, 5, (200, "x")))
