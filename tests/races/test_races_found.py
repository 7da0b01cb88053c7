"""What races found, each as a plain test."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from davdrive.auth.passwords import Passwords
from davdrive.cli import accounts
from davdrive.cli.accounts import add_user, held_user, remove_for_good
from davdrive.cli.drive import give_role
from davdrive.cli.lock import break_locks
from davdrive.drive.delete import delete
from davdrive.drive.names import DrivePath
from davdrive.drive.open import ensure_drive, sqlite_url
from davdrive.errors import AlreadyExists, NotFound
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.engine import DatabaseOptions
from davdrive.metadata.migrate import migrate
from davdrive.metadata.session import Session
from davdrive.metadata.statement import Statement
from davdrive.metadata.transaction import Change, Transaction, transact
from davdrive.metadata.users import User
from tests.model.shapes import Demand
from tests.races.ops import RaceOps
from tests.races.site import Site
from tests.support.nodes import running_cluster
from tests.support.postgres import Postgres

WAIT_S = 10.0
SOON_S = 0.2
EDITOR = 2
BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"])


@pytest.fixture
def site(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Site]:
    """A drive with two editors."""
    url = sqlite_url(tmp_path) if database == "sqlite" else request.getfixturevalue("postgres_url")
    migrate(DatabaseOptions(url))
    site = Site(url, tmp_path / "objects")
    ensure_drive(site.backend, "d")
    for name in ("bob", "carol"):
        RaceOps(site).make_user(name)
        RaceOps(site).grant("d", name, EDITOR)
    yield site
    site.close()


@contextmanager
def _under_way(site: Site, work: Callable[[Session], Any]) -> Iterator[None]:
    """A transaction has done `work`, and commits at the end of the block."""
    done, over = threading.Event(), threading.Event()

    def run(session: Session) -> None:
        work(session)
        session.row(Statement("SELECT 1"))
        done.set()
        assert over.wait(WAIT_S)

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(site.backend.database.write, run)
        assert done.wait(WAIT_S)
        try:
            yield
        finally:
            over.set()
        running.result()


def _together(site: Site, first: Callable[[Session], Any], second: Callable[[Session], Any]) -> Any:
    """What comes of the second, which begins when the first is about to commit."""
    with ThreadPoolExecutor(1) as pool:
        with _under_way(site, first):
            later: Future[Any] = pool.submit(site.backend.database.write, second)
            with pytest.raises(TimeoutError):
                later.result(SOON_S)
        return later.exception(WAIT_S) or later.result()


@BOTH
def test_a_role_for_somebody_who_is_being_removed_is_refused_in_words(site: Site) -> None:
    """PostgreSQL's own words were printed: the foreign key was violated."""
    heard = _together(
        site,
        lambda session: remove_for_good(session, "carol"),
        lambda session: give_role(session, "d", "carol", "owner"),
    )
    assert isinstance(heard, NotFound), heard


@BOTH
def test_of_two_who_break_a_lock_one_hears_that_there_is_none(site: Site) -> None:
    """On PostgreSQL both were told that they had broken it."""
    ops = RaceOps(site)
    ops.put("bob", ("d", ("f",)), b"x", Demand())
    token = ops.lock("bob", ("d", ("f",)), True, False, 600, Demand())
    break_it = lambda session: break_locks(session, token)  # noqa: E731
    assert _together(site, break_it, break_it) == []


@BOTH
@pytest.mark.parametrize("how", ["role", "user"])
def test_nothing_is_written_by_somebody_after_it_was_said_that_they_no_longer_may(site: Site, how: str) -> None:
    """On PostgreSQL a write that was under way could come to its end after the answer."""
    events: list[str] = []
    judged, over = threading.Event(), threading.Event()

    def write(_: Transaction) -> None:
        judged.set()
        assert over.wait(WAIT_S)

    def carols_write() -> None:
        transact(site.backend.database, Change("test", site.callers["carol"], "d"), write)
        events.append("written")

    def take_away() -> None:
        work = (
            (lambda s: give_role(s, "d", "carol", "none")) if how == "role" else lambda s: remove_for_good(s, "carol")
        )
        site.backend.database.write(work)
        events.append("taken away")

    with ThreadPoolExecutor(2) as pool:
        writing = pool.submit(carols_write)
        assert judged.wait(WAIT_S)
        taking = pool.submit(take_away)
        with pytest.raises(TimeoutError):
            taking.result(SOON_S)
        over.set()
        writing.result(WAIT_S)
        taking.result(WAIT_S)
    assert sorted(events) == ["taken away", "written"]
    with pytest.raises(NotFound):
        transact(site.backend.database, Change("test", site.callers["carol"], "d"), lambda _: None)


