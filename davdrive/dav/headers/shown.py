"""How a header's value is quoted in a sentence to the client: short, and without anything that could mislead."""

SHOWN_CHARACTERS = 80  # enough to recognise what was sent, too little to flood a log or an answer


def shown(value: str, characters: int = SHOWN_CHARACTERS) -> str:
    """Return `value` in quotes, with control characters escaped and cut to at most `characters`."""
    return ascii(value if len(value) <= characters else value[:characters] + "…")
