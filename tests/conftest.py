"""Fixtures of all tests."""

pytest_plugins = ["tests.fixtures.database", "tests.fixtures.logs", "tests.fixtures.network"]
