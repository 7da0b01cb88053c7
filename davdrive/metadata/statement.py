"""SQL statements, written once and compiled once a dialect.

Hot paths run thousands of statements a second, and `Connection.execute` of SQLAlchemy spends ten times the time that
SQLite needs for a lookup by key. So a statement is SQL text with `:name` parameters, compiled by SQLAlchemy for the
dialect (parameter style, quoting of `%`), and handed to the driver's own cursor. Where the two databases speak
differently, a `{MACRO}` stands in the text; the table below is the whole list.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect

_MACROS: Mapping[str, Mapping[str, str]] = {
    "sqlite": {
        "LOCK_MS": "steady_ms(drives.time_ms)",
        "TAKEN_LOCK_MS": "steady_ms(drives.time_ms)",
        "STRING_AGG": "group_concat",
        "NOW_MS": "CAST((julianday('now') - 2440587.5) * 86400000.0 + 0.5 AS INTEGER)",
        "JSON": "TEXT",
        "KEY_AT": "json_extract(walk.keys, '$[' || walk.depth || ']')",
        "TEXTS": "json_each(:texts)",
        "GREATEST": "max",
        "LEAST": "min",
        "FOR_UPDATE": "",
        "TRANSIENT": "",
    },
    "postgresql": {
        "LOCK_MS": "{GREATEST}(drives.time_ms, {NOW_MS})",
        "TAKEN_LOCK_MS": "drives.time_ms",
        "STRING_AGG": "string_agg",
        "NOW_MS": "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)",
        "JSON": "jsonb",
        "KEY_AT": "(walk.keys ->> walk.depth)",
        "TEXTS": "jsonb_array_elements_text(CAST(:texts AS jsonb)) AS texts(value)",
        "GREATEST": "greatest",
        "LEAST": "least",
        "FOR_UPDATE": "FOR UPDATE",
        "TRANSIENT": "ON COMMIT DELETE ROWS",
    },
}
_DIALECTS: Mapping[str, Dialect] = {
    "sqlite": sqlite.dialect(paramstyle="named"),
    "postgresql": postgresql.psycopg.dialect(),  # type: ignore[no-untyped-call]
}


class Statement:
    """One SQL statement for every supported database."""

    __slots__ = ("_compiled", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._compiled: dict[str, str] = {}

    def sql(self, dialect: str) -> str:
        """The statement in `dialect` ("sqlite" or "postgresql"), with the driver's own parameter style."""
        found = self._compiled.get(dialect)
        if found is None:
            found = self._compiled[dialect] = _compile(self._text, dialect)
        return found


def _compile(text: str, dialect: str) -> str:
    for macro, replacement in _MACROS[dialect].items():
        text = text.replace("{" + macro + "}", replacement)
    return str(sa.text(text).compile(dialect=_DIALECTS[dialect]))


Parameters = Mapping[str, Any]
