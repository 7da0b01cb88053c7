"""Drives of any size, made by the databases themselves: names, nodes, versions and contents, in seconds a million.

/top/a0/b0/f000.txt …   a thousand files in each b, a hundred b in each a
"""

import math
from dataclasses import dataclass
from functools import partial

from davdrive.metadata.database import Database
from davdrive.metadata.drives import create_drive
from davdrive.metadata.session import Session
from davdrive.metadata.statement import Parameters, Statement

FILES, FOLDERS = 1000, 100
"""Files in a folder; folders in a folder."""

TOP = 2
CHUNK = 200_000

_SERIES = {
    "postgresql": "generate_series(:first, :last) AS n(x)",
    "sqlite": """(WITH RECURSIVE c(x) AS (SELECT :first UNION ALL SELECT x + 1 FROM c WHERE x < :last)
        SELECT x FROM c) n""",
}


@dataclass(frozen=True)
class Shape:
    """How many there are of each, and the ids they have: top, then the a, then the b, then the files."""

    files: int

    @property
    def folders(self) -> int:
        return math.ceil(self.files / FILES)

    @property
    def outer(self) -> int:
        return math.ceil(self.folders / FOLDERS)

    @property
    def first_b(self) -> int:
        return TOP + 1 + self.outer

    @property
    def first_file(self) -> int:
        return self.first_b + self.folders

    @property
    def nodes(self) -> int:
        return self.first_file + self.files

    def path(self, file: int) -> tuple[str, ...]:
        """The names of a file, counted from 0."""
        folder = file // FILES
        return "top", f"a{folder // FOLDERS}", f"b{folder % FOLDERS}", f"f{file % FILES}.txt"


def _text(prefix: str, number: str, suffix: str = "") -> str:
    return f"'{prefix}' || CAST({number} AS TEXT) || '{suffix}'"


def _statements(dialect: str, shape: Shape) -> list[tuple[str, int]]:
    """INSERT … SELECT over a series that begins with 0, and how many rows each makes."""
    series = _SERIES[dialect]
    b, f = _text("b", f"n.x % {FOLDERS}"), _text("f", f"n.x % {FILES}", ".txt")
    a = _text("a", "n.x")
    nodes = "INSERT INTO nodes (drive, id, kind, created_ms, modified_ms) SELECT :drive,"
    entries = "INSERT INTO entries (drive, parent, name, name_key, node, since) SELECT :drive,"
    contents = "INSERT INTO contents (id, size, sha256, inline) SELECT"
    etag = _text("e", "n.x")
    first_a, first_b, first_file = TOP + 1, shape.first_b, shape.first_file
    return [
        (f"{nodes} {first_a} + n.x, 0, 0, 0 FROM {series}", shape.outer),
        (f"{entries} {TOP}, {a}, {a}, {first_a} + n.x, 1 FROM {series}", shape.outer),
        (f"{nodes} {first_b} + n.x, 0, 0, 0 FROM {series}", shape.folders),
        (f"{entries} {first_a} + n.x / {FOLDERS}, {b}, {b}, {first_b} + n.x, 1 FROM {series}", shape.folders),
        (f"{nodes} {first_file} + n.x, 1, 0, 0 FROM {series}", shape.files),
        (f"{contents} :content + n.x, 5, :sha, :data FROM {series}", shape.files),
        (f"{entries} {first_b} + n.x / {FILES}, {f}, {f}, {first_file} + n.x, 1 FROM {series}", shape.files),
        (
            f"""INSERT INTO versions (drive, node, content, size, etag, modified_ms, author, since)
            SELECT :drive, {first_file} + n.x, :content + n.x, 5, {etag}, 0, 'grown', 1 FROM {series}""",
            shape.files,
        ),
    ]  # fmt: skip


def grow(database: Database, name: str, files: int) -> Shape:
    """Make a drive with so many files, in transactions of `CHUNK` rows."""
    shape = Shape(files)
    drive = database.write(lambda session: _begin(session, name))
    content = database.read(lambda session: session.value(Statement("SELECT COALESCE(max(id), 0) + 1 FROM contents")))
    for text, count in _statements(database.dialect, shape):
        statement = Statement(text)
        wanted = {"drive": drive, "content": content, "sha": b"s" * 32, "data": b"grown"}
        used = {key: value for key, value in wanted.items() if f":{key}" in text}
        for first in range(0, count, CHUNK):
            bounds = {"first": first, "last": min(first + CHUNK, count) - 1}
            database.write(partial(_run, statement=statement, parameters={**used, **bounds}))
    database.write(lambda session: _end(session, drive, shape))
    return shape


def _run(session: Session, statement: Statement, parameters: Parameters) -> None:
    session.do(statement, **parameters)


def _begin(session: Session, name: str) -> int:
    drive = create_drive(session, name, name, case_insensitive=False, quota_bytes=None, retention_s=None)
    session.do(
        Statement("INSERT INTO nodes (drive, id, kind, created_ms, modified_ms) VALUES (:drive, 2, 0, 0, 0)"),
        drive=drive,
    )
    session.do(
        Statement("""INSERT INTO entries (drive, parent, name, name_key, node, since)
                     VALUES (:drive, 1, 'top', 'top', 2, 1)"""),
        drive=drive,
    )
    return drive


def _end(session: Session, drive: int, shape: Shape) -> None:
    session.do(
        Statement("UPDATE drives SET revision = 1, next_node = :next, used_bytes = :bytes WHERE id = :drive"),
        drive=drive, next=shape.nodes + 1, bytes=5 * shape.files,
    )  # fmt: skip
    if session.dialect == "postgresql":
        session.row(Statement("SELECT setval('contents_id_seq', (SELECT max(id) FROM contents))"))