@pytest.mark.parametrize("database", ["postgresql"])
def test_a_removed_user_writes_nothing_in_a_drive_that_was_given_at_the_last_moment(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On SQLite nobody gives anything while a user is being removed."""
    ensure_drive(site.backend, "late")
    held, given = threading.Event(), threading.Event()

    def slowly(session: Session, name: str) -> User:
        held.set()
        assert given.wait(WAIT_S)
        return held_user(session, name)

    monkeypatch.setattr(accounts, "held_user", slowly)
    with ThreadPoolExecutor(2) as pool:
        removing = pool.submit(site.backend.database.write, lambda session: remove_for_good(session, "carol"))
        assert held.wait(WAIT_S)
        RaceOps(site).grant("late", "carol", EDITOR)
        judged, over = threading.Event(), threading.Event()

        def write(_: Transaction) -> None:
            judged.set()
            assert over.wait(WAIT_S)

        writing = pool.submit(transact, site.backend.database, Change("test", site.callers["carol"], "late"), write)
        assert judged.wait(WAIT_S)
        given.set()
        with pytest.raises(TimeoutError):
            removing.result(SOON_S)
        over.set()
        writing.result(WAIT_S)
        removing.result(WAIT_S)


def test_a_role_that_was_lost_while_one_waited_is_lost_whatever_the_default_isolation(
    postgres: Postgres, postgres_url: str, tmp_path: Path
) -> None:
    """Under REPEATABLE READ the role was the one that was there when the waiting began."""
    name = postgres_url.partition("?")[0].rpartition("/")[2]
    postgres.execute(f"ALTER DATABASE {name} SET default_transaction_isolation = 'repeatable read'")
    with closing(Site(postgres_url, tmp_path / "objects")) as site, ThreadPoolExecutor(1) as pool:
        ensure_drive(site.backend, "d")
        RaceOps(site).make_user("carol")
        RaceOps(site).grant("d", "carol", EDITOR)
        carols = Change("test", site.callers["carol"], "d")
        with _under_way(site, lambda session: give_role(session, "d", "carol", "none")):
            writing = pool.submit(transact, site.backend.database, carols, lambda _: None)
            with pytest.raises(TimeoutError):
                writing.result(SOON_S)
        assert isinstance(writing.exception(WAIT_S), NotFound)


@BOTH
def test_of_two_who_add_the_same_user_one_hears_that_there_is_one(site: Site) -> None:
    """On PostgreSQL the second saw the words of a unique index."""
    heard = []

    def add() -> None:
        try:
            add_user(site.backend.database, Passwords(), "dora", "secret")
        except AlreadyExists as error:
            heard.append(str(error))

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(heard) == 3


@BOTH
@pytest.mark.parametrize("step", ["glance_at", "make_splice"])  # of looking whether it could be done, of doing it
def test_an_update_of_a_file_whose_collection_goes_meanwhile_finds_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """It said 409, create the collection first: as if an update could make a file."""
    ops = RaceOps(site)
    ops.mkcol("bob", ("d", ("a",)), Demand())
    ops.put("bob", ("d", ("a", "f")), b"x", Demand())
    from davdrive.drive import patch as patching

    real = getattr(patching, step)

    def slow(*arguments: Any) -> Any:
        monkeypatch.setattr(patching, step, real)
        delete(site.backend, SYSTEM, DrivePath("d", ("a",)))
        return real(*arguments)

    monkeypatch.setattr(patching, step, slow)
    with pytest.raises(NotFound):
        ops.append("bob", ("d", ("a", "f")), "y")


@BOTH
def test_completing_an_upload_that_another_completes_meanwhile_changes_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The audit trail had a second write, which had not taken place."""
    from davdrive.drive.uploads import complete as completing

    ops = RaceOps(site)
    upload = ops.begin("bob", "d", ("d", ("f",)))
    ops.add_part("bob", upload, 1, "x")
    real = completing._known

    def slow(*arguments: Any) -> Any:
        monkeypatch.setattr(completing, "_known", real)
        ops.complete("bob", upload)
        return real(*arguments)

    monkeypatch.setattr(completing, "_known", slow)
    assert ops.complete("bob", upload)
    commits = Statement("SELECT operation FROM commits")
    assert site.backend.database.read(lambda session: session.rows(commits)) == [("put",)]


@BOTH
def test_who_completes_an_upload_under_an_etag_second_hears_what_the_first_heard(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It heard 412, as if somebody else had changed the file."""
    from davdrive.drive.uploads import complete as completing

    ops, place = RaceOps(site), ("d", ("f",))
    etag = ops.put("bob", place, b"old", Demand())
    upload = ops.begin("bob", "d", place)
    ops.add_part("bob", upload, 1, "x")
    real = completing._foresee

    def slow(*arguments: Any) -> Any:
        monkeypatch.setattr(completing, "_foresee", real)
        ops.complete_over("bob", upload, place, etag)
        return real(*arguments)

    monkeypatch.setattr(completing, "_foresee", slow)
    ops.complete_over("bob", upload, place, etag)
    assert site.backend.database.read(lambda session: session.rows(Statement("SELECT operation FROM commits"))) == [
        ("put",),
        ("put",),
    ]


def test_nodes_that_start_together_on_an_empty_database_all_start(postgres: Postgres, tmp_path: Path) -> None:
    """All made the first user, and all but one ended with the words of a unique index."""
    url = postgres.fresh()
    settings = {"DAVDRIVE_METADATA__URL": url, "DAVDRIVE_OBJECTS__URL": str(tmp_path / "objects")}
    with running_cluster(settings, tmp_path, 3, users={}) as cluster:
        made = sum("a first user" in node.log() for node in cluster.nodes)
    postgres.drop(url)
    assert made == 1
