"""The names of all options."""

from collections.abc import Iterator, Mapping
from functools import cache

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from davdrive.settings.tree import Settings


@cache
def options() -> Mapping[str, FieldInfo]:
    """Every option by its dotted name, in the order of the tree."""
    return dict(_walk(Settings))


def _walk(section: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    for name, field in section.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _walk(field.annotation, f"{prefix}{name}.")
        else:
            yield prefix + name, field
