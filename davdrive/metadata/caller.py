"""On whose behalf something happens."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caller:
    """A principal. `name` is what commits and locks record; `user` the row of `users`, or None for the system, which
    may do everything (commands, upkeep, and the provider in a server that has its own users)."""

    name: str
    user: int | None = None

    @property
    def is_system(self) -> bool:
        return self.user is None


SYSTEM = Caller("system")
