"""What only PostgreSQL breaks on: NUL in a text, keys that no index takes, numbers over 64 bits. Over the wire."""

import random
import string
import time
from collections.abc import Iterator

import pytest

from davdrive.drive.open import open_database
from davdrive.errors import NotFound
from davdrive.metadata.caller import Caller
from davdrive.metadata.engine import DatabaseOptions
from davdrive.metadata.transaction import Change, transact
from tests.hostile import fuzzing
from tests.hostile.fuzzing import Target
from tests.hostile.numbers import HEADERS, NUMBERS, try_all_numbers
from tests.support.dav import lockinfo, update
from tests.support.http import Client
from tests.support.nodes import Cluster, running_cluster
from tests.support.postgres import Postgres

EXAMPLES = 200
LONGEST_LOCKED = 2600
LONGEST_WAIT_S = 2.0
TUS = {"Tus-Resumable": "1.0.0"}
CHUNKS = "/remote.php/dav/uploads/bob"


@pytest.fixture(scope="module")
def cluster(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One node on PostgreSQL, with its objects in a folder."""
    folder = tmp_path_factory.mktemp("hostile-postgres")
    url = postgres.fresh()
    settings = {"DAVDRIVE_METADATA__URL": url, "DAVDRIVE_OBJECTS__URL": f"file://{folder}/objects"}
    with running_cluster(settings, folder, 1, users={"bob": "b", "mallory": "m"}) as running:
        yield running
    postgres.drop(url)


@pytest.fixture
def bob(cluster: Cluster) -> Client:
    client = cluster.nodes[0].client("bob")
    client.put("f", b"x")
    return client


@pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["bob/%00", "bob/a%00b", "b%00ob/a", "bob/%ED%A0%80", "bob/" + "a" * 3000, "bob/'--"])
def test_no_name_of_an_upload_is_a_fault_of_the_database(method: str, path: str, bob: Client) -> None:
    """A NUL was a 500: SQLite takes it as text, PostgreSQL does not."""
    about = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    assert bob.do(method, f"/-/tus/{path}", b"", about).status in (400, 404)


def test_a_path_that_no_index_takes_is_not_locked(bob: Client) -> None:
    """Names that no compression shortens: with more than 2,704 bytes of them the row of the index is refused."""
    letters = random.Random(5)
    path, lengths = "", []
    while len(path) < LONGEST_LOCKED + 600:
        path += "".join(letters.choices(string.ascii_letters + string.digits, k=250)) + "/"
        assert bob.mkcol(path).status == 201
        status = bob.do("LOCK", path, lockinfo(), {"Depth": "0", "Timeout": "Second-600"}).status
        assert status == (200 if len(path) <= LONGEST_LOCKED else 413), len(path)
        lengths.append(len(path))
        if status == 200:
            unlocked = bob.do("PROPFIND", path, b"", {"Depth": "0"}).text.partition("<D:locktoken><D:href>")[2]
            bob.do("UNLOCK", path, headers={"Lock-Token": f"<{unlocked.partition('<')[0]}>"})
    assert lengths[-1] > LONGEST_LOCKED


def test_no_number_is_too_large_for_the_database(bob: Client) -> None:
    most = 2**63 - 1
    assert bob.do("MKCOL", f"{CHUNKS}/u").status == 201
    for number in (most, most + 1, 10**19 - 1, 0):
        assert bob.do("PUT", f"{CHUNKS}/u/{number}", b"x").status in (201, 400)
    for total in (most, most + 1, 10**30):
        assert bob.do("PUT", f"{CHUNKS}/u/1", b"x", {"OC-Total-Length": str(total)}).status in (400, 413)
        assert bob.do("POST", "/-/tus/bob", b"", {**TUS, "Upload-Length": str(total)}).status in (400, 413)
        update_range = {"X-Update-Range": f"bytes={total}-", "Content-Type": "application/x-sabredav-partialupdate"}
        assert bob.do("PATCH", "f", b"x", update_range).status in (400, 416)
        assert bob.get("f", Range=f"bytes={total}-").status in (200, 416)
    for seconds in (-62_135_596_800, 253_402_300_799, 253_402_300_800, most, -most):
        assert bob.put("t", b"x", **{"X-OC-Mtime": str(seconds)}).status in (201, 204, 400)
        assert bob.do("PROPPATCH", "f", update(("{DAV:}lastmodified", str(seconds)))).status in (207, 400)
    assert bob.do("DELETE", f"{CHUNKS}/u").status == 204


def test_no_number_in_any_header_is_a_fault_of_postgresql(bob: Client) -> None:
    assert try_all_numbers(bob) == len(NUMBERS) * len(HEADERS)


def test_the_longest_names_of_properties_are_kept(bob: Client) -> None:
    letters = random.Random(6)
    long = ["".join(letters.choices(string.ascii_letters, k=size)) for size in (1020, 511)]
    assert bob.do("PROPPATCH", "f", update((f"{{u:{long[0]}}}n{long[1]}", "v"))).status == 207
    assert bob.do("PROPPATCH", "f", update((f"{{u:{long[0]}xxx}}n{long[1]}", "v"))).status == 400
    assert bob.do("PROPPATCH", "f", update((f"{{u:{long[0]}}}nn{long[1]}", "v"))).status == 400


def test_random_requests_break_nothing_on_postgresql(bob: Client) -> None:
    target = Target(bob)
    fuzzing.run(EXAMPLES, lambda m, h: target.fire(m, "f", b"", h), fuzzing.methods, fuzzing.headers)
    fuzzing.run(EXAMPLES, lambda m, name: target.fire(m, name), fuzzing.methods, fuzzing.raw_names)
    fuzzing.run(EXAMPLES, lambda name: target.fire("HEAD", "/-/tus/bob/" + name, b"", TUS), fuzzing.raw_names)
    fuzzing.run(EXAMPLES, lambda body: target.fire("PROPPATCH", "f", body), fuzzing.documents)
    target.close()
    assert sum(target.tally.values()) >= 3 * EXAMPLES


def test_a_stranger_never_waits_for_a_drive_that_is_not_theirs(cluster: Cluster, postgres: Postgres) -> None:
    """Nor holds its writer lock: that would tell that it is there, and let anybody stop its owner's changes."""
    # Two nodes: changes of one drive in one process take turns before the database is asked.
    database, another = (open_database(DatabaseOptions(cluster.settings["DAVDRIVE_METADATA__URL"])) for _ in range(2))
    mallory = Caller("mallory", 10**9)

    def busy(_: object) -> None:
        began = time.monotonic()
        for name in ("bob", "nobody"):
            with pytest.raises(NotFound):
                transact(another, Change("delete", mallory, name), lambda _: None)
        assert time.monotonic() - began < 1

    transact(database, Change("put", Caller("system"), "bob"), busy)
    database.close()
    another.close()


def test_a_stranger_never_waits_for_the_uploads_of_a_drive_that_is_not_theirs(cluster: Cluster, bob: Client) -> None:
    """The doors of Nextcloud and tus took the drive's row before they looked whose it is: a stranger waited as long as
    its owner wrote, which told that it is there, and could hold up the owner."""
    database = open_database(DatabaseOptions(cluster.settings["DAVDRIVE_METADATA__URL"]))
    mallory = cluster.nodes[0].client("mallory")
    metadata = {**TUS, "Upload-Length": "5", "Upload-Metadata": "filename bmV3"}
    upload = bob.do("POST", "/-/tus/bob", b"", metadata).get("Location").removeprefix(bob.origin)
    offset = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    doors = (
        ("MKCOL", f"{CHUNKS}/u", {}), ("PUT", f"{CHUNKS}/u/1", {}), ("DELETE", f"{CHUNKS}/u/1", {}),
        ("DELETE", f"{CHUNKS}/u", {}), ("MOVE", f"{CHUNKS}/u/.file", {"Destination": "/bob/x"}),
        ("POST", "/-/tus/bob", metadata), ("PATCH", upload, offset), ("DELETE", upload, TUS),
    )  # fmt: skip
    assert mallory.do("PROPFIND", "", b"", {"Depth": "0"}).status == 207, "the password is hashed before the clock runs"

    told: list[object] = []

    def busy(_: object) -> None:
        for method, path, headers in doors:
            with mallory.connection() as connection:
                connection.sock.settimeout(LONGEST_WAIT_S)
                try:
                    told.append(mallory.on(connection, method, path, b"", headers).status)
                except TimeoutError:
                    told.append((method, path))

    transact(database, Change("put", Caller("system"), "bob"), busy)
    assert told == [404] * len(doors)
    assert bob.do("DELETE", upload, b"", TUS).status == 204
    database.close()
