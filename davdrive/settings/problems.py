"""What is wrong with the settings, said so that the administrator can mend it."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from davdrive.settings.explain import shown
from davdrive.settings.options import options


class SettingsError(Exception):
    """The settings cannot be used. `problems` are sentences, each naming an option and where it was given."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def sentences(problems: Iterable[Mapping[str, Any]], origins: Mapping[str, str]) -> list[str]:
    """Pydantic's problems with the place of each option before them."""
    return [_sentence(problem, origins) for problem in problems]


def _sentence(problem: Mapping[str, Any], origins: Mapping[str, str]) -> str:
    option = ".".join(part for part in problem["loc"] if isinstance(part, str))
    message = problem["msg"].removeprefix("Value error, ").replace("Input should", "it should")
    if not option:
        named = [origin for name, origin in origins.items() if "." in name and name in message]
        return ": ".join(part for part in ("; ".join(named), message) if part)
    if problem["type"] == "extra_forbidden":
        close = get_close_matches(option, options(), 1)
        message = f"there is no option {option}" + (f"; did you mean {close[0]}?" if close else "")
    elif problem["type"] == "model_type":
        message = f"{option} is a section that holds options, not a value"
    else:
        message = f"{option} = {shown(option, problem['input'])}: {message}"
    return f"{origins.get(option, 'default')}: {message}"
