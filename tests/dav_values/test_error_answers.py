"""The table of statuses, and the bodies of errors."""

from xml.etree.ElementTree import fromstring

import pytest

from davdrive import errors
from davdrive.dav.status import VERDICTS, retry_after_s, status_line, verdict_on
from davdrive.dav.xml.active_lock import ActiveLock, lock_answer
from davdrive.dav.xml.errors import error_body
from davdrive.dav.xml.multistatus import multistatus
from davdrive.dav.xml.names import PropertyName, dav
from davdrive.dav.xml.propstat import names_response, status_response

KINDS = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, errors.DriveError)]


@pytest.mark.parametrize("kind", [each for each in KINDS if each is not errors.DriveError])
def test_every_kind_of_drive_error_has_a_status_and_none_is_a_500(kind: type[errors.DriveError]) -> None:
    assert verdict_on(kind("something")).status in range(300, 508)
    assert verdict_on(kind).status != 500
    assert "Unknown" not in verdict_on(kind).line


@pytest.mark.parametrize(
    ("error", "status", "precondition"),
    [
        (errors.BadName("x"), 400, None),
        (errors.BodyMismatch("x"), 400, None),
        (errors.EntitiesRefused("x"), 400, "no-external-entities"),
        (errors.NotFound("x"), 404, None),
        (errors.ParentMissing("x"), 409, None),
        (errors.AlreadyExists("x"), 405, "resource-must-be-null"),
        (errors.ProtectedProperty("x"), 403, "cannot-modify-protected-property"),
        (errors.InfiniteDepthRefused("x"), 403, "propfind-finite-depth"),
        (errors.Locked("x"), 423, "lock-token-submitted"),
        (errors.LockConflict("x"), 423, "no-conflicting-lock"),
        (errors.LockTokenMismatch("x"), 409, "lock-token-matches-request-uri"),
        (errors.QuotaExceeded("x"), 507, "quota-not-exceeded"),
        (errors.StorageFull("x"), 507, "sufficient-disk-space"),
        (errors.ElsewhereDestination("x"), 502, None),
        (errors.Damaged("x"), 503, None),
        (KeyError("x"), 500, None),
    ],
)
def test_errors_find_their_own_row_or_that_of_their_base(
    error: BaseException, status: int, precondition: str | None
) -> None:
    assert verdict_on(error)[:2] == (status, precondition)


def test_a_kind_that_the_table_does_not_know_is_what_its_base_is() -> None:
    class NewKind(errors.Locked):
        pass

    assert verdict_on(NewKind("x")) == VERDICTS[errors.Locked]


def test_only_errors_that_pass_say_when_to_come_again() -> None:
    assert retry_after_s(errors.Unavailable("x", retry_after_s=7)) == 7
    assert retry_after_s(errors.Cancelled("x")) == 5
    assert retry_after_s(errors.NotFound("x")) is None


def test_an_error_body_has_its_precondition_with_urls_and_a_sentence_for_people() -> None:
    body = fromstring(error_body("somebody is writing <here>", "lock-token-submitted", ["/d/a%20b", "/d/"]))
    assert [each.text for each in body.iterfind("{DAV:}lock-token-submitted/{DAV:}href")] == ["/d/a%20b", "/d/"]
    assert body.findtext("{http://sabredav.org/ns}message") == "somebody is writing <here>"


def test_a_message_with_control_characters_is_still_well_formed() -> None:
    assert fromstring(error_body("a\x00b\ud800 & <c>"))[0].text == "a\ufffdb\ufffd & <c>"


@pytest.mark.parametrize(
    ("status", "line"),
    [(207, "207 Multi-Status"), (423, "423 Locked"), (507, "507 Insufficient Storage"), (799, "799 Unknown")],
)
def test_status_lines_have_their_reasons(status: int, line: str) -> None:
    assert status_line(status) == line


def test_members_that_failed_are_named_with_their_status_and_why() -> None:
    body = b"".join(
        multistatus([status_response("/d/a", 423, "lock-token-submitted", "a & b"), status_response("/d/b", 424)])
    )
    first, second = fromstring(body)
    assert first.findtext("{DAV:}status") == "HTTP/1.1 423 Locked"
    assert first.find("{DAV:}error/{DAV:}lock-token-submitted") is not None
    assert first.findtext("{DAV:}responsedescription") == "a & b"
    assert second.findtext("{DAV:}status") == "HTTP/1.1 424 Failed Dependency"


def test_a_proppatch_answers_each_name_in_the_group_of_its_status() -> None:
    groups = {
        (403, "cannot-modify-protected-property"): [dav("getetag")],
        (424, None): [PropertyName("u&v", "a"), PropertyName("", "b")],
    }
    (response,) = fromstring(b"".join(multistatus([names_response("/d/a", groups)])))
    refused, failed = response.iterfind("{DAV:}propstat")
    assert refused.find("{DAV:}prop/{DAV:}getetag") is not None
    assert refused.find("{DAV:}error/{DAV:}cannot-modify-protected-property") is not None
    assert [each.tag for each in failed.iterfind("{DAV:}prop/*")] == ["{u&v}a", "b"]


def test_a_lock_is_answered_with_its_discovery() -> None:
    body = fromstring(lock_answer([ActiveLock("urn:uuid:1", True, False, "/d/a", 60)]))
    assert body.tag == "{DAV:}prop"
    assert body.findtext("{DAV:}lockdiscovery/{DAV:}activelock/{DAV:}timeout") == "Second-60"


def test_the_end_of_a_multistatus_comes_after_all_responses() -> None:
    body = b"".join(multistatus([status_response("/d/a", 404)], end=["<D:sync-token>t</D:sync-token>"]))
    assert [each.tag for each in fromstring(body)] == ["{DAV:}response", "{DAV:}sync-token"]
