"""The provider by WsgiDAV's own interfaces: resources, native tree operations, the lock manager, its browser."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from wsgidav.dav_error import DAVError
from wsgidav.dav_provider import DAVProvider

from davdrive.dav.provider import DriveProvider
from davdrive.drive.lock import LockRequest, lock
from davdrive.drive.names import DrivePath
from davdrive.errors import NotAllowedHere
from davdrive.metadata.caller import Caller
from tests.support.stock import stock_wsgidav

ALICE = Caller("alice")


class Share:
    """A provider and the environ of one request of alice."""

    def __init__(self, provider: DriveProvider) -> None:
        self.provider = provider
        self.environ: dict[str, Any] = {"wsgidav.provider": provider, "wsgidav.auth.user_name": "alice"}

    def at(self, path: str) -> Any:
        return self.provider.get_resource_inst(path, self.environ)

    def write(self, path: str, body: bytes) -> None:
        folder, _, name = path.rpartition("/")
        self.at(folder or "/").create_empty_resource(name)
        upload = self.at(path).begin_write(content_type="text/plain")
        upload.write(body)
        upload.close()


@pytest.fixture
def share(tmp_path: Path) -> Iterator[Share]:
    provider = DriveProvider.open(str(tmp_path / "data"), "box")
    yield Share(provider)
    provider.close()


def test_it_is_a_wsgidav_provider(share: Share) -> None:
    assert isinstance(share.provider, DAVProvider)
    assert share.at("/").is_collection
    assert share.at("/nothing") is None
    assert share.at("/bad\0name") is None


def test_what_is_written_is_read_and_described(share: Share) -> None:
    share.write("/f", b"content")
    file = share.at("/f")
    assert file.get_content().read() == b"content"
    assert (file.get_content_length(), file.get_content_type(), file.get_display_name()) == (7, "text/plain", "f")
    assert file.get_etag()
    assert file.support_etag()
    assert file.support_ranges()
    assert file.get_last_modified() >= file.get_creation_date() - 1
    assert share.at("/").get_member_names() == ["f"]
    assert share.at("/").get_member("f").path == "/f"


def test_a_reader_keeps_what_it_opened(share: Share) -> None:
    share.write("/f", b"old")
    opened = share.at("/f").get_content()
    upload = share.at("/f").begin_write()
    upload.writelines([b"n", b"ew"])
    upload.close()
    assert opened.read() == b"old"


def test_whole_trees_are_copied_moved_and_deleted_by_one_call(share: Share) -> None:
    share.at("/").create_collection("d")
    share.write("/d/f", b"x")
    assert share.at("/d").handle_copy("/e", depth_infinity=True)
    assert share.at("/d").handle_copy("/empty", depth_infinity=False)
    assert share.at("/e/f").get_content().read() == b"x"
    assert share.at("/empty").get_member_names() == []
    assert share.at("/d").handle_move("/moved")
    assert share.at("/d") is None
    assert share.at("/moved").handle_delete()
    assert share.at("/moved/f") is None
    assert share.at("/").support_recursive_delete()


def test_a_resource_is_resolved_once_a_request(share: Share) -> None:
    share.write("/f", b"x")
    assert share.at("/f") is share.at("/f")


def test_quota_is_told(share: Share) -> None:
    share.write("/f", b"x" * 100)
    assert share.at("/").get_used_bytes() == 100
    assert share.at("/").get_available_bytes() is None


def test_the_lock_manager_tells_of_the_drives_locks(share: Share) -> None:
    share.write("/f", b"x")
    share.write("/free", b"x")
    request = LockRequest(exclusive=True, infinite=False, owner_xml="<owner/>", timeout_s=60)
    token = lock(share.provider.backend, ALICE, DrivePath("box", ("f",)), request).lock.token
    manager: Any = share.provider.lock_manager
    assert manager.is_url_locked("/f")
    assert not manager.is_url_locked("/free")
    assert manager.is_url_locked_by_token("/f", token)
    assert [each["token"] for each in manager.get_url_lock_list("/f")] == [token]
    assert manager.get_indirect_url_lock_list("/f", "somebody else") == []
    manager.check_write_permission(url="/f", depth="0", token_list=[token], principal="alice")
    with pytest.raises(DAVError, match="423"):
        manager.check_write_permission(url="/f", depth="0", token_list=[token], principal="bob")
    with pytest.raises(DAVError, match="423"):
        manager.check_write_permission(url="/f", depth="0", token_list=[], principal="alice")
    manager.check_write_permission(url="/free", depth="0", token_list=[], principal="bob")


def test_a_foreign_lock_manager_is_not_taken(share: Share) -> None:
    before = share.provider.lock_manager
    share.provider.set_lock_manager(None)
    assert share.provider.lock_manager is before


def test_all_drives_below_one_share_are_listed_and_read(share: Share) -> None:
    share.write("/f", b"x")
    every = Share(DriveProvider(share.provider.backend))
    assert every.at("/").get_member_names() == ["box"]
    assert every.at("/box/f").get_content().read() == b"x"
    assert every.at("/").get_member("box").is_collection


def test_an_upload_onto_a_collection_is_refused(share: Share) -> None:
    share.at("/").create_collection("d")
    share.write("/f", b"x")
    upload = share.at("/f").begin_write()
    upload.write(b"y")
    share.at("/f").handle_delete()
    share.at("/").create_collection("f")
    with pytest.raises(NotAllowedHere):
        upload.close()


def test_destinations_outside_the_share_are_refused_by_a_stock_server(tmp_path: Path) -> None:
    with stock_wsgidav(tmp_path / "data", drive_at="/share") as server:
        bob = server.client("bob", "/share")
        bob.put("f", b"x")
        for destination in (server.url + "/other/f", "http://elsewhere.example/share/f"):
            assert bob.do("MOVE", "f", headers={"Destination": destination}).status == 502
        moved = bob.do("MOVE", "f", headers={"Destination": server.url + "/share/g"})
        assert moved.status == 201
        assert bob.get("g").body == b"x"
