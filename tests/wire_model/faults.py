"""What a server, or something before it, might do wrong: each is planted on the wire between client and server, and
must be noticed (`tests/support/tampering.py`)."""

import re
from collections.abc import Callable, Collection
from dataclasses import replace
from zlib import crc32

from tests.support.http import Answer
from tests.support.tampering import Fault, Forward, Request

DATA = ("PUT", "MKCOL", "DELETE", "COPY", "MOVE")
_LAST_MEMBER = re.compile(rb"(<(\w+:)?response\b.*)<(\w+:)?response\b.*?</(\w+:)?response>", re.DOTALL)


def _every(methods: Collection[str], wrong: Fault, one_in: int = 1) -> Fault:
    """All requests with these methods, or some, by what is asked, so that a sequence that failed fails again."""

    def fault(request: Request, forward: Forward, before: list[Answer]) -> Answer:
        struck = request.method in methods and crc32(f"{request.method} {request.path}".encode()) % one_in == 0
        return wrong(request, forward, before) if struck else forward(request)

    return fault


def _some(methods: Collection[str], wrong: Fault) -> Fault:
    return _every(methods, wrong, 3)


def _answer(spoil: Callable[[Answer], Answer]) -> Fault:
    return lambda request, forward, before: spoil(forward(request))


def _without(name: str) -> Callable[[Answer], Answer]:
    """The answer without a header."""
    return lambda answer: replace(answer, headers=tuple(x for x in answer.headers if x[0].lower() != name.lower()))


def _other_byte(answer: Answer) -> Answer:
    """Another last byte."""
    whole = answer.status in (200, 206) and answer.body
    return replace(answer, body=answer.body[:-1] + bytes([answer.body[-1] ^ 1])) if whole else answer


def _done(answer: Answer) -> Answer:
    """A refusal is told as success."""
    return Answer(204, (), b"") if answer.status >= 400 else answer


def _refused(answer: Answer) -> Answer:
    """A success is told as refusal."""
    return Answer(409, (), b"") if answer.status < 300 else answer


def _one_less(answer: Answer) -> Answer:
    """The last member of a listing is not in it."""
    return replace(answer, body=_LAST_MEMBER.sub(rb"\1", answer.body))


def _of_another(request: Request, forward: Forward, before: list[Answer]) -> Answer:
    """The answer that the connection's last request of the kind had."""
    before.append(forward(request))
    return before.pop(0) if len(before) > 1 else before[0]


def _lost(request: Request, forward: Forward, before: list[Answer]) -> Answer:
    """Said to be done, and never sent on."""
    return Answer(201, (("ETag", '"lost"'),) if request.method == "PUT" else (), b"")


def _twice(request: Request, forward: Forward, before: list[Answer]) -> Answer:
    """Sent again, as if the first answer had been lost."""
    forward(request)
    return forward(request)


def _once_more(request: Request, forward: Forward, before: list[Answer]) -> Answer:
    """Sent again behind the client's back."""
    answer = forward(request)
    forward(request)
    return answer


def _given_back(request: Request, forward: Forward, before: list[Answer]) -> Answer:
    """A lock is released behind its holder's back."""
    answer = forward(request)
    if request.method == "LOCK" and answer.token:
        headers = request.without("If").without("Content-Length").headers
        forward(Request("UNLOCK", request.path, (*headers, ("Lock-Token", f"<{answer.token}>"))))
    return answer


def _on_its_way_without(name: str) -> Fault:
    """Requests lose a header."""
    return lambda request, forward, before: forward(request.without(name))


FAULTS: dict[str, Fault] = {
    "GET: another byte": _every(("GET",), _answer(_other_byte)),
    "GET: the answer before it": _every(("GET",), _of_another),
    "PROPFIND: a member is left out": _every(("PROPFIND",), _answer(_one_less)),
    "no answer has an ETag": _answer(_without("ETag")),
    "no answer has a Lock-Token": _answer(_without("Lock-Token")),
    "a refusal is told as success": _some((*DATA, "LOCK"), _answer(_done)),
    "a success is told as refusal": _some((*DATA, "LOCK"), _answer(_refused)),
    "PUT: lost": _some(("PUT",), _lost),
    "DELETE, COPY, MOVE: lost": _some(("DELETE", "COPY", "MOVE"), _lost),
    "DELETE, MOVE, MKCOL: done twice": _some(("DELETE", "MOVE", "MKCOL"), _twice),
    "LOCK: given back at once": _given_back,
    "COPY, LOCK: Depth is lost": _every(("COPY", "LOCK"), _on_its_way_without("Depth")),
    "Overwrite is lost": _on_its_way_without("Overwrite"),
    "If is lost": _on_its_way_without("If"),
    "Range is lost": _on_its_way_without("Range"),
}
"""What both rigs must notice."""

FAULTS_OF_OURS: dict[str, Fault] = {"PUT: done twice, the first answer is told": _every(("PUT",), _once_more)}
"""What only the model can notice, which knows that a second PUT is a second version."""
