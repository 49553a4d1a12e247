"""Fixtures of all tests."""

from hypothesis import settings

# How long an example takes says something about the machine, not about the code.
settings.register_profile("sunbid", deadline=None)
settings.load_profile("sunbid")

pytest_plugins = [
    "tests.fixtures.database",
    "tests.fixtures.logs",
    "tests.fixtures.network",
    "tests.fixtures.town",
    "tests.fixtures.walker",
    "tests.fixtures.finished",
    "tests.fixtures.cluster",  # uses the town's, which has to be there before
]
