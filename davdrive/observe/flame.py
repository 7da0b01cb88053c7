"""A flame graph: stacks drawn as bars upon each other, as wide as the time that was spent in them."""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import escape

WIDTH, HEIGHT = 1200, 17
"""Pixels of the picture, and of one bar."""
LEAST_PIXELS = 0.3
"""Narrower bars are left out."""
_LETTER_PIXELS = 6.6
_HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="monospace" font-size="11">\n'
    '<rect width="100%" height="100%" fill="#fdfdfb"/>\n<text x="6" y="14">{title}</text>\n'
)


@dataclass
class _Bar:
    """A function under its callers. `total` is what it and all below it cost."""

    name: str
    total: int = 0
    below: dict[str, "_Bar"] = field(default_factory=dict)


def flame_graph(stacks: Iterable[tuple[str, int]], title: str) -> str:
    """An SVG picture of collapsed stacks; pointing at a bar shows its name and share."""
    root = _tree(stacks)
    bars = list(_drawn(root, 0, 0.0, root.total or 1))
    deepest = max((level for level, _ in bars), default=0)
    height = (deepest + 2) * HEIGHT + 10
    texts = (bar.replace("{y}", str(height - (level + 1) * HEIGHT)) for level, bar in bars)
    return _HEAD.format(width=WIDTH, height=height, title=escape(title)) + "".join(texts) + "</svg>\n"


def _tree(stacks: Iterable[tuple[str, int]]) -> _Bar:
    root = _Bar("all")
    for stack, count in stacks:
        root.total += count
        bar = root
        for name in stack.split(";"):
            bar = bar.below.setdefault(name, _Bar(name))
            bar.total += count
    return root


def _drawn(bar: _Bar, level: int, left: float, whole: int) -> Iterator[tuple[int, str]]:
    width = bar.total / whole * WIDTH
    if width < LEAST_PIXELS:
        return
    yield level, _rectangle(bar, left, width, whole)
    for name in sorted(bar.below):
        yield from _drawn(bar.below[name], level + 1, left, whole)
        left += bar.below[name].total / whole * WIDTH


def _rectangle(bar: _Bar, left: float, width: float, whole: int) -> str:
    """One bar; `{y}` is filled in when the height of the picture is known."""
    letters = int((width - 4) / _LETTER_PIXELS)
    shown = bar.name.removeprefix("davdrive.")[-letters:] if letters >= 3 else ""
    told = f"{bar.name}: {bar.total / 1e6:.3f} s, {bar.total / whole:.1%}"
    box = f'<rect x="{left:.1f}" y="{{y}}" width="{width:.1f}" height="{HEIGHT - 1}" fill="{_color(bar.name)}"/>'
    text = f'<text x="{left + 2:.1f}" y="{{y}}" dy="12">{escape(shown)}</text>' if shown else ""
    return f"<g><title>{escape(told)}</title>{box}{text}</g>\n"


def _color(name: str) -> str:
    """The same for a module wherever it stands; warm for davdrive, cool for libraries."""
    module = name.rpartition(".")[0]
    hue = zlib.crc32(module.encode()) % 50 + (5 if module.startswith("davdrive") else 185)
    return f"hsl({hue},70%,72%)"
