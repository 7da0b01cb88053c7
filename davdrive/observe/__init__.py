"""How a running drive is seen: logs, metrics and traces. Any room may use it; it uses none."""
