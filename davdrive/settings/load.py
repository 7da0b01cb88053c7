"""Settings from their sources, the later the stronger: defaults, profile, files, environment, flags."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from davdrive.settings.environment import CONFIG_VARIABLE, read_environment
from davdrive.settings.explain import shown
from davdrive.settings.files import read_file
from davdrive.settings.lines import line_of
from davdrive.settings.options import Given, flatten, nest, option_kinds, unknown
from davdrive.settings.problems import SettingsError
from davdrive.settings.tree import Settings

PROFILES: dict[str, dict[str, Any]] = {"development": {}, "production": {"log.format": "json"}}
DATABASE_FILE = "davdrive.db"
OBJECTS_FOLDER = "objects"
RUN_FOLDER = "run"


def load_settings(
    flags: Mapping[str, Any] | None = None,
    files: Sequence[str | Path] = (),
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """Read, merge and check all options.

    `flags` are options by dotted name (`{"data_dir": …, "metadata.url": …}`); a None in it was not given. `files` are
    read in order, a later one over an earlier one; without any, DAVDRIVE_CONFIG names them, separated as in PATH.
    `environment` is the process's own unless given. Raises `SettingsError` that lists every problem of a source.
    """
    variables = os.environ if environment is None else environment
    named = files or [name for name in variables.get(CONFIG_VARIABLE, "").split(os.pathsep) if name]
    given: dict[str, Given] = {}
    for file in named:
        given |= _from_file(Path(file).expanduser())
    given |= read_environment(variables)
    given |= _from_flags(flags or {})
    return _check(_profile(given) | given)


def _from_file(path: Path) -> dict[str, Given]:
    tree, lines = read_file(path)
    return flatten(tree, lambda option: f"{path}, line {line_of(lines, option)}")


def _from_flags(flags: Mapping[str, Any]) -> dict[str, Given]:
    given = {
        option: Given(value, f"flag --{option.replace('.', '-').replace('_', '-')}")
        for option, value in flags.items()
        if value is not None
    }
    if problems := [unknown(option, item.origin) for option, item in given.items() if option not in option_kinds()]:
        raise SettingsError(problems)
    return given


def _profile(given: Mapping[str, Given]) -> dict[str, Given]:
    chosen = given["profile"].value if "profile" in given else "development"
    defaults = PROFILES.get(chosen, {}) if isinstance(chosen, str) else {}
    return {option: Given(value, f"profile {chosen}") for option, value in defaults.items()}


def _check(given: dict[str, Given]) -> Settings:
    try:
        settings = Settings.model_validate(nest(given))
    except ValidationError as error:
        raise SettingsError([_sentence(problem, given) for problem in error.errors()]) from None
    origins = {option: item.origin for option, item in given.items()}
    return _derive(settings, origins)


def _sentence(problem: Any, given: Mapping[str, Given]) -> str:
    message = problem["msg"].removeprefix("Value error, ")
    place = ".".join(str(part) for part in problem["loc"])
    option = place
    while option and option not in given:
        option = option.rpartition(".")[0]
    if option:
        return f"{given[option].origin}: {option} = {shown(option, given[option].value)}: {message}"
    named = [item.origin for name, item in given.items() if name.rpartition(".")[2] in message]
    return ": ".join(part for part in ("; ".join(named), place, message) if part)


def _derive(settings: Settings, origins: dict[str, str]) -> Settings:
    """Fill in what depends on the data directory."""
    folder = settings.data_dir.expanduser().absolute()
    update: dict[str, Any] = {"data_dir": folder}
    if not settings.metadata.url:
        update["metadata"] = settings.metadata.model_copy(update={"url": f"sqlite:///{folder / DATABASE_FILE}"})
        origins["metadata.url"] = "derived from data_dir"
    if not settings.objects.url:
        update["objects"] = settings.objects.model_copy(update={"url": str(folder / OBJECTS_FOLDER)})
        origins["objects.url"] = "derived from data_dir"
    if "run_dir" in origins:
        update["run_dir"] = settings.run_dir.expanduser().absolute()
    else:
        update["run_dir"] = folder / RUN_FOLDER
        origins["run_dir"] = "derived from data_dir"
    whole = settings.model_copy(update=update)
    whole.remember_origins(origins)
    return whole
