"""Reading `metadata.url`: what it must look like, and what it needs that may not be installed."""

import importlib

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

from davdrive.errors import Misconfigured

POSTGRESQL = "postgresql+psycopg"
_FORMS = "write sqlite:///FILE or postgresql+psycopg://USER@HOST/DATABASE"

_INSTALL = "install it with `pip install davdrive[postgres]`"


def read_url(text: str) -> URL:
    """The URL, with the driver that davdrive uses. Errors: Misconfigured, without anything of the URL in it."""
    try:
        url = make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        raise Misconfigured(f"metadata.url is not a database URL; {_FORMS}") from None
    kind = url.drivername.partition("+")[0]
    if kind == "sqlite":
        return url
    if kind not in ("postgresql", "postgres"):
        raise Misconfigured(f"metadata.url: {kind} is not supported; {_FORMS}")
    try:
        importlib.import_module("psycopg")
    except ImportError as error:  # also where the package is there, and libpq is not
        raise Misconfigured(f"metadata in PostgreSQL needs psycopg; {_INSTALL}") from error
    return url.set(drivername=POSTGRESQL)


def is_sqlite(text: str) -> bool:
    """Whether the metadata is a file of this machine. Errors: Misconfigured."""
    return read_url(text).get_backend_name() == "sqlite"
