"""COPY on PostgreSQL: statements in a row of which each may take long, and other changes that share its commit."""

from collections.abc import Callable, Iterator

import psycopg
import pytest

from davdrive.errors import Forbidden
from davdrive.metadata import heedful
from davdrive.metadata.database import Database
from davdrive.metadata.engine import DatabaseOptions
from davdrive.metadata.entries import open_entry
from davdrive.metadata.statement import Statement
from davdrive.metadata.tables import ROOT
from davdrive.metadata.transaction import Transaction
from davdrive.metadata.trees import copy_tree, measure_tree
from tests.metadata.metadata_rig import add, change, found, make_drive
from tests.metadata.queueing_rig import together
from tests.support.clock import libpq_uri

COPIES = 3
SILENCE_S, EACH_S = 1.5, 0.5
_BACKEND = Statement("SELECT pg_backend_pid()")
_SLOW = f"""
    CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep({EACH_S}); RETURN NULL; END $$"""
_SLOWS = "CREATE TRIGGER slow AFTER INSERT ON {} FOR EACH STATEMENT EXECUTE FUNCTION slow()"


@pytest.fixture
def drive(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Database, str]]:
    """A drive in a database whose connections are given up when nothing comes for `SILENCE_S`, and its URL."""
    monkeypatch.setattr(heedful, "MARGIN_S", SILENCE_S - 60)
    database = Database(DatabaseOptions(postgres_url, statement_s=60))
    make_drive(database)
    yield database, postgres_url
    database.close()


def _copy(node: int, name: str, ran: list[str]) -> Callable[[Transaction], int]:
    def work(transaction: Transaction) -> int:
        ran.append(name)
        drive = transaction.drive
        new = copy_tree(transaction, drive, node, drive, measure_tree(transaction.session, drive, node))
        open_entry(transaction, drive, ROOT, name, name, new)
        return new

    return work


def test_copies_that_queue_up_share_a_commit_too(drive: tuple[Database, str]) -> None:
    """The second one found the nodes of the first in the table of what it copies: all were rolled back, and done again
    one by one."""
    database, _ = drive
    nodes, ran = [add(database, f"n{number}") for number in range(COPIES)], list[str]()
    works = [_copy(node, f"copy{number}", ran) for number, node in enumerate(nodes)]

    def is_refused(transaction: Transaction) -> None:
        _copy(nodes[0], "refused", ran)(transaction)
        raise Forbidden("on purpose")

    heard = together(database, [is_refused, *works], lambda: len(database._writer._lanes))  # type: ignore[attr-defined]
    assert isinstance(heard[0], Forbidden)
    assert heard[1:] == [found(database, f"copy{number}").node for number in range(COPIES)]
    assert ran == ["refused", *(f"copy{number}" for number in range(COPIES))]


def test_long_statements_in_a_row_are_not_a_server_that_says_nothing(drive: tuple[Database, str]) -> None:
    """Each takes less than a statement may; all together take longer."""
    database, url = drive
    node, ran = add(database, "file"), list[str]()
    with psycopg.connect(libpq_uri(url)) as connection:
        connection.execute(_SLOW)  # type: ignore[arg-type]
        for table in ("nodes", "entries", "versions", "properties"):
            connection.execute(_SLOWS.format(table))  # type: ignore[arg-type]
    before = database.read(lambda session: session.value(_BACKEND))
    copy = change(database, _copy(node, "copy", ran))
    assert found(database, "copy").node == copy
    assert database.read(lambda session: session.value(_BACKEND)) == before
    assert ran == ["copy"]
