"""Fixtures for every room: one real server of each kind a run."""

pytest_plugins = ["tests.support.seaweed"]
