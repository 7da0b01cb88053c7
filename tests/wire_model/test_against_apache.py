"""The same requests to davdrive and to Apache's mod_dav: the same class of status, the same tree, the same bytes.

Locks and entity tags are left out: there mod_dav does other things, some of them wrong (WIRE.md). What remains is the
part of RFC 4918 that two servers written apart from each other have to agree on.
"""

from collections import Counter
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.support.http import Client
from tests.support.serving import running_server
from tests.wire_model.apache import running_apache

EXAMPLES = 150
NAMES = ("a", "b", "c d", "\u00e9")
paths = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map(lambda names: "/".join(names))
flags = st.sampled_from([{}, {"Overwrite": "F"}, {"Overwrite": "T"}])
steps = st.one_of(
    st.tuples(st.just("MKCOL"), paths, st.just(""), st.just(b""), st.just({})),
    st.tuples(st.just("MKCOL"), paths, st.just(""), st.just(b""), st.just({})),
    st.tuples(st.just("PUT"), paths, st.just(""), st.binary(max_size=9), st.sampled_from([{}, {"If-None-Match": "*"}])),
    st.tuples(st.just("DELETE"), paths, st.just(""), st.just(b""), st.just({})),
    st.tuples(st.just("COPY"), paths, paths, st.just(b""), flags),
    st.tuples(st.just("COPY"), paths, paths, st.just(b""), st.just({"Depth": "0"})).filter(
        # mod_dav puts a collection's shallow copy into it; davdrive refuses whatever goes into itself.
        lambda step: not step[2].startswith(step[1] + "/")
    ),
    st.tuples(st.just("MOVE"), paths, paths, st.just(b""), flags),
)
Step = tuple[str, str, str, bytes, dict[str, str]]
"""Method, path, target, body and headers."""

Tree = dict[str, bytes | None]


BEGINNING: list[Step] = [
    ("MKCOL", "a", "", b"", {}),
    ("MKCOL", "a/b", "", b"", {}),
    ("PUT", "a/b/c d", "", b"deep", {}),
    ("PUT", "\u00e9", "", b"a file", {}),
]
"""A tree to begin with, so that most steps find something."""


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, Client]]:
    folder = tmp_path_factory.mktemp("beside-apache") / "data"
    with running_apache() as apache, running_server(folder) as server:
        yield server.client("bob"), apache


def _encoded(path: str) -> str:
    return "".join(
        each if each.isascii() and each != " " else "".join(f"%{b:02x}" for b in each.encode()) for each in path
    )


def _do(client: Client, top: str, step: Step) -> int:
    method, path, target, body, headers = step
    place = client.at(f"{client.base}/{top}")
    sent = {"Destination": place.url(_encoded(target)), **headers} if target else headers
    return place.do(method, _encoded(path), body, sent).status


def _tree(client: Client, top: str) -> Tree:
    """Everything below `top`: the bytes of files, None for collections."""
    found: Tree = {}
    place = client.at(f"{client.base}/{top}")
    answer = place.do("PROPFIND", "", b"", {"Depth": "1"})
    assert answer.status == 207, answer
    own = place.path("").rstrip("/")
    for href in answer.xml.iter("{DAV:}href"):
        path = unquote(urlsplit(href.text or "").path)
        name = path.rstrip("/").removeprefix(unquote(own)).strip("/")
        if not name:
            continue
        if path.endswith("/"):
            found[name] = None
            found |= {f"{name}/{below}": what for below, what in _tree(client, f"{top}/{_encoded(name)}").items()}
        else:
            found[name] = place.get(_encoded(name)).body
    return found


def _compare(both: tuple[Client, Client], top: str, sequence: list[Step]) -> Counter[str]:
    """Send a sequence to both. AssertionError where they differ; what happened otherwise."""
    seen = Counter[str]()
    for client in both:
        assert client.mkcol(top).status == 201
    for number, step in enumerate((*BEGINNING, *sequence)):
        ours, theirs = (_do(client, top, step) for client in both)
        # mod_dav answers some refusals with a 500, for instance below a file; that nothing happened is what counts.
        assert ours // 100 == min(theirs // 100, 4), (
            f"step {number}, {step}: davdrive {ours}, Apache {theirs}, of {sequence}"
        )
        seen[f"{step[0]} {ours // 100}xx"] += 1
    ours_left, theirs_left = (_tree(client, top) for client in both)
    assert ours_left == theirs_left, f"{sequence}"
    for client in both:
        assert client.delete(top).status == 204
    return seen


def test_davdrive_and_apache_agree(both: tuple[Client, Client]) -> None:
    seen, numbers = Counter[str](), iter(range(10**6))

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(steps, min_size=12, max_size=30))
    def agree(sequence: list[Step]) -> None:
        seen.update(_compare(both, f"t{next(numbers)}", sequence))

    agree()
    for needed in ("MKCOL 2xx", "PUT 2xx", "COPY 2xx", "MOVE 2xx", "DELETE 2xx", "COPY 4xx", "MOVE 4xx"):
        assert seen[needed], f"nothing was proved about {needed}: {seen}"


def test_a_server_that_does_otherwise_is_noticed(both: tuple[Client, Client]) -> None:
    """A copy that forgets its members, as a client of davdrive alone."""
    sequence: list[Step] = [
        ("COPY", "a", "b", b"", {}),
    ]
    fixed = Client(both[0].address, both[0].user, both[0].password, both[0].base, {"Depth": "0"})
    with pytest.raises(AssertionError):
        _compare((fixed, both[1]), "other", sequence)
