"""What clients say beside their bytes: announced lengths, times, and the empty file that comes before the real one."""

from davdrive.drive.backend import Backend
from davdrive.drive.conditions import Conditions, StateCondition, StateList
from davdrive.drive.lock import LockRequest, lock
from davdrive.drive.names import DrivePath
from davdrive.drive.put import PutOptions, put
from davdrive.drive.read import open_content
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.statement import Statement
from tests.support.dav import listing, prop
from tests.support.peers import Peer
from tests.uploads.conftest import one
from tests.uploads.upload_steps import FILE, written

_LIVE_AND_OLD = Statement("SELECT count(*) FROM versions WHERE until IS NULL OR size > 0")
DAV = "{DAV:}"


def test_finders_announced_length_is_verified_and_a_mismatch_keeps_the_old_file(peer: Peer) -> None:
    bob = peer.bob
    bob.put("file", b"old")
    body = [b"x" * 70_000, b"y" * 70_000]
    for said in ("139999", "140001"):
        assert bob.put("file", body, X_Expected_Entity_Length=said).status == 400
        assert bob.get("file").body == b"old"
    assert bob.put("file", body, X_Expected_Entity_Length="140000").status == 204
    assert bob.get("file").body == b"".join(body)


def test_times_of_the_source_are_kept_by_put_and_by_chunks(peer: Peer) -> None:
    bob, times = peer.bob, {"X-OC-Mtime": "1234567890.5", "X-OC-CTime": "1000000000"}
    assert bob.put("put", b"x", **times).get("X-OC-MTime") == "accepted"
    folder = f"/remote.php/dav/uploads/bob/times{peer.base[-3:].strip('/')}"
    bob.do("MKCOL", folder)
    bob.do("PUT", f"{folder}/1", b"x")
    target = {"Destination": f"/remote.php/dav/files{peer.base}/chunks", **times}
    assert bob.do("MOVE", f"{folder}/.file", headers=target).get("X-OC-MTime") == "accepted"
    for name in ("put", "chunks"):
        found = listing(bob, name, prop(DAV + "getlastmodified", DAV + "creationdate"), "0")
        assert found.text(DAV + "getlastmodified") == "Fri, 13 Feb 2009 23:31:30 GMT"
        assert found.text(DAV + "creationdate") == "2001-09-09T01:46:40Z"


def test_an_empty_put_and_then_a_locked_one_are_one_version(backend: Backend) -> None:
    written(backend, b"")
    token = lock(backend, SYSTEM, FILE, LockRequest(True, False, None, 60)).lock.token
    held = Conditions(if_lists=(StateList((StateCondition(token=token),)),))
    put(backend, SYSTEM, FILE, [b"the document"], PutOptions(), held)
    assert one(backend, _LIVE_AND_OLD) == 1
    assert open_content(backend, SYSTEM, DrivePath("bob", ("file.bin",))).content.size == 12
