"""The operations of the model over HTTP. For trash and versions, which have no method, the database is asked beside the
server."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote, urlsplit
from xml.etree.ElementTree import Element
from xml.sax.saxutils import quoteattr

from davdrive.drive.names import name_key
from davdrive.errors import DriveError
from tests.model.drive_ops import DriveOps
from tests.model.shapes import Condition, Demand, Keys, Look, Place
from tests.model.world import FOLDED, World
from tests.support.dav import D, Found, Multistatus, lockinfo, prop
from tests.support.http import Answer, Client, Connection

KINDS: dict[int, set[str]] = {
    207: {"Locked", "LockConflict"},
    400: {"BodyMismatch"},
    403: {"Forbidden", "LockConflict"},
    404: {"NotFound"},
    405: {"AlreadyExists", "NotAllowedHere"},
    409: {"ParentMissing", "LockTokenMismatch", "Conflict"},
    410: {"Gone"},
    412: {"PreconditionFailed"},
    416: {"RangeNotSatisfiable"},
    423: {"Locked", "LockConflict"},
    507: {"QuotaExceeded"},
}
"""The errors of the drive that each status stands for."""


class Refusal(DriveError):
    """A status that is no success."""

    def __init__(self, answer: Answer, *more: str) -> None:
        super().__init__(f"{answer.status} {answer.body[:200]!r}")
        self.kinds = KINDS.get(answer.status, {f"status {answer.status}"}) | set(more)


DONE = (200, 201, 204, 206)


@dataclass
class WireWorld(World):
    """A world behind a server: `clients` by user."""

    clients: dict[str, Client] = field(default_factory=dict)
    connections: dict[str, Connection] = field(default_factory=dict)

    def tick(self) -> None:
        """Time passes by itself here."""

    def reopen(self) -> None:
        """The server keeps running; new connections are opened instead."""
        while self.connections:
            _, connection = self.connections.popitem()
            connection.__exit__()


class WireOps(DriveOps):
    """Each operation as the request that makes it."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        assert isinstance(world, WireWorld)
        self._wire = world

    def ask(
        self, who: str, method: str, path: str, body: bytes = b"", demand: Demand | None = None, about: str = "",
        **headers: Any,
    ) -> Answer:  # fmt: skip
        """An answer, whatever it is. `about`: the path that the demand is about, if it is not the request's own."""
        client = self._wire.clients[who]
        asked = {name.replace("_", "-"): value for name, value in headers.items()}
        asked |= _conditions(demand or Demand(), client.origin, about or path)
        answer = client.on(self._connection(who), method, path, body, asked)
        if answer.closes:
            self._wire.connections.pop(who).__exit__()
        return answer

    def _do(
        self, who: str, method: str, place: Place, body: bytes = b"", demand: Demand | None = None, **headers: str
    ) -> Answer:
        answer = self.ask(who, method, url_path(place), body, demand, **headers)
        if answer.status not in DONE and not (method == "PROPPATCH" and answer.status == 207):
            # That a drive's root is no file is told to everybody: it is no secret which names drives cannot have.
            root = answer.status == 405 and not place[1]
            raise Refusal(answer, *(("NotFound", "Forbidden", "PreconditionFailed", "Locked") if root else ()))
        return answer

    def _connection(self, who: str) -> Connection:
        if who not in self._wire.connections:
            self._wire.connections[who] = Connection(self._wire.clients[who].address)
        return self._wire.connections[who]

    def put(self, who: str, place: Place, body: bytes, demand: Demand) -> str:
        return self._do(who, "PUT", place, body, demand).etag.strip('"')

    def patch(self, who: str, place: Place, offset: int, body: bytes, demand: Demand) -> str:
        where = {"Content_Type": "application/x-sabredav-partialupdate", "X_Update_Range": f"bytes={offset}-"}
        return self._do(who, "PATCH", place, body, demand, **where).etag.strip('"')

    def mkcol(self, who: str, place: Place, demand: Demand) -> None:
        self._do(who, "MKCOL", place, b"", demand)

    def delete(self, who: str, place: Place, demand: Demand) -> None:
        self._do(who, "DELETE", place, b"", demand)

    def copy(self, who: str, source: Place, goal: Place, overwrite: bool, deep: bool, demand: Demand) -> bool:
        return self._transfer(who, "COPY", source, goal, overwrite, "infinity" if deep else "0", demand)

    def move(self, who: str, source: Place, goal: Place, overwrite: bool, demand: Demand) -> bool:
        return self._transfer(who, "MOVE", source, goal, overwrite, "infinity", demand)

    def _transfer(
        self, who: str, method: str, source: Place, goal: Place, overwrite: bool, depth: str, demand: Demand
    ) -> bool:
        target = self._wire.clients[who].origin + url_path(goal)
        answer = self._do(
            who, method, source, b"", demand, Destination=target, Overwrite="T" if overwrite else "F", Depth=depth
        )
        return answer.status == 201

    def lock(self, who: str, place: Place, exclusive: bool, infinite: bool, timeout_s: int, demand: Demand) -> str:
        body = lockinfo("exclusive" if exclusive else "shared", who)
        depth = "infinity" if infinite else "0"
        return self._do(who, "LOCK", place, body, demand, Timeout=f"Second-{timeout_s}", Depth=depth).token

    def refresh(self, who: str, place: Place, token: str, timeout_s: int) -> None:
        self._do(who, "LOCK", place, b"", None, If=f"(<{token}>)", Timeout=f"Second-{timeout_s}")

    def unlock(self, who: str, place: Place, token: str) -> None:
        self._do(who, "UNLOCK", place, b"", None, Lock_Token=f"<{token}>")

    def proppatch(self, who: str, place: Place, changes: dict[str, str | None], demand: Demand) -> None:
        instructions = "".join(_instruction(name, value) for name, value in changes.items())
        body = f'<D:propertyupdate xmlns:D="DAV:" xmlns:t={quoteattr("urn:t")}>{instructions}</D:propertyupdate>'
        answer = self._do(who, "PROPPATCH", place, body.encode(), demand)
        assert b"200 OK" in answer.body, answer.body

    def etag(self, who: str, place: Place) -> str:
        return self._do(who, "HEAD", place).etag.strip('"')

    def read(self, who: str, place: Place, start: int, stop: int) -> bytes:
        """A range; a whole collection has no bytes to give."""
        answer = self.ask(who, "GET", url_path(place), Range=f"bytes={start}-{stop - 1}", Accept="*/*")
        if answer.status == 416:
            size = int(answer.get("Content-Range").removeprefix("bytes */"))
            assert size <= start, f"a range from {start} on was refused of {size} bytes"
            return b""
        if answer.status not in DONE:
            raise Refusal(answer)
        if answer.status == 200 and not answer.etag:
            raise Refusal(Answer(405, (), b"a collection"))
        assert answer.etag, "a part of a file came without its ETag"
        return answer.body

    def look(self, who: str, place: Place) -> dict[str, Look]:
        asked = (D + "getetag", D + "getcontentlength", D + "lockdiscovery", *(f"{{urn:t}}{each}" for each in "pqr"))
        answer = self.ask(who, "PROPFIND", url_path(place), prop(*asked), Depth="1")
        if answer.status != 207:
            raise Refusal(answer)
        listed = Multistatus(answer.xml)
        shown = [_look(place[0], listed.properties(at)) for at in range(len(listed.hrefs))]
        return dict(zip(("", *map(_name, listed.hrefs[1:])), shown, strict=True))

    def begin(self, who: str, drive: str, name: str, total: int | None) -> None:
        length: dict[str, Any] = {} if total is None else {"OC_Total_Length": str(total)}
        self._upload(who, "MKCOL", drive, name, **length)

    def add_part(self, who: str, drive: str, name: str, number: int, body: bytes) -> None:
        self._upload(who, "PUT", drive, name, f"{number:05d}", body)

    def drop_part(self, who: str, drive: str, name: str, number: int) -> None:
        self._upload(who, "DELETE", drive, name, f"{number:05d}")

    def complete(self, who: str, drive: str, name: str, target: Place, overwrite: bool, demand: Demand) -> str:
        where = self._wire.clients[who].origin + url_path(target)
        headers: dict[str, Any] = {"Destination": where, "Overwrite": "T" if overwrite else "F"}
        answer = self._upload(who, "MOVE", drive, name, ".file", b"", demand, url_path(target), **headers)
        return answer.etag.strip('"')

    def abort(self, who: str, drive: str, name: str) -> None:
        self._upload(who, "DELETE", drive, name)

    def _upload(
        self, who: str, method: str, drive: str, name: str, member: str = "", body: bytes = b"",
        demand: Demand | None = None, about: str = "", **headers: Any,
    ) -> Answer:  # fmt: skip
        path = f"/remote.php/dav/uploads/{drive}/{quote(name)}/{member}"
        answer = self.ask(who, method, path, body, demand, about, **headers)
        if answer.status not in DONE:
            # The folder of an upload that has ended is not there any more.
            raise Refusal(answer, *(("Gone", "Conflict") if answer.status == 404 and not member else ()))
        return answer


