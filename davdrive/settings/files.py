"""Reading a settings file, by its ending: TOML, YAML or JSON."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from davdrive.settings.lines import json_lines, toml_lines
from davdrive.settings.problems import SettingsError

Parsed = tuple[Any, dict[str, int]]


def read_file(path: Path) -> tuple[dict[str, Any], dict[str, int]]:
    """Return what the file holds, and the line of each option in it.

    Raises `SettingsError` that names the file, and the line where its syntax is broken.
    """
    parse = _PARSERS.get(path.suffix.lower())
    if parse is None:
        raise SettingsError([f"{path}: a settings file ends in .toml, .yaml, .yml or .json"])
    try:
        content, lines = parse(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SettingsError([f"{path}: the settings file cannot be read: {error.strerror}"]) from None
    except (ValueError, RecursionError) as error:
        raise SettingsError([f"{path}: {error or 'nested too deeply'}"]) from None
    if content is None:
        return {}, lines
    if not isinstance(content, dict):
        raise SettingsError([f"{path}, line 1: a settings file holds sections and options, not a list or a value"])
    return content, lines


def _toml(text: str) -> Parsed:
    import tomllib

    return tomllib.loads(text), toml_lines(text)


def _json(text: str) -> Parsed:
    import json

    return json.loads(text), json_lines(text)


def _yaml(text: str) -> Parsed:
    import yaml  # costs 15 ms, and most settings are TOML

    try:
        lines: dict[str, int] = {}
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if root is not None:
            _note_yaml_lines(root, "", lines)
        return yaml.safe_load(text), lines
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ValueError(f"line {line}: {error.problem or 'not YAML'}") from None
    except yaml.YAMLError as error:
        raise ValueError(f"not YAML: {error}") from None


def _note_yaml_lines(node: Any, prefix: str, lines: dict[str, int]) -> None:
    if node.id != "mapping":
        return
    for key, value in node.value:
        option = f"{prefix}.{key.value}" if prefix else str(key.value)
        if option in lines:
            raise ValueError(f"line {key.start_mark.line + 1}: {option} is given twice")
        lines[option] = key.start_mark.line + 1
        _note_yaml_lines(value, option, lines)


_PARSERS: dict[str, Callable[[str], Parsed]] = {".toml": _toml, ".json": _json, ".yaml": _yaml, ".yml": _yaml}
