"""The names of all options, and how a nested structure becomes options by name."""

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from davdrive.settings.kinds import Section
from davdrive.settings.problems import SettingsError
from davdrive.settings.tree import Settings


@dataclass(frozen=True, slots=True)
class Given:
    """A value that somebody gave an option, and where: `file F, line 3`, `environment variable V`, `flag --x`."""

    value: Any
    origin: str


def _walk(section: type[Section], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, field in section.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            yield from _walk(kind, f"{prefix}{name}.")
        else:
            yield prefix + name, kind


@cache
def option_kinds() -> dict[str, Any]:
    """Every option by its dotted name, with its Python type, in the order of the tree."""
    return dict(_walk(Settings))


@cache
def section_names() -> frozenset[str]:
    return frozenset(name.rpartition(".")[0] for name in option_kinds()) - {""}


def flatten(tree: Mapping[str, Any], origin: Callable[[str], str]) -> dict[str, Given]:
    """Turn nested sections into options by name. `origin` says where the option of a name was given.

    Raises `SettingsError` with a sentence for each unknown option, and for a section that is no section.
    """
    given: dict[str, Given] = {}
    problems: list[str] = []
    _collect(tree, "", origin, given, problems)
    if problems:
        raise SettingsError(problems)
    return given


def _collect(
    tree: Mapping[str, Any], prefix: str, origin: Callable[[str], str], given: dict[str, Given], problems: list[str]
) -> None:
    for key, value in tree.items():
        option = f"{prefix}{key}"
        if option in section_names() and isinstance(value, Mapping):
            _collect(value, f"{option}.", origin, given, problems)
        elif option in section_names():
            problems.append(f"{origin(option)}: {option} is a section that holds options, not a value")
        elif option in option_kinds():
            given[option] = Given(value, origin(option))
        else:
            problems.append(unknown(option, origin(option)))


def unknown(option: str, origin: str) -> str:
    """A sentence about an option that does not exist, with the likeliest one that does."""
    close = difflib.get_close_matches(option, option_kinds(), 1)
    return f"{origin}: there is no option {option}" + (f"; did you mean {close[0]}?" if close else "")


def nest(given: Mapping[str, Given]) -> dict[str, Any]:
    """The reverse of `flatten`, values alone."""
    tree: dict[str, Any] = {}
    for option, item in given.items():
        *sections, name = option.split(".")
        place = tree
        for section in sections:
            place = place.setdefault(section, {})
        place[name] = item.value
    return tree