def _name(href: str) -> str:
    return unquote(urlsplit(href).path).rstrip("/").rpartition("/")[2]


def _look(drive: str, found: dict[str, Found]) -> Look:
    etag, size = (found[D + each] for each in ("getetag", "getcontentlength"))
    dead = frozenset(
        (name, "".join(f"<{each.tag}/>" for each in found[f"{{urn:t}}{name}"].element))
        for name in "pqr"
        if found[f"{{urn:t}}{name}"].status == 200
    )
    locks = frozenset(_shown(drive, each) for each in found[D + "lockdiscovery"].element)
    is_file = etag.status == 200
    return etag.text.strip('"') if is_file else None, int(size.text) if is_file else None, dead, locks


def _shown(drive: str, active: Element) -> tuple[bool, bool, Keys]:
    path = unquote(urlsplit(active.findtext(f"{D}lockroot/{D}href", "")).path)
    names = [name for name in path.split("/") if name][1:]
    keys = tuple(name_key(name, drive in FOLDED) for name in names)
    return active.find(f"{D}lockscope/{D}exclusive") is not None, active.findtext(D + "depth") == "infinity", keys


def url_path(place: Place) -> str:
    """The path of a place."""
    return "/" + "/".join(quote(name, safe="") for name in (place[0], *place[1])) + ("" if place[1] else "/")


