"""Reading tables page by page, in constant memory and without a long transaction."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from davdrive.metadata.database import Database
from davdrive.metadata.session import Session

Row = TypeVar("Row")


def every(
    database: Database, page: Callable[[Session, Any], list[Row]], first: Any, place: Callable[[Row], Any]
) -> Iterator[list[Row]]:
    """Pages of rows until one is empty. `page` reads those after a place, `place` tells where a row stands."""
    after = first
    while True:
        rows = database.read(lambda session, after=after: page(session, after))  # type: ignore[misc]
        if not rows:
            return
        yield rows
        after = place(rows[-1])
