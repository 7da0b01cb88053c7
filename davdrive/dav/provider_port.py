"""What resources and locks need of the provider that made them."""

from typing import Any, Protocol

from davdrive.drive.backend import Backend
from davdrive.drive.names import DrivePath
from davdrive.metadata.caller import Caller


class Share(Protocol):
    """A provider as its own resources see it."""

    backend: Backend

    def path_of(self, path: str) -> DrivePath | None:
        """The place of a WsgiDAV path below the share. Errors: BadName."""

    def caller_of(self, environ: dict[str, Any]) -> Caller:
        """Who asks."""

    def get_resource_inst(self, path: str, environ: dict[str, Any]) -> Any:
        """The resource at a path, or None."""
