"""The drive against a model of it (promises P2 to P6 and P8)."""
