"""The options of davdrive: one typed tree, from files, environment variables and flags."""

from davdrive.settings.explain import Row, explain
from davdrive.settings.load import load_settings
from davdrive.settings.problems import SettingsError
from davdrive.settings.tree import Settings

__all__ = ["Row", "Settings", "SettingsError", "explain", "load_settings"]
