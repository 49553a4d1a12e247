"""The `sunbid` command: everything a person can do, over the same HTTP interface that pages use."""

from __future__ import annotations

import sys

from api.cli.app import app, print_problem
from ledger.errors import SunbidError


def main() -> None:
    """Run the command; a refusal prints its message, code and what to do next, and exits 1."""
    try:
        app()
    except SunbidError as error:
        print_problem(error)
        sys.exit(1)
