"""The names that a metric of the catalogue has in an exposition."""

from davdrive.observe.catalogue import Metric


def exported_names(metric: Metric) -> tuple[str, ...]:
    """The names of its time series, as the Prometheus client makes them."""
    full = f"davdrive_{metric.name}"
    if metric.kind == "histogram":
        return (f"{full}_bucket", f"{full}_sum", f"{full}_count")
    return (f"{full}_total",) if metric.kind == "counter" else (full,)
