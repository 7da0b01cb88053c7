"""Hostile input: past vulnerabilities of servers like this, and fuzzing over the wire."""
