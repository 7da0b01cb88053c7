"""A process that dies at any step, and a power cut that drops what was not synced (promises P1, P2, P6)."""