def _instruction(name: str, value: str | None) -> str:
    # `invariants` compares values as they are stored: the whole element.
    if value is None:
        return f"<D:remove><D:prop><t:{name}/></D:prop></D:remove>"
    return f"<D:set><D:prop><t:{name}>{value}</t:{name}></D:prop></D:set>"


def _conditions(demand: Demand, origin: str, own: str) -> dict[str, str]:
    headers = {"If-Match": _tag(demand.if_match), "If-None-Match": _tag(demand.if_none_match)}
    # All lists have a tag or none has (RFC 4918 §10.4.2).
    tagged = any(place is not None for place, _ in demand.lists)
    if demand.tokens:
        headers["If"] = " ".join((*(f"(<{token}>)" for token in sorted(demand.tokens)), "(Not <DAV:no-lock>)"))
    elif demand.lists:
        urls = [
            f"<{origin}{own if place is None else url_path(place)}> " if tagged else "" for place, _ in demand.lists
        ]
        stated = [" ".join(map(_condition, conditions)) for _, conditions in demand.lists]
        headers["If"] = " ".join(f"{url}({each})" for url, each in zip(urls, stated, strict=True))
    return {name: value for name, value in headers.items() if value}


def _condition(each: Condition) -> str:
    return ("Not " if each.negated else "") + (f"<{each.token}>" if each.token is not None else f'["{each.etag}"]')


def _tag(tag: str | None) -> str:
    return tag if tag == "*" else "" if tag is None else f'"{tag}"'
