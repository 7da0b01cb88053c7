"""Preconditions as values: what a client demanded of the state of the tree, before it is compared with it.

`davdrive.dav` parses headers into these; `davdrive.drive` judges them inside the committing transaction (P4).
"""

from dataclasses import dataclass
from functools import cached_property

from davdrive.drive.names import DrivePath


@dataclass(frozen=True, slots=True)
class EntityTag:
    """An entity tag without its quotes (RFC 9110 §8.8.3)."""

    opaque: str
    weak: bool = False


@dataclass(frozen=True, slots=True)
class AnyTag:
    """The `*` of If-Match and If-None-Match: any current representation."""


EntityTags = tuple[EntityTag, ...] | AnyTag


@dataclass(frozen=True, slots=True)
class StateCondition:
    """One condition of a list of the If header: a state token or an entity tag, perhaps negated (RFC 4918 §10.4.2)."""

    token: str | None = None
    etag: EntityTag | None = None
    negated: bool = False


@dataclass(frozen=True, slots=True)
class StateList:
    """A list of conditions that must all hold for one resource (`None`: the request's own; elsewhere: not ours)."""

    conditions: tuple[StateCondition, ...]
    resource: DrivePath | None = None
    elsewhere: bool = False


@dataclass(frozen=True)
class Conditions:
    """Everything that a request demands before it may happen. Times are unix seconds."""

    if_match: EntityTags | None = None
    if_none_match: EntityTags | None = None
    if_modified_since: int | None = None
    if_unmodified_since: int | None = None
    if_lists: tuple[StateList, ...] = ()

    @cached_property
    def tokens(self) -> frozenset[str]:
        """Every state token that the If header submits, wherever it stands (RFC 4918 §10.4.1)."""
        return frozenset(c.token for each in self.if_lists for c in each.conditions if c.token is not None)


NO_CONDITIONS = Conditions()
