"""From the model's demands to the drive's conditions, and from the drive's errors to the model's reasons."""

from davdrive.drive.conditions import AnyTag, Conditions, EntityTag, StateCondition, StateList
from davdrive.drive.names import DrivePath
from davdrive.errors import DriveError
from tests.model.shapes import Condition, Demand

NO_LOCK = "DAV:no-lock"


def kinds_of(error: DriveError) -> set[str]:
    """What an error may be called: its kind, or all those that an HTTP status stands for."""
    kinds: set[str] = getattr(error, "kinds", {type(error).__name__})
    return kinds


def conditions_of(demand: Demand) -> Conditions:
    """A demand as the drive's values. Tokens that are only submitted stand beside a list that always holds."""
    lists = [
        StateList(tuple(map(_condition, conditions)), None if place is None else DrivePath(*place))
        for place, conditions in demand.lists
    ]
    if demand.tokens:
        lists += [StateList((StateCondition(token=token),)) for token in sorted(demand.tokens)]
        lists.append(StateList((StateCondition(token=NO_LOCK, negated=True),)))
    return Conditions(_tags(demand.if_match), _tags(demand.if_none_match), if_lists=tuple(lists))


def _condition(each: Condition) -> StateCondition:
    return StateCondition(each.token, None if each.etag is None else EntityTag(each.etag), each.negated)


def _tags(tag: str | None) -> tuple[EntityTag, ...] | AnyTag | None:
    return AnyTag() if tag == "*" else None if tag is None else (EntityTag(tag),)
