"""Settings from their sources, the later the stronger: defaults, profile, files, environment, flags."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from davdrive.settings.folders import DATABASE_FILE, OBJECTS_FOLDER
from davdrive.settings.problems import SettingsError, sentences
from davdrive.settings.sources import environment_layer, file_layer, flags_layer, named_files, profile_layer
from davdrive.settings.tree import SOURCES, Settings

RUN_FOLDER = "run"


def load_settings(
    flags: Mapping[str, Any] | None = None,
    files: Sequence[str | Path] = (),
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """Read, merge and check all options.

    `flags` are options by dotted name (`{"data_dir": …, "metadata.url": …}`); a None in it was not given. `files` are
    read in order, a later one over an earlier one; without any, DAVDRIVE_CONFIG names them, separated as in PATH.
    `environment` is the process's own unless given. Raises `SettingsError` that lists every problem.
    """
    variables = os.environ if environment is None else environment
    read = [file_layer(Path(file).expanduser()) for file in files or named_files(variables)]
    layers = [flags_layer(flags or {}), environment_layer(variables), *reversed(read), profile_layer()]
    token = SOURCES.set(tuple(layer.source for layer in layers))
    problems: list[Any] = []
    try:
        settings = Settings()
    except ValidationError as error:
        problems = error.errors()
    finally:
        SOURCES.reset(token)
    origins: dict[str, str] = {}
    for layer in reversed(layers):
        origins |= layer.origins()
    if problems:
        raise SettingsError(sentences(problems, origins))
    whole = _derive(settings, origins)
    whole.remember(origins, lambda: load_settings(flags, files, environment))
    return whole


def _passing_folder() -> Path:
    """A folder for what may go when the machine does: metrics, rates. Raises SettingsError where somebody else made
    it."""
    folder = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()) / f"davdrive-{os.getuid()}"
    if folder.is_symlink() or (folder.exists() and folder.stat().st_uid != os.getuid()):
        raise SettingsError([f"{folder} belongs to somebody else; name another folder as run_dir"])
    return folder


def _derive(settings: Settings, origins: dict[str, str]) -> Settings:
    """Fill in what depends on the data directory."""
    folder = settings.data_dir.absolute()
    update: dict[str, Any] = {"data_dir": folder, "run_dir": settings.run_dir.absolute()}
    if "run_dir" not in origins:
        elsewhere = settings.metadata.url and settings.objects.url and "data_dir" not in origins
        update["run_dir"] = _passing_folder() if elsewhere else folder / RUN_FOLDER
        origins["run_dir"] = "no data directory is needed" if elsewhere else "derived from data_dir"
    urls = {"metadata": f"sqlite:///{folder / DATABASE_FILE}", "objects": str(folder / OBJECTS_FOLDER)}
    for section, url in urls.items():
        if not getattr(settings, section).url:
            update[section] = getattr(settings, section).model_copy(update={"url": url})
            origins[f"{section}.url"] = "derived from data_dir"
    return settings.model_copy(update=update)
