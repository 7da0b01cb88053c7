"""Media types: what a client said, or else what the name says; and which of them a browser must not run."""

import mimetypes
import re
from functools import lru_cache

_NO_STATEMENT = {"application/octet-stream", "application/x-www-form-urlencoded", "binary/octet-stream"}
UNKNOWN = "application/octet-stream"
MAX_CHARACTERS = 255
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
# RFC 9110 §8.3.1, and without a comma anywhere: a browser takes what follows one for the type that counts.
_ONE_TYPE = re.compile(rf'{_TOKEN}/{_TOKEN}(?:[ \t]*+;[ \t]*+(?:{_TOKEN}=(?:{_TOKEN}|"[^",\\]*+"))?+)*+[ \t]*+')
_HARMLESS_TEXT = {"text/plain", "text/csv", "text/markdown"}
_HARMLESS = {"application/pdf", "application/json", "application/zip", UNKNOWN}

# The table that ships with Python, so that the answer does not depend on the machine's own.
_TYPES = mimetypes.MimeTypes()
for _type, _suffix in {
    "text/markdown": ".md",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
    "application/vnd.oasis.opendocument.text": ".odt",
    "application/vnd.oasis.opendocument.spreadsheet": ".ods",
    "application/vnd.oasis.opendocument.presentation": ".odp",
}.items():
    _TYPES.add_type(_type, _suffix)


def declared_media_type(value: str | None) -> str | None:
    """The type to keep for a Content-Type header: None for one that says nothing about the content, or is not one."""
    if value is None or len(value) > MAX_CHARACTERS or not _is_one_type(value.strip()):
        return None
    essence = value.partition(";")[0].strip().lower()
    return None if essence in _NO_STATEMENT else value.strip()


@lru_cache(maxsize=1024)
def _is_one_type(value: str) -> bool:
    return value.isascii() and value.isprintable() and _ONE_TYPE.fullmatch(value) is not None


def media_type_of(declared: str | None, name: str) -> str:
    """The type to serve: the declared one, or the one that the name's suffix stands for."""
    if declared and _is_one_type(declared):
        return declared
    return _by_suffix(name.rpartition(".")[2].lower()[:32])


@lru_cache(maxsize=1024)
def _by_suffix(suffix: str) -> str:
    kind, encoding = _TYPES.guess_type("name." + suffix)
    return UNKNOWN if kind is None or encoding is not None else kind


def may_run(media_type: str) -> bool:
    """Whether a browser could run it: HTML, SVG, XML, scripts, and whatever is not known to be inert."""
    essence = media_type.partition(";")[0].strip().lower()
    if essence in _HARMLESS or essence in _HARMLESS_TEXT:
        return False
    return essence == "image/svg+xml" or not essence.startswith(("image/", "audio/", "video/", "font/"))
