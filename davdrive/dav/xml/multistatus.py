"""A multistatus body as a stream of blocks (RFC 4918 §13): constant memory, however many responses there are."""

from collections.abc import Iterable, Iterator

from davdrive.dav.xml.propstat import DAV_ONLY, Prefixes

BLOCK_CHARACTERS = 65_536  # large enough that a block costs little, small enough that the first leaves at once
CONTENT_TYPE = "application/xml; charset=utf-8"
DECLARATION = '<?xml version="1.0" encoding="utf-8"?>\n'


def multistatus(
    responses: Iterable[str],
    prefixes: Prefixes = DAV_ONLY,
    block_characters: int = BLOCK_CHARACTERS,
    end: Iterable[str] = (),
) -> Iterator[bytes]:
    """Yield the body around response elements, in blocks of about `block_characters`.

    `prefixes` are those that the responses use. `end` is XML after the last of them (sync-token), taken only then.
    """
    pieces = [f"{DECLARATION}<D:multistatus{prefixes.declarations}>"]
    characters = 0
    for each in responses:
        pieces.append(each)
        characters += len(each)
        if characters >= block_characters:
            yield "".join(pieces).encode()
            pieces.clear()
            characters = 0
    pieces.extend(end)
    pieces.append("</D:multistatus>")
    yield "".join(pieces).encode()
