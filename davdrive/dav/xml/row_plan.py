"""A PROPFIND compiled: what is asked for is worked out once, so that a row costs a few calls and one `%`.

Each kind of resource has a template for each set of values that are missing in a row (mostly none is). Only a row with
dead properties is put together piece by piece. No name or constant in a template has a `%`: XML names cannot hold one.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from operator import attrgetter

from davdrive.dav.xml.live_properties import LIVE, LIVE_PROPERTIES, LiveProperty, Needs, Value, column
from davdrive.dav.xml.multistatus import BLOCK_CHARACTERS, multistatus
from davdrive.dav.xml.names import PropertyName
from davdrive.dav.xml.propfind import Propfind, PropfindKind
from davdrive.dav.xml.propstat import Prefixes, empty_element, propstat, response
from davdrive.dav.xml.row import ResourceRow
from davdrive.metadata.properties import Properties

BATCH_ROWS = 25  # a quarter of a block; dead properties and locks can make it ten mebibytes
BATCH_CHARACTERS = 65_536  # so then the next batch is a row
_HREF, _DEAD = attrgetter("href"), attrgetter("dead")


class _KindPlan:
    """What is asked of files, or of collections. `absent` are names that this kind never has, or has only dead."""

    def __init__(self, request: Propfind, minimal: bool, prefixes: Prefixes, value_of: Callable[..., Value]) -> None:
        self._kind = request.kind
        self._minimal = minimal
        self._prefixes = prefixes
        asked = _live_asked(request)
        self._live = [(each, value) for each in asked if (value := value_of(each)) is not None]
        there = {each.name for each, _ in self._live}
        self._absent = [name for name in request.names if name not in there]
        self._getters = [value for _, value in self._live if not isinstance(value, str)]
        self._names_only = request.kind is PropfindKind.PROPNAME
        self._complete = self._make_template([False] * len(self._getters))
        self._with_gaps: dict[tuple[bool, ...], str] = {}

    def render_all(self, rows: Sequence[ResourceRow]) -> list[str]:
        """Return the response elements about some rows: property by property where no row lacks a value."""
        if not self._names_only and not any(map(_DEAD, rows)):
            columns = [column(getter, rows) for getter in self._getters]
            if not any(None in each for each in columns):
                return list(map(self._complete.__mod__, zip(map(_HREF, rows), *columns, strict=True)))
        return [self.render(row) for row in rows]

    def render(self, row: ResourceRow) -> str:
        """Return the response element about one row."""
        values = [getter(row) for getter in self._getters]
        if row.dead:
            return self._render_with_dead(row, values)
        if None not in values:
            return self._complete % ((row.href,) if self._names_only else (row.href, *values))
        gaps = tuple([value is None for value in values])
        template = self._with_gaps.get(gaps)
        if template is None:
            template = self._with_gaps[gaps] = self._make_template(gaps)
        present = () if self._names_only else [value for value in values if value is not None]
        return template % (row.href, *present)

    def _make_template(self, gaps: Iterable[bool]) -> str:
        """Return the response element of a row without dead properties, with `%s` for its href and every value."""
        missing = iter(gaps)
        live: list[str | None] = []
        for each, value in self._live:
            if isinstance(value, str):
                live.append(self._element(each, value))
            else:
                live.append(None if next(missing) else self._element(each, each.form))
        return self._compose("%s", live, {})

    def _render_with_dead(self, row: ResourceRow, values: Iterable[object]) -> str:
        dynamic = iter(values)
        live: list[str | None] = []
        for each, value in self._live:
            result = None if isinstance(value, str) else next(dynamic)
            if isinstance(value, str):
                live.append(self._element(each, value))
            else:
                live.append(None if result is None else self._element(each, each.form % result))
        return self._compose(row.href, live, row.dead)

    def _compose(self, href: str, live: Iterable[str | None], dead: Properties) -> str:
        """Put a response together: `live` has the element of each live property asked for, None where it is missing."""
        found, missing = [], []
        for (each, _), element in zip(self._live, live, strict=True):
            if element is not None:
                found.append(element)
            elif self._kind is PropfindKind.PROP:
                missing.append(self._empty(each.name))
        if self._kind is not PropfindKind.PROP:
            found.extend(empty_element(name) if self._names_only else xml for name, xml in dead.items())
        for name in self._absent:
            if name not in dead:
                missing.append(self._empty(name))
            elif self._kind is PropfindKind.PROP:
                found.append(dead[name])
        return response(href, self._propstats("".join(found), "".join(missing)))

    def _propstats(self, found: str, missing: str) -> str:
        if self._minimal or not missing:
            return propstat(found, 200)
        return propstat(found, 200) + propstat(missing, 404) if found else propstat(missing, 404)

    def _element(self, each: LiveProperty, inside: str) -> str:
        if self._names_only or not inside:
            return self._empty(each.name)
        tag = self._prefixes.tag(each.name)
        return f"<{tag}>{inside}</{tag}>"

    def _empty(self, name: PropertyName) -> str:
        return f"<{self._prefixes.tag(name)}/>"


def _live_asked(request: Propfind) -> list[LiveProperty]:
    """Return the live properties that a request may get an answer from, in the order asked for."""
    if request.kind is PropfindKind.PROPNAME:
        return list(LIVE_PROPERTIES)
    named = [LIVE[name] for name in request.names if name in LIVE]
    if request.kind is PropfindKind.PROP:
        return named
    return [each for each in LIVE_PROPERTIES if each.in_allprop] + [each for each in named if not each.in_allprop]


class RowPlan:
    """A PROPFIND ready to be answered for any number of rows.

    `needs` says what must be filled in in the rows. `minimal` leaves out what was not found (RFC 8144 §2.1).
    """

    def __init__(self, request: Propfind, minimal: bool = False) -> None:
        asked = _live_asked(request)
        self.prefixes = Prefixes([*(each.name for each in asked), *request.names])
        self.needs = _needs(request, asked)
        self._file = _KindPlan(request, minimal, self.prefixes, lambda each: each.file)
        self._collection = _KindPlan(request, minimal, self.prefixes, lambda each: each.collection)

    def answer(self, rows: Iterable[ResourceRow], block_characters: int = BLOCK_CHARACTERS) -> Iterator[bytes]:
        """Yield the whole multistatus body in blocks, taking rows as they are needed."""
        return multistatus(self._batches(iter(rows)), self.prefixes, block_characters)

    def _batches(self, rows: Iterator[ResourceRow]) -> Iterator[str]:
        """The responses of some rows at a time: a list is twice as fast as a generator's round trip for each. They are
        as many as will be about `BATCH_CHARACTERS`, by the batch before."""
        count = BATCH_ROWS
        while batch := list(islice(rows, count)):
            text = "".join(self._responses(batch))
            count = max(1, min(BATCH_ROWS, BATCH_CHARACTERS * len(batch) // len(text)))
            yield text

    def _responses(self, rows: Sequence[ResourceRow]) -> Iterable[str]:
        """The responses in the order of the rows, each kind made together."""
        collections = [row for row in rows if row.is_collection]
        if not collections:
            return self._file.render_all(rows)
        folders = iter(self._collection.render_all(collections))
        files = iter(self._file.render_all([row for row in rows if not row.is_collection]))
        return [next(folders) if row.is_collection else next(files) for row in rows]


def _needs(request: Propfind, asked: list[LiveProperty]) -> Needs:
    needs = Needs.NOTHING
    for each in asked:
        needs |= each.needs
    if request.kind is not PropfindKind.PROP or any(name not in LIVE for name in request.names):
        needs |= Needs.DEAD
    return needs
