"""The operations of the model over HTTP. For trash and versions, which have no method, the database is asked beside the
server."""

from dataclasses import dataclass, field
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

from davdrive.errors import DriveError
from tests.model.drive_ops import DriveOps, Place
from tests.model.shapes import Demand
from tests.model.world import World
from tests.support.dav import lockinfo
from tests.support.http import Answer, Client, Connection

KINDS: dict[int, set[str]] = {
    207: {"Locked", "LockConflict"},
    403: {"Forbidden", "LockConflict"},
    404: {"NotFound"},
    405: {"AlreadyExists", "NotAllowedHere"},
    409: {"ParentMissing", "LockTokenMismatch"},
    412: {"PreconditionFailed"},
    423: {"Locked", "LockConflict"},
    507: {"QuotaExceeded"},
}
"""The errors of the drive that each status stands for."""


class Refusal(DriveError):
    """A status that is no success."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer.status} {answer.body[:200]!r}")
        self.kinds = KINDS.get(answer.status, {f"status {answer.status}"})


@dataclass
class WireWorld(World):
    """A world behind a server: `clients` by user."""

    clients: dict[str, Client] = field(default_factory=dict)
    connections: dict[str, Connection] = field(default_factory=dict)

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

    def _do(
        self, who: str, method: str, place: Place, body: bytes = b"", demand: Demand | None = None, **headers: str
    ) -> Answer:
        client = self._wire.clients[who]
        asked = {name.replace("_", "-"): value for name, value in headers.items()} | _conditions(demand or Demand())
        answer = client.on(self._connection(who), method, url_path(place), body, asked)
        if answer.closes:
            self._wire.connections.pop(who).__exit__()
        if answer.status not in (200, 201, 204, 206) and not (method == "PROPPATCH" and answer.status == 207):
            raise Refusal(answer)
        return answer

    def _connection(self, who: str) -> Connection:
        if who not in self._wire.connections:
            self._wire.connections[who] = Connection(self._wire.clients[who].address)
        return self._wire.connections[who]

    def put(self, who: str, place: Place, body: bytes, demand: Demand) -> str:
        return self._do(who, "PUT", place, body, demand).etag.strip('"')

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
        if start >= stop:
            return b""
        return self._do(who, "GET", place, b"", None, Range=f"bytes={start}-{stop - 1}").body


def url_path(place: Place) -> str:
    """The path of a place."""
    return "/" + "/".join(quote(name, safe="") for name in (place[0], *place[1])) + ("" if place[1] else "/")


def _instruction(name: str, value: str | None) -> str:
    # `invariants` compares values as they are stored: the whole element.
    if value is None:
        return f"<D:remove><D:prop><t:{name}/></D:prop></D:remove>"
    return f"<D:set><D:prop><t:{name}>{value}</t:{name}></D:prop></D:set>"


def _conditions(demand: Demand) -> dict[str, str]:
    headers = {"If-Match": _tag(demand.if_match), "If-None-Match": _tag(demand.if_none_match)}
    if demand.tokens:
        lists = [f"(<{token}>)" for token in sorted(demand.tokens)] + ([] if demand.strict else ["(Not <DAV:no-lock>)"])
        headers["If"] = " ".join(lists)
    return {name: value for name, value in headers.items() if value}


def _tag(tag: str | None) -> str:
    return tag if tag == "*" else "" if tag is None else f'"{tag}"'
