"""A client of several nodes, who writes down what was asked and heard."""

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.client import HTTPException

from tests.nodes.shared_file import EMPTY, LOCK_S
from tests.support.http import Answer
from tests.support.linear import NEVER, Operation
from tests.support.nodes import Node

GROUPS = 8
LARGE_BYTES, LARGE_SHARE = 300_000, 0.4
REFRESH_SHARE, SLEEP_SHARE = 0.4, 0.15
ODDS = {"GET": 30, "PUT": 25, "PUT_IF": 12, "MOVE": 8, "DELETE": 5, "LOCK": 20}
UNKNOWN = "see whether the change took place"
"""What a 503 says to a change whose commit lost its answer; every other one says that nothing happened."""
LOCKINFO = b'<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>'


@dataclass
class Player:
    """One client. It asks a node at random, each time over a new connection, and writes down what it asked and got."""

    number: int
    nodes: list[Node]
    history: list[list[Operation]]
    random: random.Random
    known: dict[tuple[int, str], tuple[str, str]] = field(default_factory=dict)
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    count: int = 0

    def play(self, over: threading.Event) -> None:
        while not over.is_set():
            group, what = self.random.randrange(GROUPS), self.random.choices(list(ODDS), list(ODDS.values()))[0]
            if what == "LOCK":
                self._under_lock(group)
            elif what == "GET":
                self.get(group, self.random.choice("ab"))
            elif what.startswith("PUT"):
                self._put(group, self.random.choice("ab"), what == "PUT_IF")
            else:
                self._ask(what, group, {"name": "a"}, headers=self._destination(group) if what == "MOVE" else {})

    def get(self, group: int, name: str, node: Node | None = None) -> None:
        answer = self._ask("GET", group, {"name": name}, node=node)
        if answer is not None and answer.status == 200:
            self.known[group, name] = answer.etag, text_of(answer.body, answer.etag)

    def _put(self, group: int, name: str, conditional: bool, token: str = "") -> None:
        text = self._new_text()
        detail, headers = {"name": name, "text": text}, {}
        if conditional and (group, name) in self.known:
            headers["If-Match"], detail["expected"] = self.known[group, name]
        if token:
            headers["If"], detail["token"] = f"(<{token}>)", token
        answer = self._ask("PUT", group, detail, body_of(text, self.random.random() < LARGE_SHARE), headers)
        if answer is not None and answer.status in (201, 204):
            self.known[group, name] = answer.etag, text

    def _under_lock(self, group: int) -> None:
        """As an editor does: lock, save, unlock; with a refresh before that, now and then so late that it is over."""
        detail = {"name": "a", "unknown": self._new_text()}
        answer = self._ask("LOCK", group, detail, LOCKINFO, {"Timeout": f"Second-{LOCK_S}"})
        if answer is None or answer.status not in (200, 201):
            return
        detail = {"name": "a", "token": answer.token}
        if self.random.random() < REFRESH_SHARE:
            if self.random.random() < SLEEP_SHARE:
                time.sleep(self.random.uniform(LOCK_S - 0.5, LOCK_S + 1.5))
            headers = {"Timeout": f"Second-{LOCK_S}", "If": f"(<{answer.token}>)"}
            self._ask("REFRESH", group, detail, headers=headers)
        self._put(group, "a", False, answer.token)
        self._ask("UNLOCK", group, detail, headers={"Lock-Token": f"<{answer.token}>"})

    def _new_text(self) -> str:
        self.count += 1
        return f"{self.number}-{self.count}"

    def _destination(self, group: int) -> dict[str, str]:
        return {"Destination": f"/bob/{group}b", "Overwrite": "T"}

    def _ask(
        self,
        method: str,
        group: int,
        detail: dict[str, str],
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        node: Node | None = None,
    ) -> Answer | None:
        """Ask, and write down what came of it; None where no answer came."""
        client = (node or self.random.choice(self.nodes)).client()
        start = time.monotonic()
        try:
            answer = client.do("LOCK" if method == "REFRESH" else method, f"{group}{detail['name']}", body, headers)
        except ConnectionRefusedError:
            return None  # nobody was there to hear it
        except (OSError, HTTPException):
            if method != "GET":
                self.history[group].append(Operation(method, start, NEVER, detail))
            return None
        self.statuses[method, answer.status] += 1
        self.history[group].append(heard(method, start, time.monotonic(), detail, answer))
        return answer


def heard(method: str, start: float, end: float, detail: dict[str, str], answer: Answer) -> Operation:
    """What an answer lets one know. After a 503 that says so the change may have taken place, or will yet."""
    if answer.status == 503 and UNKNOWN in answer.text:
        return Operation(method, start, NEVER, detail)
    said = (
        {"LOCK": answer.token, "GET": text_of(answer.body, answer.etag)}.get(method, "") if answer.status < 300 else ""
    )
    return Operation(method, start, end, detail, (answer.status, answer.text if answer.status >= 500 else said))


def body_of(text: str, large: bool) -> bytes:
    """The bytes that stand for a text: it says in every place which it is."""
    line = f"{text}\n".encode()
    return line * (LARGE_BYTES // len(line) if large else 1)


def text_of(body: bytes, etag: str) -> str:
    """The text that a whole body stands for; of one that is cut or put together from two, what no text is. Empty files
    are as many as LOCKs that made them: only the ETag tells them apart."""
    if not body:
        return EMPTY + etag
    line, _, _ = body.partition(b"\n")
    text = line.decode(errors="replace")
    whole = body in (body_of(text, False), body_of(text, True))
    return text if whole else f"torn: {len(body)} bytes beginning with {text}"
