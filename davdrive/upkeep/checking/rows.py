"""Rows that no table may have, and what the database itself finds wrong with its file."""

import sqlite3
from collections.abc import Iterator
from functools import partial

from davdrive.errors import Unavailable
from davdrive.metadata.auditing import broken_references, database_findings, drive_sums, indexes_to_mend
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.database import Database
from davdrive.metadata.row_rules import RULES, RowRule, broken_rows, mend_row
from davdrive.metadata.transaction import Change, transact
from davdrive.upkeep.checking.findings import Finding, Mend


def file_findings(database: Database) -> Iterator[Finding]:
    """What is wrong with the file or the indexes."""
    try:
        found = database.read(database_findings)
    except Unavailable as error:
        if not isinstance(error.__cause__, sqlite3.DatabaseError):
            raise
        yield Finding("database", f"the file of the metadata is damaged beyond reading: {error.__cause__}")
        return
    mend = Mend.REINDEX if indexes_to_mend(found) else Mend.NOTHING
    for message in found:
        yield Finding("database", message, mend)


def rule_findings(database: Database) -> Iterator[Finding]:
    """Rows that break a rule."""
    for message in database.read(broken_references):
        yield Finding("database", message)
    for number, rule in enumerate(RULES):
        for drive, row, words in database.read(partial(broken_rows, rule=rule)):
            mend = Mend.RULE if rule.mend else Mend.NOTHING
            yield Finding(rule.promise, rule.message.format(words), mend, drive, row, number, rule.by)


def mend_rule(database: Database, finding: Finding) -> bool:
    """Mend what breaks a rule; whether it is mended."""
    rule = RULES[finding.rule]
    keys = {drive.id: drive.name_key for drive in database.read(drive_sums)}
    if finding.drive in keys:
        change = Change("repair", SYSTEM, keys[finding.drive], path=finding.message)
        transact(database, change, lambda t: mend_row(t.session, rule, finding.drive, finding.row, t.drive.revision))
    else:
        database.write(lambda session: mend_row(session, rule, finding.drive, finding.row, 0))
    return not _is_broken(database, rule, finding)


def _is_broken(database: Database, rule: RowRule, finding: Finding) -> bool:
    rows = database.read(partial(broken_rows, rule=rule))
    return any((drive, row) == (finding.drive, finding.row) for drive, row, _ in rows)
