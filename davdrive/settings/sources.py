"""Where options come from. pydantic-settings reads them; here each source also says where an option stands in it."""

import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic_settings import (
    EnvSettingsSource,
    InitSettingsSource,
    JsonConfigSettingsSource,
    PydanticBaseSettingsSource,
    TomlConfigSettingsSource,
    YamlConfigSettingsSource,
)

from davdrive.settings.lines import json_lines, line_of, toml_lines, yaml_lines
from davdrive.settings.problems import SettingsError
from davdrive.settings.tree import Settings

PREFIX = "DAVDRIVE_"
CONFIG_VARIABLE = "DAVDRIVE_CONFIG"
PROFILES: dict[str, dict[str, Any]] = {"production": {"log": {"format": "json"}}}
# Kubernetes gives every container variables named after the services of its namespace, one called davdrive included;
# DAVDRIVE_TEST_ is left to the tests' own seams.
_FOREIGN = re.compile(r"DAVDRIVE_(CONFIG|SERVICE_(HOST|PORT)(_\w+)?|PORT(_\d+_(TCP|UDP)\w*)?|TEST_\w+)")


class _Toml(TomlConfigSettingsSource):
    """With the mark that Windows' editors write before the text."""

    def _read_file(self, path: Any) -> dict[str, Any]:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))


_READERS: dict[str, tuple[Callable[[type[Settings], Path], InitSettingsSource], Callable[[str], dict[str, int]]]] = {
    ".toml": (_Toml, toml_lines),
    ".json": (partial(JsonConfigSettingsSource, json_file_encoding="utf-8-sig"), json_lines),
    ".yaml": (YamlConfigSettingsSource, yaml_lines),
    ".yml": (YamlConfigSettingsSource, yaml_lines),
}


class Layer(NamedTuple):
    """A source of options, and where in it an option of a dotted name was given."""

    source: PydanticBaseSettingsSource
    place: Callable[[str], str]

    def origins(self) -> dict[str, str]:
        """The place of each option and section in it."""
        return {option: self.place(option) for option in _names(self.source())}


def variable_of(option: str) -> str:
    """The environment variable of an option: `metadata.url` is DAVDRIVE_METADATA__URL."""
    return PREFIX + option.replace(".", "__").upper()


def flags_layer(flags: Mapping[str, Any]) -> Layer:
    """Options by dotted name; a None was not given."""
    tree: dict[str, Any] = {}
    for option, value in flags.items():
        section, _, name = option.rpartition(".")
        if value is not None:
            (tree.setdefault(section, {}) if section else tree)[name] = value
    return Layer(
        InitSettingsSource(Settings, tree), lambda option: f"flag --{option.replace('.', '-').replace('_', '-')}"
    )


class _Variables(EnvSettingsSource):
    """The library's reader over any mapping. A DAVDRIVE_ variable that names nothing is an unknown option."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        super().__init__(Settings, env_prefix=PREFIX)
        self.env_vars = {
            name.lower(): value
            for name, value in environment.items()
            if value and name.startswith(PREFIX) and not _FOREIGN.fullmatch(name)
        }

    def __call__(self) -> dict[str, Any]:
        unknown = {
            name: value
            for name, value in ((name[len(PREFIX) :], value) for name, value in self.env_vars.items())
            if name.split("__")[0] not in Settings.model_fields
        }
        return unknown | super().__call__()


def environment_layer(environment: Mapping[str, str]) -> Layer:
    """DAVDRIVE_LISTEN, DAVDRIVE_METADATA__URL. An empty variable gives nothing, as if it were not set."""
    return Layer(_Variables(environment), lambda option: f"environment variable {variable_of(option)}")


def file_layer(path: Path) -> Layer:
    """A TOML, YAML or JSON file, by its ending. `SettingsError` names the file, and the line of broken syntax."""
    if path.suffix.lower() not in _READERS:
        raise SettingsError([f"{path}: a settings file ends in .toml, .yaml, .yml or .json"])
    read, find_lines = _READERS[path.suffix.lower()]
    try:
        text = path.read_text(encoding="utf-8-sig")
        source = read(Settings, path)
        lines = find_lines(text)
    except OSError as error:
        raise SettingsError([f"{path}: the settings file cannot be read: {error.strerror}"]) from None
    except TypeError:
        raise SettingsError([f"{path}: a settings file holds sections and options, not a list or a value"]) from None
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise SettingsError([f"{path}: {' '.join(str(error).split())}"]) from None
    return Layer(source, lambda option: f"{path}, line {line_of(lines, option)}")


class _Profile(InitSettingsSource):
    """Defaults of the profile that a stronger source chose."""

    def __call__(self) -> dict[str, Any]:
        return PROFILES.get(str(self.current_state.get("profile")), {})


def profile_layer() -> Layer:
    """The weakest layer above the defaults."""
    source = _Profile(Settings, {})
    return Layer(source, lambda _: f"profile {source.current_state['profile']}")


def named_files(environment: Mapping[str, str]) -> list[str]:
    """The files of DAVDRIVE_CONFIG, separated as in PATH."""
    return [name for name in environment.get(CONFIG_VARIABLE, "").split(os.pathsep) if name]


def _names(tree: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in tree.items():
        yield f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from _names(value, f"{prefix}{key}.")
