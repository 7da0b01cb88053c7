"""Settings from their sources, the later the stronger: defaults, profile, files, environment, flags."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from davdrive.settings.environment import CONFIG_VARIABLE, read_environment
from davdrive.settings.explain import shown
from davdrive.settings.files import read_file
from davdrive.settings.lines import line_of
from davdrive.settings.options import SECTIONS, Given, flatten, options, unknown
from davdrive.settings.problems import SettingsError
from davdrive.settings.tree import Settings, default_data_dir

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
    if problems := [unknown(option, item.origin) for option, item in given.items() if option not in options()]:
        raise SettingsError(problems)
    return given


def _profile(given: Mapping[str, Given]) -> dict[str, Given]:
    chosen = given["profile"].value if "profile" in given else "development"
    defaults = PROFILES.get(chosen, {}) if isinstance(chosen, str) else {}
    return {option: Given(value, f"profile {chosen}") for option, value in defaults.items()}


def _check(given: dict[str, Given]) -> Settings:
    values, problems = _read(given)
    if problems:
        raise SettingsError(problems)
    origins = {option: item.origin for option, item in given.items()}
    _derive(values, origins)
    try:
        return _built(values, origins)
    except ValueError as error:
        named = [item.origin for option, item in given.items() if option in str(error)]
        raise SettingsError([": ".join(part for part in ("; ".join(named), str(error)) if part)]) from None


def _read(given: Mapping[str, Given]) -> tuple[dict[str, Any], list[str]]:
    """Each value as its option's reader understands it, and a sentence for each that it does not."""
    values: dict[str, Any] = {}
    problems: list[str] = []
    for option, item in given.items():
        try:
            values[option] = options()[option].metadata["read"](item.value)
        except ValueError as error:
            problems.append(f"{item.origin}: {option} = {shown(option, item.value)}: {error}")
    return values, problems


def _derive(values: dict[str, Any], origins: dict[str, str]) -> None:
    """Fill in what depends on the data directory."""
    folder = values["data_dir"] = values.get("data_dir", default_data_dir()).absolute()
    derived = {
        "metadata.url": f"sqlite:///{folder / DATABASE_FILE}",
        "objects.url": str(folder / OBJECTS_FOLDER),
        "run_dir": folder / RUN_FOLDER,
    }
    for option, value in derived.items():
        if not values.get(option):
            values[option] = value
            origins[option] = "derived from data_dir"
    values["run_dir"] = values["run_dir"].absolute()


def _built(values: Mapping[str, Any], origins: Mapping[str, str]) -> Settings:
    sections: dict[str, dict[str, Any]] = {}
    for option, value in values.items():
        section, _, name = option.rpartition(".")
        sections.setdefault(section, {})[name] = value
    top = sections.pop("", {})
    made = {name: SECTIONS[name](**chosen) for name, chosen in sections.items()}
    return Settings(**top, **made, origins=origins)
