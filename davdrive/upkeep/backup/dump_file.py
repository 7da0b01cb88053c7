"""The file format of a metadata dump: JSON lines, compressed, the same for every database.

A line is `[table, [column, …]]` where a table begins, and `[[value, …], …]` for a page of its rows. Binary values are
`{"b": base64}`. Streams of bytes in and out, in constant memory.
"""

import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from davdrive.errors import Damaged
from davdrive.metadata.dumping import TableRows

BLOCK_BYTES = 256 << 10
"""Bytes that leave the compressor at a time, at least."""

_GZIP = 31


def packed(pages: Iterable[TableRows]) -> Iterator[bytes]:
    """Rows as a stream of compressed bytes."""
    return compressed(_lines(pages))


def compressed(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Lines as a gzip stream."""
    squeeze, gathered = zlib.compressobj(6, zlib.DEFLATED, _GZIP), bytearray()
    for line in lines:
        gathered += squeeze.compress(line)
        if len(gathered) >= BLOCK_BYTES:
            yield bytes(gathered)
            gathered.clear()
    yield bytes(gathered) + squeeze.flush()


def lines_of(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a gzip stream, without their ends. Errors: Damaged."""
    expand, rest = zlib.decompressobj(_GZIP), bytearray()
    try:
        for block in blocks:
            for piece in _expanded(expand, block):
                # A line may be many pieces long: only what is new is looked through.
                *whole, last = piece.split(b"\n")
                for line in whole:
                    yield bytes(rest + line)
                    rest.clear()
                rest += last
    except zlib.error as error:
        raise Damaged("the backup's metadata cannot be read: its compression is broken") from error
    if rest or not expand.eof:
        raise Damaged("the backup's metadata ends early")


def _expanded(expand: "zlib._Decompress", block: bytes) -> Iterator[bytes]:
    """A small block may hold a great deal: expand it a bounded piece at a time."""
    while block:
        yield expand.decompress(block, BLOCK_BYTES)
        block = expand.unconsumed_tail


def _lines(pages: Iterable[TableRows]) -> Iterator[bytes]:
    table = ""
    for page in pages:
        if page.table != table:
            table = page.table
            yield json.dumps([table, page.columns]).encode() + b"\n"
        rows = [[_plain(value) for value in row] for row in page.rows]
        yield json.dumps(rows, separators=(",", ":")).encode() + b"\n"


def unpacked(blocks: Iterable[bytes]) -> Iterator[TableRows]:
    """The rows of a stream that `packed` made. Errors: Damaged."""
    table, columns = "", ()
    for line in lines_of(blocks):
        found = json.loads(line)
        if isinstance(found[0], str):
            table, columns = found[0], tuple(found[1])
        else:
            yield TableRows(table, columns, [tuple(_value(value) for value in row) for row in found])


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | bytearray | memoryview):
        return {"b": b64encode(value).decode()}
    return int(value) if isinstance(value, Decimal) else value


def _value(value: Any) -> Any:
    return b64decode(value["b"]) if isinstance(value, dict) else value
