"""The If header (RFC 4918 §10.4): lists of conditions, untagged or each tagged with the resource it speaks of.

If          = 1*No-tag-list | 1*Tagged-list
No-tag-list = List
Tagged-list = Resource-Tag 1*List
List        = "(" 1*Condition ")"
Condition   = ["Not"] (State-token | "[" entity-tag "]")
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from davdrive.dav.headers.etags import read_etag
from davdrive.dav.headers.shown import shown
from davdrive.drive.conditions import StateCondition, StateList
from davdrive.drive.names import DrivePath
from davdrive.errors import BadRequest

Resolver = Callable[[str], DrivePath | None]
_TOKEN = re.compile(
    r"""[ \t]*(?:
        (?P<open>\() | (?P<close>\)) | (?P<negation>not)(?=[ \t<\[])
        | <(?P<url>[^\x00-\x20<>\x7f]+)>
        | \[[ \t]*(?P<etag>(?:W/)?"[^\x00-\x20"\x7f]*")[ \t]*\]
    )[ \t]*""",
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class IfLimits:
    """Bounds of one If header: a MOVE over a locked tree needs one list a lock; every condition costs a comparison."""

    characters: int = 65_536
    lists: int = 128
    conditions: int = 512


class _Reader:
    """One pass over the header. `self._tag` is the resource of the lists that follow."""

    def __init__(self, value: str, resolve: Resolver, limits: IfLimits) -> None:
        self._value = value
        self._resolve = resolve
        self._limits = limits
        self._position = 0
        self._conditions = 0
        self._lists: list[StateList] = []

    def read(self) -> tuple[StateList, ...]:
        """Read to the end. A header that begins with a tag is all tagged lists, any other has none."""
        tagged, needs_list = self._value.startswith("<"), True
        resource: DrivePath | None = None
        elsewhere = tag_stands = False
        while self._position < len(self._value):
            match = self._next()
            if match["url"] is not None and tagged and not tag_stands:
                resource = self._resolve(match["url"])
                elsewhere, tag_stands, needs_list = resource is None, True, True
            elif match["open"]:
                self._lists.append(StateList(self._list(), resource, elsewhere))
                tag_stands = needs_list = False
            else:
                raise self._malformed("a list in parentheses, or a tag and then a list, should stand")
            self._limit(len(self._lists), self._limits.lists, "lists")
        if needs_list:
            raise self._malformed("a list in parentheses is missing")
        return tuple(self._lists)

    def _list(self) -> tuple[StateCondition, ...]:
        found: list[StateCondition] = []
        negated = False
        while True:
            match = self._next()
            if match["close"] and found and not negated:
                return tuple(found)
            if match["negation"] and not negated:
                negated = True
                continue
            found.append(self._condition(match, negated))
            negated = False
            self._conditions += 1
            self._limit(self._conditions, self._limits.conditions, "conditions")

    def _condition(self, match: re.Match[str], negated: bool) -> StateCondition:
        if match["url"] is not None:
            return StateCondition(token=match["url"], negated=negated)
        if match["etag"] is not None:
            return StateCondition(etag=read_etag(match["etag"]), negated=negated)
        raise self._malformed("a state token in <> or an entity tag in [] should stand")

    def _next(self) -> re.Match[str]:
        match = _TOKEN.match(self._value, self._position)
        if match is None:
            raise self._malformed("something else should stand, or the header ends too early,")
        self._position = match.end()
        return match

    def _malformed(self, what: str) -> BadRequest:
        return BadRequest(f"the If header is malformed: {what} near {shown(self._value[self._position :], 40)}")

    def _limit(self, count: int, limit: int, what: str) -> None:
        if count > limit:
            raise BadRequest(f"the If header has more than {limit} {what}")


def read_if(value: str | None, resolve: Resolver, limits: IfLimits | None = None) -> tuple[StateList, ...]:
    """Return the lists of an If header; none when it is missing.

    `resolve` turns the URL of a tag (absolute, or an absolute path) into a place; None means that it is not one of
    ours, and its lists are flagged `elsewhere`. Raises `BadRequest` for what the grammar does not allow, or is over
    `limits`.
    """
    if value is None:
        return ()
    bounds = limits or IfLimits()
    if len(value) > bounds.characters:
        raise BadRequest(f"the If header has more than {bounds.characters} characters")
    return _Reader(value.strip(), resolve, bounds).read()
