"""A stock WsgiDAV server: `python -m tests.support.stock_program PORT FOLDER [--drive MOUNT]`.

Without --drive it serves FOLDER with WsgiDAV's own FilesystemProvider. With it, FOLDER is a data directory of davdrive,
and DriveProvider serves the drive `box` in it at MOUNT. The server is cheroot as WsgiDAV starts it, the middleware is
WsgiDAV's own.
"""

import sys
from pathlib import Path
from typing import Any

from cheroot.wsgi import Server
from wsgidav.fs_dav_provider import FilesystemProvider
from wsgidav.wsgidav_app import WsgiDAVApp

from davdrive.dav.provider import DriveProvider


def config(provider_mapping: dict[str, Any], users: dict[str, str]) -> dict[str, Any]:
    """What a person would write."""
    return {
        "provider_mapping": provider_mapping,
        "simple_dc": {"user_mapping": {"*": {name: {"password": password} for name, password in users.items()}}},
        "http_authenticator": {"accept_basic": True, "accept_digest": True, "default_to_digest": False},
        "lock_storage": True,
        "property_manager": True,
        "honor_mtime_header": True,
        "verbose": 1,
    }


def main(port: int, folder: Path, mount: str | None, users: dict[str, str]) -> None:
    if mount is None:
        mapping: dict[str, Any] = {"/": FilesystemProvider(str(folder))}  # type: ignore[no-untyped-call]
        for each in folder.iterdir():
            if each.is_dir() and each.name != each.name.lower():
                mapping["/" + each.name] = FilesystemProvider(str(each))  # type: ignore[no-untyped-call]
    else:
        mapping = {mount: DriveProvider.open(str(folder), "box")}
    app = WsgiDAVApp(config(mapping, users))  # type: ignore[no-untyped-call]
    server = Server(("127.0.0.1", port), app)
    try:
        server.start()
    finally:
        server.stop()


if __name__ == "__main__":
    from tests.support.serving import USERS

    drive_at = sys.argv[sys.argv.index("--drive") + 1] if "--drive" in sys.argv else None
    main(int(sys.argv[1]), Path(sys.argv[2]), drive_at, USERS)
