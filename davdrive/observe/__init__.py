"""Logs, metrics and traces: how a running drive is seen."""
