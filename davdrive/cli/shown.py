"""How commands print: sizes, times, tables for people, and JSON lines for programs."""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

from davdrive.drive.names import DrivePath, check_path
from davdrive.errors import BadRequest

T = TypeVar("T")

NUMBER = click.IntRange(1, 2**63 - 1)
"""The number of a row: no database knows a greater one."""

_FIRST_MS = int(datetime(1, 1, 2, tzinfo=UTC).timestamp() * 1000)
_LAST_MS = int(datetime(9999, 12, 30, tzinfo=UTC).timestamp() * 1000)
_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")


def size(count: int | None) -> str:
    """Bytes as a person reads them; nothing for None."""
    if count is None:
        return ""
    amount = float(count)
    for unit in _UNITS:
        if amount < 1024 or unit == _UNITS[-1]:
            break
        amount /= 1024
    return counted(count, "byte") if unit == "bytes" else f"{amount:,.1f} {unit}"


def counted(number: int, thing: str) -> str:
    """`1 object`, `2 objects`."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def moment(time_ms: int | None) -> str:
    """Unix ms as local time; `long ago` for None: before the audit trail begins."""
    if time_ms is None:
        return "long ago"
    return _at(time_ms).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def iso(time_ms: int | None) -> str | None:
    """Unix ms as ISO 8601 in UTC, for JSON."""
    return None if time_ms is None else _at(time_ms).isoformat(timespec="milliseconds")


def _at(time_ms: int) -> datetime:
    """A time that no calendar has is the nearest that one has."""
    return datetime.fromtimestamp(min(max(time_ms, _FIRST_MS), _LAST_MS) / 1000, UTC)


def json_text(**fields: Any) -> str:
    """One JSON object on one line."""
    text = json.dumps(fields, ensure_ascii=False)
    # What a terminal would obey, and what stands for the bytes of a file name that is no UTF-8, has to be escaped.
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in text)


def line(**fields: Any) -> None:
    """Print one JSON object on a line of standard output."""
    click.echo(json_text(**fields))


def table(rows: Iterable[Sequence[str]]) -> None:
    """Columns as wide as they need to be. Rows are few: they are gathered first."""
    every = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*every, strict=True)]
    for row in every:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def listing(
    found: Sequence[T],
    json_lines: bool,
    print_line: Callable[[T], None],
    row: Callable[[T], Sequence[str]],
    nothing: str,
) -> None:
    """What a command found: lines for programs, or columns for people; `nothing` is said where there is none."""
    if json_lines:
        for each in found:
            print_line(each)
    elif found:
        table(map(row, found))
    else:
        click.echo(nothing)


def printable(text: str) -> str:
    """The text without what a terminal would obey: names may hold escape sequences of the C1 range and worse."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


def drive_path(text: str) -> DrivePath:
    """`/bob/letters/a.txt` as a path. Errors: BadRequest, BadName."""
    drive, *names = text.strip("/").split("/")
    if not drive:
        raise BadRequest("say a path that begins with a drive: /DRIVE/folder/file")
    return check_path(drive, names)


as_json = click.option("--json", "json_lines", is_flag=True, help="One JSON object a line, for programs.")
