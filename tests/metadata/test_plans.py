"""PostgreSQL goes by the right index from the first row on: no statistics, no sequential scans, no sorting of all."""

import re
from collections.abc import Iterator

import psycopg
import pytest

from davdrive.metadata import (
    contents,
    drives,
    entries,
    history,
    locks,
    members,
    parts,
    properties,
    resources,
    uploads,
    users,
    versions,
)
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.database import Database
from davdrive.metadata.engine import DatabaseOptions
from davdrive.metadata.resources import open_file
from davdrive.metadata.statement import Statement
from davdrive.metadata.tables import ROOT
from tests.metadata.metadata_rig import add, add_many, keys, make_drive
from tests.support.postgres import Postgres

FILES = 3000
HOT = {
    "a path": (resources._OPEN, ["drives_name_key_key", "entries_live_name", "nodes_pkey", "versions_live"]),
    "the way to a path": (resources._CHAIN, ["entries_live_name", "versions_live"]),
    "a page": (members._PAGES[False][0], ["entries_live_name", "nodes_pkey", "versions_live"]),
    "a page of the past": (members._PAGES[True][1], ["entries_live_name", "nodes_pkey", "contents_pkey"]),
    "a page's properties": (members._PROPERTIES, ["properties_pkey"]),
    "the writer lock": (drives._TAKE, ["drives_name_key_key"]),
    "who takes the writer lock": (drives._TAKEN, ["drives_name_key_key", "locks_path", "properties_pkey"]),
    "a live name": (entries._SIBLING, ["entries_live_name"]),
    "closing a name": (entries._CLOSE, ["entries_live_node"]),
    "closing a version": (versions._CLOSE, ["versions_live"]),
    "replacing a version": (versions._REPLACE, ["versions_live", "commits_pkey"]),
    "segments": (contents._SEGMENTS, ["segments_pkey"]),
    "locks above": (locks._COVERING, ["drives_name_key_key", "locks_path"]),
    "locks below": (locks._WITHIN, ["drives_name_key_key", "locks_path"]),
    "a lock": (locks._FIND, ["locks_pkey"]),
    "how many locks": (locks._COUNT, ["drives_name_key_key", "locks_path"]),
    "the row of an upload's drive": (uploads._HOLD_OF, ["uploads_pkey", "drives_pkey"]),
    "a part": (parts._PART, ["parts_pkey"]),
    "properties": (properties._GET, ["properties_pkey"]),
    "how long a path's properties are": (resources._LENGTHS, ["entries_live_name", "properties_pkey"]),
    "a user": (users._FIND, ["users_name_key_key"]),
    "a name's past": (history._VERSIONS, ["entries_parent"]),
}
_INDEX = re.compile(r"(?:using|on) (\w+)")


@pytest.fixture(scope="module")
def grown(postgres_module_url: str) -> Iterator[Database]:
    """A database whose rows all came in the last second: nothing has analysed it."""
    database = Database(DatabaseOptions(postgres_module_url))
    make_drive(database)
    folder = add(database, "d", ROOT, None)
    add_many(database, [f"n{number:05}" for number in range(FILES)], folder)
    yield database
    database.close()


@pytest.fixture(scope="module")
def postgres_module_url(postgres: Postgres) -> Iterator[str]:
    url = postgres.fresh()
    yield url
    postgres.drop(url)


@pytest.mark.parametrize("what", HOT)
def test_a_hot_statement_goes_by_its_index(grown: Database, what: str) -> None:
    statement, indexes = HOT[what]
    plan = "\n".join(_plan(grown, statement))
    assert "Seq Scan" not in plan, plan
    assert "Hash Join" not in plan, plan
    assert set(indexes) <= set(_INDEX.findall(plan)), plan


def _plan(database: Database, statement: Statement) -> list[str]:
    """The generic plan, which is the one that a connection keeps."""
    text = statement.sql("postgresql")
    names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", text)))
    for number, name in enumerate(names, 1):
        text = text.replace(f"%({name})s", f"${number}")
    text = text.replace("%%", "%")
    connection = database.engine.raw_connection()
    try:
        result = connection.driver_connection.pgconn.exec_(f"EXPLAIN (GENERIC_PLAN) {text}".encode())  # type: ignore[union-attr]
        assert result.status == psycopg.pq.ExecStatus.TUPLES_OK, result.error_message
        return [result.get_value(row, 0).decode() for row in range(result.ntuples)]
    finally:
        connection.close()


def test_opening_a_file_reads_a_few_pages_however_many_files_its_collection_has(grown: Database) -> None:
    connection = grown.engine.raw_connection()
    try:
        cursor = connection.driver_connection.cursor()  # type: ignore[union-attr]
        wanted = {"user": None, "depth": 2, **keys("d", "n01500").parameters}
        explained = cursor.execute(
            f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {resources._OPEN.sql('postgresql')}".encode(), wanted
        ).fetchone()
        root = explained[0][0]["Plan"]
    finally:
        connection.close()
    assert root["Actual Rows"] == 1
    assert root["Shared Hit Blocks"] + root["Shared Read Blocks"] < 60
    assert grown.read(lambda session: open_file(session, keys("d", "n01500"), SYSTEM))[1].name == "n01500"
