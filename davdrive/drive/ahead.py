"""What a change will ask, as far as its request says so: over a network all of it travels with the writer lock, so that
one round trip answers everything (DESIGN §2). Nothing here decides: what was not foreseen is asked when its turn comes.
"""

from collections.abc import Sequence

from davdrive.drive.conditions import NO_CONDITIONS, Conditions
from davdrive.drive.names import DrivePath
from davdrive.drive.near_locks import ask_on_the_way, ask_within
from davdrive.drive.places import path_keys
from davdrive.metadata.contents import ask_number
from davdrive.metadata.locks import ask_count, ask_lock
from davdrive.metadata.resources import ask_chain, ask_lengths
from davdrive.metadata.session import Question

MOST_TAGGED = 8
"""Resources and tokens of an If header that are asked for ahead; clients name one or two."""


def place_and_locks(path: DrivePath, conditions: Conditions = NO_CONDITIONS) -> list[Question]:
    """What lives at a path, the locks on the way to it, and the same of what the If header names."""
    tagged = [each.resource for each in conditions.if_lists if each.resource is not None]
    paths = list(dict.fromkeys([path, *tagged[:MOST_TAGGED]]))
    return [question for each in map(path_keys, paths) for question in (ask_chain(each), ask_on_the_way(each))]


def place_and_properties(path: DrivePath, conditions: Conditions = NO_CONDITIONS) -> list[Question]:
    """The same, with how long the place's properties are."""
    return [*place_and_locks(path, conditions), ask_lengths(path_keys(path))]


def file_and_locks(path: DrivePath, conditions: Conditions = NO_CONDITIONS) -> list[Question]:
    """The same for a path that gets new content."""
    return [*place_and_locks(path, conditions), ask_number()]


def tree_and_locks(path: DrivePath, conditions: Conditions = NO_CONDITIONS) -> list[Question]:
    """The same, with the locks below the path."""
    return [*place_and_locks(path, conditions), ask_within(path_keys(path))]


def lockable(path: DrivePath, conditions: Conditions) -> list[Question]:
    """The same, with how many locks the drive has, for a path that may become an empty file."""
    return [*tree_and_locks(path, conditions), ask_count(path_keys(path).drive), ask_number()]


def transfer(source: DrivePath, target: DrivePath, conditions: Conditions) -> list[Question]:
    """Both ends of a COPY or MOVE."""
    return [*tree_and_locks(source, conditions), *tree_and_locks(target)]


def place_and_tokens(path: DrivePath, tokens: Sequence[str]) -> list[Question]:
    """What lives at a path, and the locks of those tokens."""
    return [ask_chain(path_keys(path)), *map(ask_lock, tokens[:MOST_TAGGED])]
