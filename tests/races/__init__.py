"""Two processes at once: pairs of changes, and histories that must have an order (promises P2 to P5)."""
