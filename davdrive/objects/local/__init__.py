"""Objects as files of one folder."""

from davdrive.objects.local.store import LocalStore

__all__ = ["LocalStore"]
