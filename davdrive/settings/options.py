"""The names of all options, and how a nested structure becomes options by name."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import Field, dataclass, fields, is_dataclass
from functools import cache
from typing import Any, cast

from davdrive.settings.problems import SettingsError
from davdrive.settings.tree import Settings

Option = Field[Any]


@dataclass(frozen=True, slots=True)
class Given:
    """A value that somebody gave an option, and where: `file F, line 3`, `environment variable V`, `flag --x`."""

    value: Any
    origin: str


def _is_section(item: Option) -> bool:
    return isinstance(item.type, type) and is_dataclass(item.type) and "read" not in item.metadata


def _walk(section: type, prefix: str = "") -> Iterator[tuple[str, Option]]:
    for item in fields(section):
        if "read" in item.metadata:
            yield prefix + item.name, item
        elif _is_section(item):
            yield from _walk(cast(type, item.type), f"{prefix}{item.name}.")


@cache
def options() -> Mapping[str, Option]:
    """Every option by its dotted name, in the order of the tree; its `metadata` has `read` and `secret`."""
    return dict(_walk(Settings))


# The sections by name; there is one level of them.
SECTIONS: Mapping[str, type] = {item.name: cast(type, item.type) for item in fields(Settings) if _is_section(item)}


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
        if option in SECTIONS and isinstance(value, Mapping):
            _collect(value, f"{option}.", origin, given, problems)
        elif option in SECTIONS:
            problems.append(f"{origin(option)}: {option} is a section that holds options, not a value")
        elif option in options():
            given[option] = Given(value, origin(option))
        else:
            problems.append(unknown(option, origin(option)))


def unknown(option: str, origin: str) -> str:
    """A sentence about an option that does not exist, with the likeliest one that does."""
    import difflib  # only ever needed on the way to an error

    close = difflib.get_close_matches(option, options(), 1)
    return f"{origin}: there is no option {option}" + (f"; did you mean {close[0]}?" if close else "")
