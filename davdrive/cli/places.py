"""Other stores than the one in use: for backups and for moving."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click

from davdrive.cli.wiring import object_options
from davdrive.errors import BadRequest, Misconfigured, NotFound, Unavailable
from davdrive.objects.base import ObjectStore
from davdrive.objects.open import open_objects
from davdrive.settings import Settings

endpoint_option = click.option(
    "--endpoint-url", metavar="URL", help="The S3 service of that place, where it is not the one in the settings."
)


def open_place(settings: Settings, url: str, endpoint_url: str | None, must_exist: bool = False) -> ObjectStore:
    """The store at `url`, tried from end to end. `must_exist`: do not make a folder that is not there.

    Errors: BadRequest for the drive's own store; NotFound; Unavailable.
    """
    if must_exist and "://" not in url and not Path(url).is_dir():
        raise NotFound(f"there is no folder {url}")
    options = object_options(settings)
    if endpoint_url is not None:
        options = replace(options, s3=replace(options.s3, endpoint_url=endpoint_url))
    own = settings.objects
    if url.rstrip("/") == own.url.rstrip("/") and endpoint_url in (None, own.endpoint_url):
        raise BadRequest("that is the drive's own store; choose another place")
    if "://" not in url and Path(url).resolve().is_relative_to(settings.data_dir.resolve()):
        raise BadRequest("that is inside the data directory: what takes that away takes the copy too")
    with called("objects.url", url):
        store = open_objects(url, options)
        store.check()
    return store


@contextmanager
def called(option: str, here: str) -> Iterator[None]:
    """What an error says of an option of the settings is meant of what was named `here` instead."""
    try:
        yield
    except (BadRequest, Misconfigured, Unavailable) as error:
        raise type(error)(str(error).replace(option, here)) from error
