"""Paths that leave where they should stay (CVE-2021-41773 and its kin), names that are code elsewhere, and links in the
object folder."""

import contextlib
from pathlib import Path

import pytest

from tests.support.http import Client
from tests.support.serving import RunningServer

CLIMBS = (
    "../", "..%2f", "%2e%2e/", "%2e%2e%2f", ".%2e/", "%2e./", "..%5c", "..\\", "%252e%252e%252f", "..%252f", "..%c0%af",
    "%c0%ae%c0%ae/", "..%ef%bc%8f", "%uff0e%uff0e/", "....//", "..;/", "..%00/", "%2e%2e%00/", ".%00./", "/%2e%2e/",
    "..%0d%0a/", "%f0%80%80%ae%f0%80%80%ae/", "..%u2215", "..%e2%88%95",
)  # fmt: skip
TARGETS = ("etc/passwd", "davdrive.db", "objects", "mallory/secret")
FOREIGN = "the words of a file outside"


@pytest.mark.parametrize("climb", CLIMBS)
def test_no_encoding_of_a_climb_leaves_the_drive(climb: str, server: RunningServer, bob: Client) -> None:
    server.client("mallory").put("secret", FOREIGN.encode())
    for target in TARGETS:
        for depth in (1, 4, 12):
            for start in ("/bob/", f"{bob.base}/d/", "/", "/remote.php/dav/files/bob/", "/-/"):
                answer = bob.do("GET", start + climb * depth + target)
                assert answer.status in (400, 404, 405), (start, climb, answer.status)
                assert b"root:" not in answer.body
                assert FOREIGN not in answer.body.decode(errors="replace")


@pytest.mark.parametrize("climb", CLIMBS)
@pytest.mark.parametrize("method", ["COPY", "MOVE"])
def test_no_destination_climbs_into_somebody_elses_drive(
    method: str, climb: str, server: RunningServer, bob: Client
) -> None:
    """The path that is checked is the path that is used."""
    mallory = server.client("mallory")
    mallory.delete("planted")
    planted = "mallory/planted"
    for destination in (f"/bob/{climb}{planted}", f"{bob.base}/d/{climb * 3}{planted}", f"/{climb}{planted}"):
        for form in (destination, bob.origin + destination):
            status = bob.do(method, "f", headers={"Destination": form}).status
            assert status in (400, 403, 404, 409, 502) or _stayed(bob, status), (form, status)
    assert mallory.get("planted").status == 404


def _stayed(bob: Client, status: int) -> bool:
    """An odd name that is only a name made something inside bob's own drive: put things back."""
    bob.put("f", b"bob's own words")
    return status in (201, 204)


def test_names_that_are_sql_shell_or_templates_are_only_names(bob: Client) -> None:
    names = ("'; DROP TABLE entries; --", '" OR 1=1 --', "%s%s%n", "{0.__class__}", "$(id)", "`id`", "{{7*7}}", "a:b;c")
    for name in names:
        encoded = "".join(f"%{byte:02X}" for byte in name.encode())
        assert bob.put("d/" + encoded, name.encode()).status == 201
        assert bob.get("d/" + encoded).text == name
        assert bob.transfer("MOVE", "d/" + encoded, "d/" + encoded + "2").status == 201
        assert bob.delete("d/" + encoded + "2").status == 204
    assert bob.get("d/g").text == "bob's other words"


def test_a_link_in_the_place_of_an_object_is_not_followed(server: RunningServer, bob: Client, tmp_path: Path) -> None:
    """Somebody with a foot in the object folder must not read or write other files through the server."""
    secret = tmp_path / "secret"
    secret.write_bytes(b"s" * 200_000)
    bob.put("large", b"x" * 200_000)
    objects = server.data_dir / "objects"
    newest = max((each for each in objects.rglob("*") if each.is_file()), key=lambda each: each.stat().st_mtime)
    newest.unlink()
    newest.symlink_to(secret)
    answer_body = b""
    with contextlib.suppress(OSError, ValueError):  # cut off in the middle is fine: nothing of the secret may come
        answer_body = bob.get("large").body
    assert b"sss" not in answer_body
    newest.unlink()
    bob.delete("large")
    assert secret.read_bytes() == b"s" * 200_000
