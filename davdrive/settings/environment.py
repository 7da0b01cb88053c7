"""Options from environment variables: DAVDRIVE_LISTEN, DAVDRIVE_METADATA__URL."""

import re
from collections.abc import Mapping

from davdrive.settings.options import Given, options, unknown
from davdrive.settings.problems import SettingsError

PREFIX = "DAVDRIVE_"
CONFIG_VARIABLE = "DAVDRIVE_CONFIG"
# Kubernetes gives every container variables named after the services of its namespace, one called davdrive included;
# DAVDRIVE_TEST_ is left to the tests' own seams.
_FOREIGN = re.compile(r"DAVDRIVE_(SERVICE_(HOST|PORT)(_\w+)?|PORT(_\d+_(TCP|UDP)\w*)?|TEST_\w+)")


def variable_of(option: str) -> str:
    """The environment variable of an option: `metadata.url` is DAVDRIVE_METADATA__URL."""
    return PREFIX + option.replace(".", "__").upper()


def read_environment(environment: Mapping[str, str]) -> dict[str, Given]:
    """Return the options that the environment gives. An empty variable gives nothing, as if it were not set.

    Raises `SettingsError` for a DAVDRIVE_ variable that is no option.
    """
    names = {variable_of(option): option for option in options()}
    given: dict[str, Given] = {}
    problems: list[str] = []
    for variable, value in environment.items():
        if not variable.startswith(PREFIX) or variable == CONFIG_VARIABLE or _FOREIGN.fullmatch(variable):
            continue
        origin = f"environment variable {variable}"
        if variable not in names:
            problems.append(unknown(variable.removeprefix(PREFIX).lower().replace("__", "."), origin))
        elif value:
            given[names[variable]] = Given(value, origin)
    if problems:
        raise SettingsError(problems)
    return given
