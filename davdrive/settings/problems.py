"""What is wrong with the settings, said so that the administrator can mend it."""

from collections.abc import Sequence


class BadValue(ValueError):
    """A value that an option cannot have; the message says what to write."""


class SettingsError(Exception):
    """The settings cannot be used. `problems` are sentences, each naming an option and where it was given."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)
