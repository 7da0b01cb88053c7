"""On which line of a settings file an option stands, since its parsers do not say.

Each function returns `{"section.option": line}` with lines counted from 1. It runs on text that its parser accepted.
"""

import re
from collections.abc import Iterator
from typing import Any

import yaml

_TOML_TABLE = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(?:#.*)?$")
_TOML_KEY = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")
_JSON_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|[{}\[\]:,]')


def _plain(key: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in key.split("."))


def toml_lines(text: str) -> dict[str, int]:
    """Lines of tables and keys; a key of an inline table is left to the line of its table."""
    found: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        if match := _TOML_TABLE.match(line):
            table = _plain(match[1])
            found.setdefault(table, number)
        elif match := _TOML_KEY.match(line):
            key = _plain(match[1])
            found.setdefault(f"{table}.{key}" if table else key, number)
    return found


def json_lines(text: str) -> dict[str, int]:
    """Lines of the keys of every object; arrays are of no interest."""
    found: dict[str, int] = {}
    path: list[str] = []
    last = ""
    for token, offset in _json_tokens(text):
        if token == ":":
            key = last.strip('"')
            path[-1] = key
            found.setdefault(".".join(part for part in path if part), text.count("\n", 0, offset) + 1)
        elif token in "{[":
            path.append("")
        elif token in "}]":
            path.pop()
        last = token
    return found


def _json_tokens(text: str) -> Iterator[tuple[str, int]]:
    for match in _JSON_TOKEN.finditer(text):
        yield match[0], match.start()


def yaml_lines(text: str) -> dict[str, int]:
    """Lines of the keys of every mapping. ValueError for a key given twice, of which the parser would drop one."""
    found: dict[str, int] = {}
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if root is not None:
        _note_yaml_lines(root, "", found)
    return found


def _note_yaml_lines(node: Any, prefix: str, found: dict[str, int]) -> None:
    for key, value in node.value if node.id == "mapping" else ():
        option = f"{prefix}.{key.value}" if prefix else str(key.value)
        if option in found:
            raise ValueError(f"line {key.start_mark.line + 1}: {option} is given twice")
        found[option] = key.start_mark.line + 1
        _note_yaml_lines(value, option, found)


def line_of(lines: dict[str, int], option: str) -> int:
    """The line of an option, or of the nearest section around it; 1 when even that is not known."""
    while option and option not in lines:
        option = option.rpartition(".")[0]
    return lines.get(option, 1)
