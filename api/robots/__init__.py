"""Robots of every role, over the same HTTP interface that people use: for demonstrations, replays and tests."""
