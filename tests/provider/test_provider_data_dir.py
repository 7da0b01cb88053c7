"""The provider serves the very drives that `davdrive serve` does."""

from pathlib import Path

from davdrive.dav.provider import DriveProvider
from tests.support.serving import running_server
from tests.support.stock import stock_wsgidav


def test_a_stock_server_shows_what_davdrive_serve_stored(tmp_path: Path) -> None:
    with running_server(tmp_path / "data", {"bob": "bob's secret"}) as server:
        assert server.client().do("PUT", "/bob/f", b"through davdrive").status == 201
    provider = DriveProvider.open(str(tmp_path / "data"), "bob")
    resource = provider.get_resource_inst("/f", {"wsgidav.provider": provider})
    assert resource is not None
    assert resource.get_content().read() == b"through davdrive"
    provider.close()


def test_davdrive_serve_shows_what_a_stock_server_stored(tmp_path: Path) -> None:
    with stock_wsgidav(tmp_path / "data", drive_at="/share") as stock:
        assert stock.client("bob", "/share").put("f", b"through a stock server").status == 201
    with running_server(tmp_path / "data", {"box": "box"}) as server:
        assert server.client("box").get("f").body == b"through a stock server"
