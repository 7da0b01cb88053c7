"""A davdrive whose process ends with the first request that finds no memory: a fault for a test to catch."""

import os
from typing import Any

from davdrive.__main__ import main
from davdrive.server.gateway import DriveGateway


def plant() -> None:
    failed = DriveGateway._failed

    def fail(gateway: DriveGateway, error: BaseException) -> Any:
        if isinstance(error, MemoryError):
            os._exit(1)
        return failed(gateway, error)

    setattr(DriveGateway, "_failed", fail)  # noqa: B010


if __name__ == "__main__":
    plant()
    main()
