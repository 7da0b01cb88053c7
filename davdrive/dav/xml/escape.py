"""Text as XML carries it. Most text needs nothing, so that is found out first."""

import re

_special = re.compile(r"[&<>\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]").search
_unwritable = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_REPLACEMENT = "\ufffd"


def escape(text: str) -> str:
    """Return `text` as element content. Characters that XML 1.0 §2.2 cannot carry become U+FFFD: an answer is always
    well-formed, whatever is stored."""
    if not _special(text):
        return text
    kept = _unwritable.sub(_REPLACEMENT, text)
    return kept.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


def escape_all(texts: list[str]) -> list[str]:
    """`escape` for each of many texts: one look at all of them tells that none needs it."""
    return list(map(escape, texts)) if _special("".join(texts)) else texts


def escape_attribute(text: str) -> str:
    """Return `text` as an attribute's value between double quotes; blanks that a parser would change are kept."""
    return escape(text).replace('"', "&quot;").replace("\t", "&#9;").replace("\n", "&#10;")
