"""Every probe of a defect, gathered from the modules that hold them."""

from tests.wire import (
    defects_conditions,
    defects_http,
    defects_locks,
    defects_properties,
    defects_put,
    defects_ranges,
    defects_trees,
)
from tests.wire.defect import DEFECTS, Probe

MODULES = (
    defects_conditions, defects_http, defects_locks, defects_properties, defects_put, defects_ranges, defects_trees,
)  # fmt: skip

__all__ = ["DEFECTS", "MODULES", "Probe"]
